//! A pipeline under way: it is started and shown, the first signal drains it, the second ends the
//! process.

use std::sync::Arc;
use std::time::Duration;

use actors::messages::Drain;
use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::{Ended, GuardianSettings, Pipeline};

use crate::admin::board::{Board, Phase, View};
use crate::exit::Stopped;
use crate::shutdown::Shutdown;

/// How often the main thread shows that it moves; the admin server takes half a minute of silence for
/// a reason to replace the process.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// Shows on `board` that the main thread moves, whatever else it does. Never ends.
pub async fn beat(board: Arc<Board>) {
    let mut beats = tokio::time::interval(BEAT_EVERY);
    loop {
        beats.tick().await;
        board.beat();
    }
}

/// A running pipeline.
pub struct Steering<'a> {
    pipeline: Pipeline,
    board: &'a Board,
    drain: Duration,
    draining: bool,
}

impl<'a> Steering<'a> {
    /// Starts the pipeline of `blueprint` and shows it on `board`. A drain takes at most `drain`.
    pub fn start(blueprint: Blueprint, board: &'a Board, drain: Duration) -> Self {
        let parts = blueprint.clone();
        let pipeline = Pipeline::start(blueprint, GuardianSettings::default());
        board.show(View::of(&parts, pipeline.vitals.clone()));
        Self { pipeline, board, drain, draining: false }
    }

    /// Whether the pipeline has been told to finish what is in flight.
    pub const fn is_draining(&self) -> bool {
        self.draining
    }

    /// Tells the pipeline to finish what is in flight.
    pub fn drain(&mut self) {
        self.draining = true;
        self.board.enter(Phase::Draining);
        self.pipeline.drain.do_send(Drain { within: self.drain });
    }

    /// Stays with the pipeline until it has ended. The first signal is told by `tell`. Can be dropped
    /// and called again, until it has answered.
    ///
    /// # Errors
    /// [`Stopped`] at a second signal.
    pub async fn ended(
        &mut self,
        shutdown: &mut Shutdown,
        tell: impl Fn(&'static str),
    ) -> Result<Ended, Stopped> {
        loop {
            tokio::select! {
                ended = &mut self.pipeline.ended => {
                    // Whatever follows, the pipeline is not to be judged by its progress any more.
                    self.board.enter(Phase::Ended);
                    return Ok(ended.unwrap_or_else(|_| Ended::GaveUp {
                        reason: "the root of the supervision tree died".to_owned(),
                    }));
                }
                signal = shutdown.signal() => {
                    if self.draining {
                        return Err(Stopped::unexpected(format!("a second signal ({signal})")));
                    }
                    tell(signal);
                    self.drain();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix::{Actor, Context, Handler};
    use tokio::sync::{oneshot, watch};

    use super::*;
    use crate::config::Config;
    use crate::config::options::Options;
    use crate::run::instruments::Instruments;

    struct Root;

    impl Actor for Root {
        type Context = Context<Self>;
    }

    impl Handler<Drain> for Root {
        type Result = ();

        fn handle(&mut self, _: Drain, _: &mut Context<Self>) {}
    }

    fn steering(board: &Board) -> (Steering<'_>, oneshot::Sender<Ended>) {
        let (end, ended) = oneshot::channel();
        let vitals = watch::channel(actors::supervision::guardian::Vitals::default()).1;
        let pipeline = Pipeline { drain: Root.start().recipient(), vitals, ended };
        (Steering { pipeline, board, drain: Duration::ZERO, draining: false }, end)
    }

    #[actix_rt::test]
    async fn what_has_ended_is_shown_as_ended_whatever_is_written_after_it() {
        let config = Config::new(&Options::defaults()).expect("the defaults are right");
        let board = Instruments::unseen(&config).board;
        let (mut steering, end) = steering(&board);
        steering.drain();
        assert_eq!((steering.is_draining(), board.unready()), (true, vec!["draining".to_owned()]));

        end.send(Ended::Drained).expect("it is waited for");
        let mut shutdown = Shutdown::listen().expect("the system lets us");
        let ended = steering.ended(&mut shutdown, |_| ()).await;

        assert_eq!(ended, Ok(Ended::Drained));
        assert_eq!(board.unready(), ["ended"]);
    }

    #[actix_rt::test]
    async fn a_root_that_dies_is_no_end() {
        let config = Config::new(&Options::defaults()).expect("the defaults are right");
        let board = Instruments::unseen(&config).board;
        let (mut steering, end) = steering(&board);
        drop(end);

        let mut shutdown = Shutdown::listen().expect("the system lets us");
        let ended = steering.ended(&mut shutdown, |_| ()).await;

        assert!(matches!(ended, Ok(Ended::GaveUp { .. })), "{ended:?}");
    }
}
