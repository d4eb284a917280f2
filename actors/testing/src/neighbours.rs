//! What stands around one actor in a test: a ledger, a parent and mailboxes, all of them probes.

use std::sync::Arc;

use actix::Recipient;

use actors::delivery::Delivery;
use actors::flow::credits::Budget;
use actors::flow::outlet::{Handed, Outlet, Work};
use actors::messages::{Child, Settled, Terminated};
use actors::metrics::Metrics;
use actors::ports::Receipt;
use actors::supervision::death_watch::DeathWatch;

use crate::probe::{Probe, probe};
use crate::recorder::TestRecorder;

/// The neighbours of one actor.
pub struct Neighbours {
    /// Records the actor's metrics.
    pub recorder: TestRecorder,
    /// The actor's metrics.
    pub metrics: Metrics,
    /// Credits for deliveries made here.
    pub credits: Budget,
    /// Where deliveries are settled.
    pub ledger: Arc<Recipient<Settled>>,
    /// What was settled there.
    pub settlements: Probe<Settled>,
    /// Who died.
    pub deaths: Probe<Terminated>,
    parent: Recipient<Terminated>,
}

impl Default for Neighbours {
    fn default() -> Self {
        let recorder = TestRecorder::default();
        let (ledger, settlements) = probe();
        let (parent, deaths) = probe();
        Self {
            metrics: recorder.metrics(),
            recorder,
            credits: Budget::new(1000),
            ledger: Arc::new(ledger),
            settlements,
            deaths,
            parent,
        }
    }
}

impl Neighbours {
    /// A delivery whose receipt is `name`.
    ///
    /// # Panics
    /// When a thousand deliveries are open.
    #[must_use]
    pub fn delivery(&self, name: &str) -> Delivery {
        let credit = self.credits.try_reserve(1).expect("a thousand credits are enough for a test");
        Delivery::open(Receipt::new(name), None, credit, Arc::clone(&self.ledger))
    }

    /// An outlet into a mailbox that a probe shows.
    #[must_use]
    pub fn outlet<W: Work + Unpin>(&self) -> (Outlet<W>, Probe<Handed<W>>) {
        let (into, shown) = probe();
        (Outlet::new(into, self.metrics.stage(W::STAGE).clone()), shown)
    }

    /// A watch over `child` of generation 1.
    #[must_use]
    pub fn watch(&self, child: Child) -> DeathWatch {
        DeathWatch::new(child, 1, self.parent.clone())
    }

    /// The receipts of what was settled so far, with how, sorted.
    pub async fn settled(&mut self) -> Vec<(String, actors::delivery::Ending)> {
        let mut settled: Vec<_> = self
            .settlements
            .all()
            .await
            .into_iter()
            .map(|settled| (settled.receipt.as_str().to_owned(), settled.ending))
            .collect();
        settled.sort_by(|(a, _), (b, _)| a.cmp(b));
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors::delivery::Ending;

    #[actix::test]
    async fn a_delivery_made_here_is_settled_here() {
        tokio::time::pause();
        let mut neighbours = Neighbours::default();

        neighbours.delivery("a").settle(Ending::Indexed);

        assert_eq!(neighbours.settled().await, [("a".to_owned(), Ending::Indexed)]);
        assert_eq!(neighbours.credits.taken(), 0);
    }
}
