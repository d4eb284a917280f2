//! What an error of a service means for whoever called it.

mod codes;

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::causes::{causes, chain_of};
use codes::kind_of_code;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The service did not answer, or not sensibly: the same call may work later.
    Transient,
    /// It asked for patience.
    Throttled,
    /// There are no credentials, or they have expired or are not accepted. They may be renewed.
    Credentials,
    /// The credentials do not permit it. A policy may be changed.
    Denied,
    /// What was named does not exist. It may be made again.
    Gone,
    /// The receipt is not, or no longer, good.
    Stale,
    /// The request is wrong and would be wrong again.
    Rejected,
}

impl Kind {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Transient => "no answer",
            Self::Throttled => "throttled",
            Self::Credentials => "credentials not accepted",
            Self::Denied => "not permitted",
            Self::Gone => "does not exist",
            Self::Stale => "the receipt is not valid any more",
            Self::Rejected => "refused",
        }
    }
}

/// One error: what it means and what the service said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub kind: Kind,
    /// The service's own code, if it gave one.
    pub code: Option<String>,
    /// What it said.
    pub message: String,
}

impl Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.in_words())?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Fault {
    /// No answer, for the reason given.
    pub fn transient(message: impl Into<String>) -> Self {
        Self { kind: Kind::Transient, code: None, message: message.into() }
    }

    /// What the refusal of one entry of a batch means.
    #[must_use]
    pub fn of_entry(code: &str, message: Option<&str>, sender_fault: bool) -> Self {
        let kind = kind_of_code(code);
        // The service's own fault, whatever it calls it, unless it names something more precise.
        let kind = if sender_fault || kind != Kind::Rejected { kind } else { Kind::Transient };
        let message = message.unwrap_or("it does not say why").to_owned();
        Self { kind, code: Some(code.to_owned()), message }
    }
}

impl<E> From<&SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn from(error: &SdkError<E, HttpResponse>) -> Self {
        let SdkError::ServiceError(service) = error else {
            let kind = if lacks_credentials(error) { Kind::Credentials } else { Kind::Transient };
            return Self { kind, code: None, message: chain_of(error) };
        };
        let code = service.err().code();
        let kind = kind_of(code.unwrap_or_default(), service.raw().status().as_u16());
        let said = service.err().message().map(ToOwned::to_owned);
        let message = said.unwrap_or_else(|| format!("HTTP {}", service.raw().status()));
        Self { kind, code: code.map(ToOwned::to_owned), message }
    }
}

fn kind_of(code: &str, status: u16) -> Kind {
    match (kind_of_code(code), status) {
        (Kind::Rejected, 429) => Kind::Throttled,
        // An answer that cannot be read and, below, a refusal without a code: something in between spoke.
        (Kind::Rejected, ..=399 | 500..) => Kind::Transient,
        (Kind::Rejected, 401 | 403) => Kind::Denied,
        (Kind::Rejected, 404) => Kind::Gone,
        (Kind::Rejected, _) if code.is_empty() => Kind::Transient,
        (kind, _) => kind,
    }
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error + 'static>::is::<CredentialsError>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_tell_what_may_pass_from_what_will_not() {
        for (code, status, kind) in [
            ("ThrottlingException", 400, Kind::Throttled),
            ("RequestThrottled", 403, Kind::Throttled),
            ("", 429, Kind::Throttled),
            ("ExpiredToken", 403, Kind::Credentials),
            ("InvalidClientTokenId", 403, Kind::Credentials),
            ("AccessDenied", 403, Kind::Denied),
            ("", 403, Kind::Denied),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, Kind::Gone),
            ("QueueDoesNotExist", 400, Kind::Gone),
            ("NoSuchKey", 404, Kind::Gone),
            ("InternalFailure", 500, Kind::Transient),
            ("SomethingNew", 503, Kind::Transient),
            ("ReceiptHandleIsInvalid", 400, Kind::Stale),
            ("AWS.SimpleQueueService.MessageNotInflight", 400, Kind::Stale),
            ("InvalidParameterValue", 400, Kind::Rejected),
            ("SomethingNew", 400, Kind::Rejected),
            ("KmsDisabled", 400, Kind::Denied),
            ("", 200, Kind::Transient),
            ("", 400, Kind::Transient),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code} with {status}");
        }
    }

    #[test]
    fn an_entry_that_failed_by_the_services_own_fault_may_be_tried_again() {
        for (code, sender_fault, kind) in [
            ("InternalError", false, Kind::Transient),
            ("SomethingNew", false, Kind::Transient),
            ("SomethingNew", true, Kind::Rejected),
            ("RequestThrottled", true, Kind::Throttled),
            ("ReceiptHandleIsInvalid", true, Kind::Stale),
            ("AccessDenied", true, Kind::Denied),
        ] {
            assert_eq!(Fault::of_entry(code, None, sender_fault).kind, kind, "{code}");
        }
    }

    #[test]
    fn a_fault_reads_as_a_sentence() {
        let fault = Fault::of_entry("AccessDenied", Some("ask your administrator"), true);
        assert_eq!(fault.to_string(), "not permitted (AccessDenied): ask your administrator");
        assert_eq!(Fault::transient("it is dark").to_string(), "no answer: it is dark");
    }
}
