//! What an inferrer looks at. The actors know only what it costs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::flow::credits::Reservation;
use crate::record::RecordId;

/// The bytes of one input as they were fetched, not yet decoded.
///
/// They carry the byte credits that admitted them; both are let go together.
pub struct Raw {
    /// Whose input they are.
    pub id: RecordId,
    /// That record's version, `modifiedTime` in milliseconds since 1970.
    pub version: i64,
    /// The bytes themselves.
    pub bytes: Bytes,
    /// Where they came from: a path or a URL, for the parked record.
    pub location: String,
    /// The byte credits they occupy.
    pub reservation: Reservation,
}

/// One decoded input, shared by every inferrer of its record.
///
/// Opaque: a picture today, a title and description tomorrow. The inferrers of a process agree with
/// its decoder on the type inside.
#[derive(Clone)]
pub struct Input(Arc<dyn Any + Send + Sync>);

impl Input {
    /// Wraps what the inferrers will look at.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value inside, if it is a `T`.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input(…)")
    }
}

/// Hex digest of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        use std::fmt::Write;
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        hex
    })
}
