//! `check`: would the production service work? Asks every server, changes nothing.

mod amazon;
mod cluster;
mod images;
mod models;
mod patience;

use std::fmt;

use crate::config::{Config, Engines, ServiceConfig};
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::runtime;
use patience::Patience;

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub subject: &'static str,
    /// How it looks.
    pub verdict: Verdict,
    /// One sentence.
    pub text: String,
}

/// How something looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works, and somebody may regret it; or nobody can tell from here.
    Warning,
    /// It would not work.
    Failure,
}

impl Finding {
    fn new(subject: &'static str, verdict: Verdict, text: impl fmt::Display) -> Self {
        Self { subject, verdict, text: text.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Fine => "ok",
            Verdict::Warning => "warning",
            Verdict::Failure => "FAILURE",
        };
        // One line a finding, whatever a server says.
        let text = self.text.replace('\n', "; ");
        write!(f, "{verdict:<8} {:<14} {text}", self.subject)
    }
}

/// Looks at everything that `config` names, and prints a line for each finding.
///
/// # Errors
/// [`Stopped`], unavailable, if anything would keep the service from working; usage where `config`
/// names no servers.
pub fn run(config: &Config) -> Result<Exit, Stopped> {
    let Engines::Service(servers) = &config.engines else {
        return Err(Stopped::usage(
            "check looks at the servers of the production service: name its locations, as for run \
             --production",
        ));
    };
    let runtime = runtime::on_this_thread()?;
    let findings = runtime.block_on(findings(config, servers));
    // A blocking look at models may still be under way; the process ends without it.
    runtime.shutdown_background();
    for finding in &findings {
        console::answer(finding);
    }
    let failures = findings.iter().filter(|finding| finding.verdict == Verdict::Failure).count();
    if failures == 0 {
        return Ok(Exit::Done);
    }
    let are = if failures == 1 { "finding says" } else { "findings say" };
    Err(Stopped::unavailable(format!("{failures} {are} that the service would not work")))
}

/// Everything at once: who does not answer keeps nobody from being asked.
async fn findings(config: &Config, servers: &ServiceConfig) -> Vec<Finding> {
    let patience = Patience::begin();
    let (amazon, models_and_cluster, images) = tokio::join!(
        amazon::findings(servers, patience),
        cluster::with_models(config, servers, patience),
        images::findings(config, servers, patience)
    );
    [amazon, models_and_cluster, images].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_a_server_says() {
        let finding = Finding::new("queue", Verdict::Failure, "it says\nthis");

        assert_eq!(finding.to_string(), "FAILURE  queue          it says; this");
    }
}
