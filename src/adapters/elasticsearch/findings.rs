//! What a survey means for whoever wants to run over this cluster.

use std::fmt;
use std::sync::Arc;

use actors::inference::InferrerSpec;

use super::index_name::IndexName;
use super::survey::{Privileges, Survey};
use super::version::Server;

/// One line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Holds(String),
    /// It would not work.
    Fails(String),
    /// Nobody can tell from here, and it may well work.
    Untold(String),
}

impl Finding {
    /// The sentence, if it is about something that would not work.
    #[must_use]
    pub fn failure(self) -> Option<String> {
        match self {
            Self::Fails(text) => Some(text),
            Self::Holds(_) | Self::Untold(_) => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Holds(text) | Self::Fails(text) | Self::Untold(text)) = self;
        f.write_str(text)
    }
}

/// What `survey` means where documents go from `initial` to `augmented` with what `specs` promise.
#[must_use]
pub fn of_survey(
    survey: &Survey,
    initial: &IndexName,
    augmented: &IndexName,
    specs: &[Arc<InferrerSpec>],
) -> Vec<Finding> {
    let mut findings = vec![of_server(&survey.server)];
    findings.push(match &survey.initial {
        Ok(()) => Finding::Holds(format!("the initial index {initial} can be read")),
        Err(reason) => {
            Finding::Fails(format!("the initial index {initial} cannot be read: {reason}"))
        }
    });
    match &survey.augmented {
        Err(reason) => {
            findings.push(Finding::Fails(format!("the augmented index {augmented}: {reason}")));
        }
        Ok(None) => findings.push(Finding::Untold(format!(
            "whether the augmented index {augmented} exists and agrees with the models is not told: \
             the credentials lack the privilege view_index_metadata"
        ))),
        Ok(Some(mapping)) => {
            let disagreements = mapping.disagreements(specs);
            if specs.is_empty() {
                findings.push(Finding::Untold(format!(
                    "the augmented index {augmented} exists; what it should agree with is not known"
                )));
            } else if disagreements.is_empty() {
                let text = format!("the augmented index {augmented} exists and agrees with the models");
                findings.push(Finding::Holds(text));
            }
            findings.extend(disagreements.into_iter().map(|reason| {
                Finding::Fails(format!("the augmented index {augmented}: {reason}"))
            }));
        }
    }
    findings
}

fn of_server(server: &Result<Server, String>) -> Finding {
    match server {
        Ok(Server::Untold) => Finding::Untold(
            "the server's version is not told: the credentials lack the privilege monitor"
                .to_owned(),
        ),
        Ok(server) => Finding::Holds(format!("{server} answers")),
        Err(reason) => Finding::Fails(reason.clone()),
    }
}

/// What the credentials' privileges mean.
#[must_use]
pub fn of_privileges(privileges: &Privileges) -> Finding {
    match privileges {
        Privileges::Missing(missing) if missing.is_empty() => {
            Finding::Holds("the credentials have the privileges that are needed".to_owned())
        }
        // Told by the survey already, and not needed to work.
        Privileges::Missing(missing)
            if missing.iter().all(|m| m.ends_with(": view_index_metadata")) =>
        {
            Finding::Untold(format!("the credentials lack {}", missing.join(", ")))
        }
        Privileges::Missing(missing) => {
            Finding::Fails(format!("the credentials lack {}", missing.join(", ")))
        }
        Privileges::Untold(reason) => {
            Finding::Untold(format!("the privileges of the credentials cannot be asked: {reason}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::elasticsearch::mapping::Mapping;

    fn name(text: &str) -> IndexName {
        IndexName::new(text).unwrap()
    }

    fn failures(survey: &Survey) -> Vec<String> {
        let findings = of_survey(survey, &name("from"), &name("to"), &[]);
        findings.into_iter().filter_map(Finding::failure).collect()
    }

    fn good() -> Survey {
        let mapping = Mapping::read(br#"{"to":{"mappings":{}}}"#).unwrap();
        Survey {
            server: Ok(Server::Elasticsearch { major: 8, minor: 19 }),
            initial: Ok(()),
            augmented: Ok(Some(mapping)),
            longest_request: None,
        }
    }

    #[test]
    fn each_thing_that_would_not_work_is_one_failure_that_names_it() {
        assert_eq!(failures(&good()), [""; 0]);

        let old = Survey { server: Err("too old".into()), ..good() };
        assert_eq!(failures(&old), ["too old"]);
        let unread = Survey { initial: Err("403".into()), ..good() };
        assert_eq!(failures(&unread), ["the initial index from cannot be read: 403"]);
        let absent = Survey { augmented: Err("it does not exist".into()), ..good() };
        assert_eq!(failures(&absent), ["the augmented index to: it does not exist"]);
        let lossy = Mapping::read(br#"{"to":{"mappings":{"_source":{"enabled":false}}}}"#).unwrap();
        let lossy = Survey { augmented: Ok(Some(lossy)), ..good() };
        assert_eq!(failures(&lossy).len(), 1);
    }

    #[test]
    fn what_the_credentials_may_not_see_is_no_failure() {
        let blind = Survey { server: Ok(Server::Untold), augmented: Ok(None), ..good() };
        assert_eq!(failures(&blind), [""; 0]);

        let lack = |missing: &[&str]| {
            let missing = missing.iter().map(|text| (*text).to_owned()).collect();
            of_privileges(&Privileges::Missing(missing)).failure()
        };
        assert_eq!(lack(&[]), None);
        assert_eq!(lack(&["to: view_index_metadata"]), None);
        assert_eq!(lack(&["to: index"]), Some("the credentials lack to: index".to_owned()));
        assert_eq!(of_privileges(&Privileges::Untold("405".into())).failure(), None);
    }
}
