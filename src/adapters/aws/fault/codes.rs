//! The codes of errors, of all services that are used here.

use super::Kind;

/// What the codes mean, by name alone: the same error comes with different statuses from different
/// services, and in a batch's entry with none.
const CODES: [(Kind, &[&str]); 6] = [
    (
        Kind::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "Throttled",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
            "OverLimit",
            "KmsThrottled",
            "KMSThrottling",
        ],
    ),
    (
        Kind::Credentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "InvalidToken",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "RequestTimeTooSkewed",
            "InvalidSecurity",
        ],
    ),
    (
        Kind::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "KmsAccessDenied",
            "KmsDisabled",
            "KmsInvalidKeyUsage",
            "KmsInvalidState",
            "KmsNotFound",
            "KmsOptInRequired",
            "KMSAccessDenied",
            "KMSOptInRequired",
            "OptInRequired",
        ],
    ),
    (
        Kind::Gone,
        &[
            "QueueDoesNotExist",
            "NonExistentQueue",
            "QueueDeletedRecently",
            "NotFound",
            "NotFoundException",
            "ResourceNotFoundException",
            "NoSuchBucket",
            "NoSuchKey",
        ],
    ),
    (Kind::Stale, &["ReceiptHandleIsInvalid", "MessageNotInflight"]),
    (
        Kind::Transient,
        &[
            "InternalError",
            "InternalErrorException",
            "InternalFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
        ],
    ),
];

/// What `code` means; that the request is wrong, if it is not known.
pub fn kind_of_code(code: &str) -> Kind {
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    let known = CODES.iter().find(|(_, codes)| codes.contains(&code));
    known.map_or(Kind::Rejected, |(kind, _)| *kind)
}
