//! Reads a picture's bytes on credit, never more than were reserved.

use actors::failure::Class;
use actors::flow::credits::{Budget, Reservation};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::refusal::Refusal;
use super::throughput::{Pace, Throughput};

/// What a fetch reserves before it asks, in bytes: most thumbnails of 400 × 400 are smaller, so most
/// fetches never need more.
pub(super) const FIRST_RESERVATION: u64 = 256 * 1024;

/// What bounds a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The largest picture, in bytes; no more than the whole budget.
    pub(super) cap: u64,
    /// The slowest.
    pub(super) throughput: Throughput,
}

/// A body that grows, and the credits for it.
struct Kept<'a> {
    bytes: Vec<u8>,
    reservation: &'a mut Reservation,
    budget: &'a Budget,
    /// How many it will be, if the host told the truth.
    announced: Option<u64>,
    cap: u64,
}

/// Reads the whole body of `response` into memory that `reservation` covers. The reservation is
/// replaced by a larger one where need be, and cut to the body's length at the end.
///
/// `Content-Length` refuses what is too large at once and says how much to reserve; it is not believed
/// for more: credits grow with the bytes that came, so a host cannot hold them by announcing. Beside
/// the reservation stands one chunk, as large as the connection's buffer (400 KiB at most).
///
/// No credits are waited for here, with bytes in memory and a host's slot in hand: fetches that wait
/// for each other would wait for ever. If none are free the answer is [`Refusal::Credits`]; the caller
/// gives everything back and begins again with a reservation that will do. `Content-Encoding` is not
/// looked at: nothing is ever inflated, and the decoder goes by the bytes.
///
/// # Errors
/// [`Refusal`] of class `empty_body`, `too_many_bytes` or `http_unavailable`, or for credits.
pub(super) async fn read(
    mut response: Response,
    reservation: &mut Reservation,
    budget: &Budget,
    bounds: Bounds,
    size: &mut Option<u64>,
) -> Result<Vec<u8>, Refusal> {
    let announced = response.content_length();
    *size = announced;
    if let Some(length) = announced.filter(|length| *length > bounds.cap) {
        return Err(too_many_bytes(length, bounds.cap));
    }
    let mut kept = Kept { bytes: Vec::new(), reservation, budget, announced, cap: bounds.cap };
    let mut pace = Pace::new(bounds.throughput, Instant::now());
    loop {
        match timeout_at(pace.ends(), response.chunk()).await {
            Err(_) => pace.note(0, Instant::now())?,
            Ok(Err(error)) => return Err(Refusal::transport(error)),
            Ok(Ok(Some(chunk))) => {
                pace.note(chunk.len(), Instant::now())?;
                kept.add(&chunk, size)?;
            }
            Ok(Ok(None)) => break,
        }
    }
    *size = Some(kept.bytes.len() as u64);
    kept.finish()
}

impl Kept<'_> {
    fn add(&mut self, chunk: &[u8], size: &mut Option<u64>) -> Result<(), Refusal> {
        let needed = self.bytes.len() as u64 + chunk.len() as u64;
        if needed > self.cap {
            *size = None; // it may be any
            return Err(too_many_bytes(needed, self.cap));
        }
        if needed > self.reservation.amount() {
            self.grow(needed)?;
        }
        if needed > self.bytes.capacity() as u64 {
            // No more than is reserved: a vector left to itself would double.
            let room = self.announced.unwrap_or(u64::MAX).clamp(needed, self.reservation.amount());
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Doubles the reservation, or more, up to what was announced or the cap. The old one is let go
    /// when the new one is there.
    fn grow(&mut self, needed: u64) -> Result<(), Refusal> {
        let most = self.announced.unwrap_or(self.cap).max(needed);
        let wanted = (self.reservation.amount() * 2).max(needed).min(most);
        let larger = u32::try_from(wanted).ok().and_then(|wanted| self.budget.try_reserve(wanted));
        *self.reservation = larger.ok_or(Refusal::Credits(most))?;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        if self.bytes.is_empty() {
            return Err(Refusal::Final(Class::EmptyBody, "the host sent an empty body".to_owned()));
        }
        self.bytes.shrink_to_fit();
        self.reservation.shrink_to(self.bytes.len() as u64);
        Ok(self.bytes)
    }
}

fn too_many_bytes(size: u64, cap: u64) -> Refusal {
    let cause = format!("{size} bytes or more are more than the limit of {cap}");
    Refusal::Final(Class::TooManyBytes, cause)
}
