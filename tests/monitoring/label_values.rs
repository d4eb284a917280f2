//! The values that the labels of the catalogue can have.

use actors::failure::{Class, Stage};
use actors::metrics::catalogue::{self, Declaration};
use actors::metrics::{Dependency, Outcome, QueueCall, RestartCause};

/// Every value of a label, where they are known beforehand: models and builds are not.
pub fn of(metric: &Declaration, label: &str) -> Option<Vec<&'static str>> {
    let classes = || Class::ALL.iter().map(|class| class.as_str());
    Some(match label {
        "outcome" if metric.name == catalogue::DOWNLOADS.name => {
            std::iter::once("ok").chain(classes()).collect()
        }
        "outcome" => Outcome::ALL.map(Outcome::as_str).to_vec(),
        "class" if metric.name == catalogue::SINK_ITEM_ERRORS.name => {
            let refusals =
                [Class::IndexUnavailable, Class::DocumentRejected, Class::DocumentTooLarge];
            refusals.map(Class::as_str).to_vec()
        }
        "class" => classes().collect(),
        "stage" => Stage::ALL.map(Stage::as_str).to_vec(),
        "call" => QueueCall::ALL.map(QueueCall::as_str).to_vec(),
        "dependency" => Dependency::ALL.map(Dependency::as_str).to_vec(),
        "cause" => RestartCause::ALL.map(RestartCause::as_str).to_vec(),
        _ => return None,
    })
}
