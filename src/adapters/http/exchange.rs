//! One request and its response.

use actors::failure::Class;
use actors::flow::credits::{Budget, Reservation};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response};
use url::Url;

use super::body::{self, Bounds};
use super::refusal::{Again, Blame, Refusal};
use super::retry_after::retry_after;
use super::verdict::Verdict;

/// What a host answered.
pub(super) enum Answer {
    /// The picture's bytes.
    Bytes(Vec<u8>),
    /// It is at what this `Location` header says.
    Elsewhere(Option<Vec<u8>>),
}

/// Asks `url`, whose host is not forbidden by what its URL tells, and reads what a 200 brings.
///
/// # Errors
/// [`Refusal`], from a forbidden address that the name led to up to half a body.
pub(super) async fn exchange(
    client: &Client,
    url: &Url,
    (reservation, budget): (&mut Reservation, &Budget),
    bounds: Bounds,
    size: &mut Option<u64>,
) -> Result<Answer, Refusal> {
    let response = client.get(url.clone()).send().await.map_err(Refusal::transport)?;
    match Verdict::of(response.status()) {
        Verdict::Body => {
            let bytes = body::read(response, reservation, budget, bounds, size).await?;
            Ok(Answer::Bytes(bytes))
        }
        Verdict::Redirect => {
            let location = response.headers().get(LOCATION);
            Ok(Answer::Elsewhere(location.map(|location| location.as_bytes().to_vec())))
        }
        Verdict::Failure(class) => Err(failure(class, &response)),
    }
}

fn failure(class: Class, response: &Response) -> Refusal {
    let status = response.status();
    let cause = format!("the host answered {status}");
    if class != Class::HttpUnavailable {
        return Refusal::Final(class, cause);
    }
    let again = pause(response.headers()).map_or(Again::Yes, Again::After);
    let blame = if status.is_server_error() { Blame::Failed } else { Blame::None };
    Refusal::Unavailable { cause, again, blame }
}

fn pause(headers: &HeaderMap) -> Option<std::time::Duration> {
    retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, Timestamp::now())
}
