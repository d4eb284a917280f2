//! One fetch: its tries, the hops of each, its time and its credits.

use std::time::Duration;

use actors::failure::Class;
use actors::flow::backoff::Backoff;
use actors::flow::credits::{Budget, Reservation};
use rand::rngs::SmallRng;
use tokio::time::sleep;
use url::Url;

use super::allowance::Allowance;
use super::body::{Bounds, FIRST_RESERVATION};
use super::exchange::{Answer, exchange};
use super::fetcher::Engine;
use super::refusal::{Again, Blame, Refusal};
use super::route::Route;

/// The pauses between two tries: short against the deadline, so that all tries fit; the queue's own
/// delays, which do not hold a slot, are for what takes longer.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A fetch under way.
pub(super) struct Errand<'a> {
    engine: &'a Engine,
    budget: &'a Budget,
    bounds: Bounds,
    allowance: Allowance,
    rng: SmallRng,
    failures: u32,
    /// The picture's size in bytes, as far as it is known.
    pub(super) size: Option<u64>,
}

/// Why a fetch failed: its class, and the cause in words.
type Failed = (Class, String);

impl<'a> Errand<'a> {
    pub(super) fn new(engine: &'a Engine, budget: &'a Budget, rng: SmallRng) -> Self {
        let settings = &engine.settings;
        // A budget below the limit is a limit too: waiting for more than all of it would be for ever.
        let cap = settings.limit.min(budget.total());
        let bounds = Bounds { cap, throughput: settings.throughput };
        let allowance = Allowance::new(settings.deadline);
        Self { engine, budget, bounds, allowance, rng, failures: 0, size: None }
    }

    /// Fetches `url`.
    ///
    /// It never waits for credits with anything in hand, so no two fetches can wait for each other:
    /// what it needs is reserved before a try begins, and a try that turns out to need more gives all
    /// back and is begun again: first with what the host announced, then with all that a picture may
    /// take, which is enough. Nobody failed, so this counts as no try.
    pub(super) async fn run(&mut self, url: &Url) -> Result<(Vec<u8>, Reservation), Failed> {
        let mut credits = FIRST_RESERVATION.min(self.bounds.cap);
        let mut began_again = false;
        loop {
            let reservation = self.budget.reserve(credits).await;
            let reservation =
                reservation.map_err(|over| (Class::TooManyBytes, over.to_string()))?;
            match self.attempt(url, reservation).await {
                Ok(picture) => return Ok(picture),
                Err(Refusal::Final(class, cause)) => return Err((class, cause)),
                Err(Refusal::Credits(needed)) => {
                    credits = if began_again { self.bounds.cap } else { needed };
                    began_again = true;
                }
                Err(Refusal::Unavailable { cause, again, .. }) => self.pause(cause, again).await?,
            }
        }
    }

    /// One try, over redirects.
    async fn attempt(
        &mut self,
        url: &Url,
        mut reservation: Reservation,
    ) -> Result<(Vec<u8>, Reservation), Refusal> {
        let mut route = Route::new(url.clone(), self.engine.settings.redirects);
        loop {
            match self.hop(route.here(), &mut reservation).await? {
                Answer::Bytes(bytes) => return Ok((bytes, reservation)),
                Answer::Elsewhere(location) => route
                    .follow(location.as_deref())
                    .map_err(|cause| Refusal::Final(Class::HttpRejected, cause))?,
            }
        }
    }

    /// Asks one URL. Every hop is judged, queues at its own host and counts for or against it.
    async fn hop(&mut self, url: &Url, credits: &mut Reservation) -> Result<Answer, Refusal> {
        let Engine { guard, hosts, client, .. } = self.engine;
        guard.judge_url(url)?;
        let visit = hosts.enter(url).await?;
        let exchange = exchange(client, url, (credits, self.budget), self.bounds, &mut self.size);
        let answer = self.allowance.spend(exchange).await.unwrap_or_else(|spent| Err(spent.into()));
        visit.end(answer.as_ref().err().map_or(Blame::None, Refusal::blame));
        answer
    }

    /// Waits until the next try, or says why there is none.
    async fn pause(&mut self, cause: String, again: Again) -> Result<(), Failed> {
        self.failures += 1;
        let unavailable = |cause| Err((Class::HttpUnavailable, cause));
        let asked_for = match again {
            Again::No => return unavailable(cause),
            Again::Yes => Duration::ZERO,
            Again::After(pause) => pause,
        };
        if self.failures >= self.engine.settings.tries {
            return unavailable(format!("{cause}, on the last of {} tries", self.failures));
        }
        let pause = Backoff::after(FIRST_PAUSE, LONGEST_PAUSE, self.failures, &mut self.rng);
        let pause = pause.max(asked_for);
        if pause >= self.allowance.left() {
            return unavailable(format!("{cause}, and there is no time left to try again"));
        }
        let paused = self.allowance.spend(sleep(pause)).await;
        paused.or_else(|spent| unavailable(format!("{cause}, and {spent}")))
    }
}
