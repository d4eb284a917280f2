//! The agent of Amazon ECS, as the task itself sees it: asked to protect the task from scale-in.
//!
//! Its address is link-local, where nothing that a document names is ever fetched from: this client is
//! its own, goes nowhere else and follows nobody.

use std::time::Duration;

use reqwest::redirect;
use serde_json::json;
use url::Url;

/// How long the agent may take: it asks ECS itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The agent.
#[derive(Debug)]
pub struct EcsAgent {
    http: reqwest::Client,
    state: Url,
}

impl EcsAgent {
    /// The agent at `uri`, which ECS puts into each container as `ECS_AGENT_URI`.
    ///
    /// # Errors
    /// A sentence where no HTTP client can be built.
    pub fn at(uri: &Url) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .tls_certs_only([]) // it speaks plain HTTP, and the system's take a while to read
            .timeout(PATIENCE);
        let http = builder.build().map_err(|error| error.to_string())?;
        let mut state = uri.clone();
        let mut path = state.path_segments_mut().map_err(|()| "it has no path".to_owned())?;
        path.pop_if_empty().extend(["task-protection", "v1", "state"]);
        drop(path);
        Ok(Self { http, state })
    }

    /// Protects the task for this many minutes from now; for none, lets it go.
    ///
    /// # Errors
    /// A sentence: no answer, or a refusal with its reason.
    pub async fn protect(&self, minutes: Option<u32>) -> Result<(), String> {
        let mut wish = json!({"ProtectionEnabled": minutes.is_some()});
        if let Some(minutes) = minutes {
            wish["ExpiresInMinutes"] = minutes.into();
        }
        let request = self.http.put(self.state.clone()).header("content-type", "application/json");
        let answer = request.body(wish.to_string()).send().await.map_err(told)?;
        let status = answer.status();
        let body = answer.text().await.map_err(told)?;
        let refusal = refusal(&body);
        if status.is_success() && refusal.is_none() {
            return Ok(());
        }
        Err(refusal.unwrap_or_else(|| format!("it answers {status}")))
    }
}

/// The agent answers 200 with a `failure` where ECS refuses, or an `error`.
fn refusal(body: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let refused =
        [&answer["failure"], &answer["error"]].into_iter().find(|part| part.is_object())?;
    let text = |key: &str| refused[key].as_str().map(str::to_owned);
    let parts = [text("Reason"), text("Code"), text("Message"), text("Detail")];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(": "))
}

fn told(error: reqwest::Error) -> String {
    crate::causes::root_cause(&error.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_path_is_below_what_ecs_says() {
        crate::tls::install();
        for uri in ["http://169.254.170.2/api/0b69", "http://169.254.170.2/api/0b69/"] {
            let agent = EcsAgent::at(&uri.parse().unwrap()).unwrap();
            let expected = "http://169.254.170.2/api/0b69/task-protection/v1/state";
            assert_eq!(agent.state.as_str(), expected);
        }
    }

    #[test]
    fn a_refusal_is_read_where_the_agent_puts_it() {
        let blocked = r#"{"failure":{"Arn":"arn","Reason":"DEPLOYMENT_BLOCKED"}}"#;
        assert_eq!(refusal(blocked).unwrap(), "DEPLOYMENT_BLOCKED");
        let denied = r#"{"error":{"Code":"AccessDeniedException","Message":"not authorized"}}"#;
        assert_eq!(refusal(denied).unwrap(), "AccessDeniedException: not authorized");
        assert_eq!(refusal(r#"{"protection":{"ProtectionEnabled":true}}"#), None);
    }
}
