//! Why a delivery was not indexed: one set of classes for retries, metrics, logs and parked records.

use std::fmt;

/// Where in the pipeline something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Taking messages from the queue and reading their bodies.
    Source,
    /// Looking ids up in the catalogue.
    Retriever,
    /// Fetching bytes and decoding them.
    Downloader,
    /// Inference.
    Pool,
    /// Writing documents and announcing them.
    Sink,
    /// Settling with the queue.
    Ledger,
}

impl Stage {
    /// Every stage, in flow order.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::Retriever, Self::Downloader, Self::Pool, Self::Sink, Self::Ledger];

    /// The stage's label in metrics, logs and parked records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Retriever => "retriever",
            Self::Downloader => "downloader",
            Self::Pool => "inferrer",
            Self::Sink => "sink",
            Self::Ledger => "ledger",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The same would happen again: parked at once.
    Park,
    /// May pass: back to the queue after a delay; parked on the last permitted receive.
    Retry,
    /// A dependency is down: back to the queue without delay, never parked. No delivery ends so, since
    /// the actors wait until the dependency answers: its classes are labels of metrics only.
    Hold,
}

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $label:literal => $consequence:ident,)*) => {
        /// The failure classes. Their labels are a contract with dashboards, alerts and `redrive`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[$doc])* $variant,)* }

        impl Class {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The class's label in metrics, logs and parked records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// What follows from a failure of this class.
            #[must_use]
            pub const fn consequence(self) -> Consequence {
                match self { $(Self::$variant => Consequence::$consequence,)* }
            }
        }
    };
}

classes! {
    /// The message's body holds no id.
    BodyMalformed = "body_malformed" => Park,
    /// The record names no location to fetch from.
    NoLocation = "no_location" => Park,
    /// The catalogue does not know the id, yet.
    UnknownImage = "unknown_image" => Retry,
    /// The host did not answer, or asked for patience.
    HttpUnavailable = "http_unavailable" => Retry,
    /// An actor died under the delivery.
    Abandoned = "abandoned" => Retry,
    /// The index or catalogue did not answer. Never a delivery's failure, only a label.
    IndexUnavailable = "index_unavailable" => Hold,
    /// The topic did not answer. Never a delivery's failure, only a label.
    TopicUnavailable = "topic_unavailable" => Hold,
    /// There is nothing at the location.
    NotFound = "not_found" => Park,
    /// Access was denied.
    Denied = "denied" => Park,
    /// Any other refusal by the host.
    HttpRejected = "http_rejected" => Park,
    /// The location's address may not be asked.
    ForbiddenAddress = "forbidden_address" => Park,
    /// There are no bytes at the location.
    EmptyBody = "empty_body" => Park,
    /// More bytes than the limit.
    TooManyBytes = "too_many_bytes" => Park,
    /// More pixels than the limit.
    TooManyPixels = "too_many_pixels" => Park,
    /// Not a format this build reads.
    UnsupportedFormat = "unsupported_format" => Park,
    /// A known format, but broken.
    CorruptImage = "corrupt_image" => Park,
    /// The model refused the input.
    InferenceFailed = "inference_failed" => Park,
    /// The model panicked on the input.
    InferencePanicked = "inference_panicked" => Park,
    /// The model did not return from the input.
    InferenceTimedOut = "inference_timed_out" => Park,
    /// The model's answer has the wrong length, is not finite or not of unit norm.
    InvalidOutput = "invalid_output" => Park,
    /// The index refused the document.
    DocumentRejected = "document_rejected" => Park,
    /// The document alone is larger than the index takes.
    DocumentTooLarge = "document_too_large" => Park,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One delivery's failure: what, where and the cause in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub class: Class,
    /// Where it was found.
    pub stage: Stage,
    /// One sentence for the person who reads the parked record.
    pub cause: String,
}

impl Failure {
    /// A failure of `class`, found at `stage`.
    pub fn new(class: Class, stage: Stage, cause: impl Into<String>) -> Self {
        Self { class, stage, cause: cause.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at the {}: {}", self.class, self.stage, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_variants_in_snake_case_and_distinct() {
        let mut seen = std::collections::HashSet::new();
        for class in Class::ALL {
            let snake = format!("{class:?}").chars().fold(String::new(), |mut text, c| {
                if c.is_uppercase() && !text.is_empty() {
                    text.push('_');
                }
                text.push(c.to_ascii_lowercase());
                text
            });
            assert_eq!(class.as_str(), snake);
            assert!(seen.insert(snake));
        }
    }

    #[test]
    fn only_what_may_pass_is_retried_and_no_dependency_outage_ever_parks() {
        let with = |consequence| {
            Class::ALL.iter().filter(|c| c.consequence() == consequence).collect::<Vec<_>>()
        };
        assert_eq!(
            with(Consequence::Retry),
            [&Class::UnknownImage, &Class::HttpUnavailable, &Class::Abandoned]
        );
        assert_eq!(with(Consequence::Hold), [&Class::IndexUnavailable, &Class::TopicUnavailable]);
    }
}
