//! Where the production service works: its queues, indices and topic.

use url::Url;

use super::Problems;
use super::options::LocationOptions;
use super::values::given;
use crate::adapters::aws::is_fifo;
use crate::adapters::elasticsearch::IndexName;

/// The five locations that it needs, and the topic.
pub(super) struct Locations {
    pub queue_url: String,
    pub dead_letter_queue_url: String,
    pub elasticsearch_url: Url,
    pub initial_index: String,
    pub augmented_index: String,
    pub topic_arn: Option<String>,
}

impl Locations {
    /// What `options` mean.
    pub fn new(options: &LocationOptions, problems: &mut Problems) -> Self {
        let locations = Self {
            queue_url: queue("queue-url", options.queue_url.as_deref(), problems),
            dead_letter_queue_url: queue(
                "dead-letter-queue-url",
                options.dead_letter_queue_url.as_deref(),
                problems,
            ),
            elasticsearch_url: {
                let text =
                    needed("elasticsearch-url", options.elasticsearch_url.as_deref(), problems);
                web_address("elasticsearch-url", &text, problems)
            },
            initial_index: index("initial-index", options.initial_index.as_deref(), problems),
            augmented_index: index("augmented-index", options.augmented_index.as_deref(), problems),
            topic_arn: topic(options, problems),
        };
        locations.check_apart(problems);
        locations
    }

    fn check_apart(&self, problems: &mut Problems) {
        let (queue, dead_letters) = (&self.queue_url, &self.dead_letter_queue_url);
        if queue == dead_letters && !queue.is_empty() {
            let remedy = "it is the queue itself: what is parked there would be received again";
            problems.note("dead-letter-queue-url", queue, remedy);
        }
        let (initial, augmented) = (&self.initial_index, &self.augmented_index);
        if initial == augmented && !initial.is_empty() {
            let remedy = "it is the initial index: augmented documents would replace what is read";
            problems.note("augmented-index", augmented, remedy);
        }
    }
}

/// The text of a location that cannot be done without; empty where it is missing.
fn needed(option: &'static str, value: Option<&str>, problems: &mut Problems) -> String {
    let text = value.unwrap_or_default();
    if text.is_empty() {
        let remedy = "it is missing: a production run needs all five locations";
        problems.note(option, "", remedy);
    }
    text.to_owned()
}

fn queue(option: &'static str, value: Option<&str>, problems: &mut Problems) -> String {
    let url = needed(option, value, problems);
    web_address(option, &url, problems);
    if is_fifo(&url) {
        problems.note(option, &url, "only standard queues are supported: name one");
    }
    url
}

fn index(option: &'static str, value: Option<&str>, problems: &mut Problems) -> String {
    let name = needed(option, value, problems);
    if let Some(flaw) = IndexName::flaw(&name).filter(|_| !name.is_empty()) {
        problems.note(option, &name, format_args!("{flaw}: name one index or alias"));
    }
    name
}

fn topic(options: &LocationOptions, problems: &mut Problems) -> Option<String> {
    let arn = given(options.topic_arn.as_deref())?;
    if is_fifo(arn) {
        problems.note("topic-arn", arn, "only standard topics are supported: name one");
    }
    Some(arn.to_owned())
}

/// An address over HTTP; one that stands in where there is a problem. An empty text was told before.
pub(super) fn web_address(option: &'static str, text: &str, problems: &mut Problems) -> Url {
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if parsed.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        let remedy = "it holds a name or password: give those by options of their own";
        problems.note(option, "", remedy);
    }
    if parsed.as_ref().is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
        problems.note(option, "", "it holds a query or fragment (? or #): drop it");
    }
    parsed.unwrap_or_else(|| {
        if !text.is_empty() {
            // What may hold a secret is not shown.
            let shown = if text.contains(['@', '?', '#']) { "" } else { text };
            problems.note(option, shown, "write an address that begins with https:// or http://");
        }
        Url::parse("http://localhost").expect("this text is an address")
    })
}
