//! Points in time as the documents write them: RFC 3339, UTC.

use std::time::SystemTime;

use jiff::Timestamp;

/// The instant of a file's or the system's clock. What lies beyond the years -9999 to 9999, which a
/// file's modification time can claim, becomes the nearer end of that range.
#[must_use]
pub fn from_system(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// `2026-11-23T05:55:01.250Z`: when something was done here, to the millisecond.
#[must_use]
pub fn milliseconds(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_to_the_millisecond() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_743_501_600_123_456_789);

        assert_eq!(milliseconds(from_system(at)), "2025-04-01T10:00:00.123Z");
        assert_eq!(from_system(at).to_string(), "2025-04-01T10:00:00.123456789Z");
        assert_eq!(milliseconds(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_beyond_the_calendar_becomes_its_nearer_end() {
        let far = Duration::from_secs(1 << 40);

        assert_eq!(from_system(SystemTime::UNIX_EPOCH + far), Timestamp::MAX);
        assert_eq!(from_system(SystemTime::UNIX_EPOCH - far), Timestamp::MIN);
    }
}
