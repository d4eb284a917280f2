//! What a run is measured with, and where that is shown.

use std::sync::Arc;
use std::time::Duration;

use metrics::Recorder;
use metrics_util::layers::FanoutBuilder;

use crate::admin;
use crate::admin::board::{Board, Phase};
use crate::config::Config;
use crate::exit::Stopped;
use crate::shutdown::Shutdown;
use crate::telemetry::exposition::Exposition;
use crate::telemetry::readings::Readings;

/// The metrics of a run, and the board that shows them.
pub struct Instruments {
    /// What the process reads itself.
    pub readings: Readings,
    /// Where metrics are recorded: for the process itself and for Prometheus.
    pub recorder: Box<dyn Recorder + Sync>,
    /// What the process shows of itself.
    pub board: Arc<Board>,
}

impl Instruments {
    /// The instruments, and the admin server where `config` names an address for it.
    ///
    /// # Errors
    /// [`Stopped`] where nothing can listen at that address.
    pub fn start(config: &Config) -> Result<Self, Stopped> {
        let instruments = Self::unseen(config);
        if let Some(address) = config.admin.address {
            let address = admin::start(address, Arc::clone(&instruments.board))?;
            tracing::info!(%address, "the admin server listens");
        }
        Ok(instruments)
    }

    /// The instruments without a server.
    #[must_use]
    pub fn unseen(config: &Config) -> Self {
        let readings = Readings::default();
        let (exposition, recorder) = Exposition::new();
        let both = FanoutBuilder::default().add_recorder(readings.clone()).add_recorder(recorder);
        let deadline = config.models.inference_deadline;
        let board = Arc::new(Board::new(exposition, readings.clone(), deadline));
        Self { readings, recorder: Box::new(both.build()), board }
    }

    /// Shows that the pipeline has ended, and lets the last counts be scraped. A signal meanwhile means
    /// that nobody will.
    pub async fn last_scrape(&self, within: Duration, shutdown: &mut Shutdown) {
        self.board.enter(Phase::Ended);
        tokio::select! {
            () = tokio::time::sleep(within) => {}
            signal = shutdown.signal() => tracing::info!(signal, "ended without a last scrape"),
        }
    }
}
