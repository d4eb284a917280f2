//! Why one try brought no picture, and whether another may.

use std::time::Duration;

use actors::failure::Class;

use super::address_guard::Forbidden;
use super::allowance::Spent;
use super::breaker::LeftAlone;
use super::throughput::TooSlow;
use crate::causes::{causes, root_cause};

/// Why one try brought no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It would be refused again.
    Final(Class, String),
    /// The host cannot answer, or not now: class `http_unavailable`.
    Unavailable {
        /// Why, in words.
        cause: String,
        /// Whether to try again.
        again: Again,
        /// How much it counts against the host.
        blame: Blame,
    },
    /// More bytes came than there are credits for, and no more were free: so many are to be reserved
    /// before it is tried again.
    Credits(u64),
}

/// Whether a fetch tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// No: it would take the fetch's slot from others for nothing.
    No,
    /// After the usual pause.
    Yes,
    /// Not before this time is over.
    After(Duration),
}

/// How much a failure counts against a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// Not at all: it works, or was not asked.
    None,
    /// It failed.
    Failed,
    /// It kept a slot until we gave up: twice as much, because it takes so much longer to notice.
    Hung,
}

impl Refusal {
    /// Nothing, or nothing whole, came over the connection: the client's `error`. Half a body, a
    /// certificate that is not trusted and a name that has no address are among these.
    pub(super) fn transport(error: reqwest::Error) -> Self {
        // A URL's query may be secret.
        let error = error.without_url();
        if let Some(forbidden) = causes(&error).find_map(|cause| cause.downcast_ref::<Forbidden>())
        {
            return forbidden.clone().into();
        }
        Self::Unavailable {
            cause: format!("the exchange with the host failed: {}", root_cause(&error)),
            again: Again::Yes,
            blame: Blame::Failed,
        }
    }

    /// How much it counts against the host.
    pub(super) const fn blame(&self) -> Blame {
        match self {
            Self::Unavailable { blame, .. } => *blame,
            Self::Final(..) | Self::Credits(_) => Blame::None,
        }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        Self::Final(Class::ForbiddenAddress, forbidden.to_string())
    }
}

impl From<LeftAlone> for Refusal {
    fn from(left_alone: LeftAlone) -> Self {
        Self::Unavailable { cause: left_alone.to_string(), again: Again::No, blame: Blame::None }
    }
}

impl From<TooSlow> for Refusal {
    fn from(slow: TooSlow) -> Self {
        Self::Unavailable { cause: slow.to_string(), again: Again::No, blame: Blame::Hung }
    }
}

impl From<Spent> for Refusal {
    fn from(spent: Spent) -> Self {
        Self::Unavailable { cause: spent.to_string(), again: Again::No, blame: Blame::Hung }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Response;
    use reqwest::ResponseBuilderExt;

    use super::*;

    #[test]
    fn not_even_an_error_of_the_client_itself_tells_the_url() {
        let url = "http://a/b?key=secret".parse().unwrap();
        let response = Response::builder().status(500).url(url).body("").unwrap();
        let error = reqwest::Response::from(response).error_for_status().unwrap_err();
        assert!(error.to_string().contains("secret"), "nothing is tried here");

        let told = format!("{:?}", Refusal::transport(error));
        assert!(!told.contains("secret"), "{told}");
    }
}
