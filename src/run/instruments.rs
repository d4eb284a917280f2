//! What a run is measured with, and where that is shown.

use std::sync::Arc;
use std::time::Duration;

use actors::ports::{NoTracer, Tracer};
use metrics::Recorder;
use metrics_util::layers::FanoutBuilder;

use crate::adapters::otlp::OtlpTracer;
use crate::admin;
use crate::admin::board::Board;
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
    /// Where traces go.
    pub tracer: Arc<dyn Tracer>,
}

impl Instruments {
    /// The instruments, and the admin server where `config` names an address for it.
    ///
    /// # Errors
    /// [`Stopped`] where nothing can listen at that address.
    pub fn start(config: &Config) -> Result<Self, Stopped> {
        let Some(address) = config.admin.address else { return Ok(Self::unseen(config)) };
        let readings = Readings::default();
        let (exposition, exposed) = Exposition::new();
        let both = FanoutBuilder::default().add_recorder(readings.clone()).add_recorder(exposed);
        let instruments = Self::of(config, readings, exposition, Box::new(both.build()));
        let address = admin::start(address, Arc::clone(&instruments.board))?;
        tracing::info!(%address, "the admin server listens");
        Ok(instruments)
    }

    /// The instruments without a server: nothing is recorded for Prometheus.
    #[must_use]
    pub fn unseen(config: &Config) -> Self {
        let readings = Readings::default();
        Self::of(config, readings.clone(), Exposition::new().0, Box::new(readings))
    }

    fn of(
        config: &Config,
        readings: Readings,
        exposition: Exposition,
        recorder: Box<dyn Recorder + Sync>,
    ) -> Self {
        let deadline = config.models.inference_deadline;
        let ready = actors::metrics::readiness(&*recorder);
        let board = Arc::new(Board::new(exposition, readings.clone(), ready, deadline));
        Self { readings, recorder, board, tracer: Arc::new(NoTracer) }
    }

    /// The same, with traces exported where `config` says. Not where blocking is forbidden.
    ///
    /// # Errors
    /// [`Stopped`] where no exporter can be built.
    pub fn tracing(mut self, config: &Config) -> Result<Self, Stopped> {
        if let Some(settings) = &config.traces {
            let tracer = OtlpTracer::start(settings).map_err(Stopped::unexpected)?;
            tracing::info!(endpoint = %settings.endpoint, ratio = settings.ratio, "traces");
            self.tracer = Arc::new(tracer);
        }
        Ok(self)
    }
}

/// Stays `within` this time after the end, so that the last counts can be scraped. A signal meanwhile means
/// that nobody will.
pub async fn last_scrape(within: Duration, shutdown: &mut Shutdown) {
    tokio::select! {
        () = tokio::time::sleep(within) => {}
        signal = shutdown.signal() => tracing::info!(signal, "ended without a last scrape"),
    }
}
