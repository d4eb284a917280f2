//! What follows from a response's status. Pure.

use actors::failure::Class;
use reqwest::StatusCode;

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The body is the picture.
    Body,
    /// It is elsewhere.
    Redirect,
    /// There is no picture.
    Failure(Class),
}

impl Verdict {
    /// The verdict on `status`. Only a 200 brings a picture: 204 has none, 206 a part that nobody
    /// asked for, 304 one that nobody has.
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200 => Self::Body,
            301 | 302 | 303 | 307 | 308 => Self::Redirect,
            404 | 410 => Self::Failure(Class::NotFound),
            401 | 403 => Self::Failure(Class::Denied),
            408 | 425 | 429 | 500..=599 => Self::Failure(Class::HttpUnavailable),
            _ => Self::Failure(Class::HttpRejected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        let failures = [
            (Class::NotFound, &[404, 410][..]),
            (Class::Denied, &[401, 403]),
            (Class::HttpUnavailable, &[408, 425, 429, 500, 501, 502, 503, 504, 599]),
            (
                Class::HttpRejected,
                &[
                    100, 101, 201, 202, 203, 204, 205, 206, 299, 300, 304, 305, 306, 399, 400, 402,
                    405, 407, 409, 413, 414, 416, 418, 451, 499, 600, 999,
                ],
            ),
        ];
        for (class, statuses) in failures {
            for status in statuses {
                let verdict = Verdict::of(StatusCode::from_u16(*status).unwrap());
                assert_eq!(verdict, Verdict::Failure(class), "{status}");
            }
        }
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(Verdict::of(StatusCode::from_u16(status).unwrap()), Verdict::Redirect);
        }
        assert_eq!(Verdict::of(StatusCode::OK), Verdict::Body);
    }
}
