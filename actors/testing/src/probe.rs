//! A neighbour in a test: an actor that keeps what it is sent.

use std::time::Duration;

use actix::{Actor, Context, Handler, Message, Recipient};
use tokio::sync::mpsc;

/// What a probe received.
pub struct Probe<M>(mpsc::Receiver<M>);

struct Keeper<M>(mpsc::Sender<M>);

impl<M: 'static + Unpin> Actor for Keeper<M> {
    type Context = Context<Self>;
}

impl<M> Handler<M> for Keeper<M>
where
    M: Message<Result = ()> + Send + Unpin + 'static,
{
    type Result = ();

    fn handle(&mut self, message: M, _: &mut Context<Self>) {
        // A test that has dropped its probe no longer cares.
        let _ = self.0.try_send(message);
    }
}

/// A recipient that keeps what it is sent, and the probe that shows it.
#[must_use]
pub fn probe<M>() -> (Recipient<M>, Probe<M>)
where
    M: Message<Result = ()> + Send + Unpin + 'static,
{
    let (keep, kept) = mpsc::channel(10_000);
    (Keeper(keep).start().recipient(), Probe(kept))
}

impl<M> Probe<M> {
    /// The next message.
    ///
    /// # Panics
    /// When none comes within an hour of the test's time.
    pub async fn next(&mut self) -> M {
        match tokio::time::timeout(Duration::from_hours(1), self.0.recv()).await {
            Ok(Some(message)) => message,
            _ => panic!("no {} came", std::any::type_name::<M>()),
        }
    }

    /// What has come already, without letting anything run.
    pub fn try_next(&mut self) -> Option<M> {
        self.0.try_recv().ok()
    }

    /// What has come so far, once everything that can run now has run.
    pub async fn all(&mut self) -> Vec<M> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Message, Debug, PartialEq)]
    #[rtype(result = "()")]
    struct Ping(u8);

    #[actix::test]
    async fn a_probe_shows_what_was_sent_in_order() {
        tokio::time::pause();
        let (recipient, mut pings) = probe();

        recipient.do_send(Ping(1));
        recipient.do_send(Ping(2));

        assert_eq!(pings.next().await, Ping(1));
        assert_eq!(pings.all().await, [Ping(2)]);
        assert_eq!(pings.all().await, []);
    }

    #[actix::test]
    #[should_panic(expected = "no ")]
    async fn waiting_for_what_never_comes_fails_the_test() {
        tokio::time::pause();
        let (_recipient, mut pings) = probe::<Ping>();
        pings.next().await;
    }
}
