//! What a run says at its end: the accounts, the pace, where the time went.

use std::fmt;
use std::time::Duration;

use actors::failure::{Class, Stage};
use actors::ledger::book::Accounts;
use actors::metrics::catalogue;

use crate::adapters::embedded::Census;
use crate::telemetry::readings::Readings;

/// The figures of one run.
pub struct Summary<'a> {
    /// What the scan found.
    pub census: Census,
    /// The accounts with the queue.
    pub accounts: Accounts,
    /// How long the pipeline ran.
    pub elapsed: Duration,
    /// The metrics of the run.
    pub readings: &'a Readings,
    /// The inferrers and how many workers each had.
    pub workers: Vec<(String, usize)>,
}

impl Summary<'_> {
    /// Pictures augmented a second.
    #[must_use]
    pub fn images_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.accounts.indexed as f64 / seconds } else { 0.0 }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Accounts { received, indexed, superseded, parked, released, lost, in_flight } =
            self.accounts;
        writeln!(
            f,
            "received {received} = indexed {indexed} + superseded {superseded} + parked {parked} + \
             released {released} + lost {lost} + in flight {in_flight}"
        )?;
        writeln!(
            f,
            "unchanged since the last run {}, other names ignored {}, folders unreadable {}",
            self.census.unchanged, self.census.ignored, self.census.unreadable
        )?;
        writeln!(
            f,
            "{:.1} images/s over {:.1} s{}",
            self.images_per_second(),
            self.elapsed.as_secs_f64(),
            peak_memory().map(|mib| format!(", peak memory {mib} MiB")).unwrap_or_default()
        )?;
        self.failures(f)?;
        self.stages(f)?;
        self.starvation(f)
    }
}

impl Summary<'_> {
    fn failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for class in Class::ALL {
            let count = self.readings.counter(&catalogue::FAILURES, class.as_str());
            if count > 0 {
                writeln!(f, "  {count:>6} × {class}")?;
            }
        }
        Ok(())
    }

    fn stages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12}{:>12}{:>12}{:>14}{:>14}",
            "stage", "wait p50", "wait p95", "service p50", "service p95"
        )?;
        for stage in Stage::ALL {
            let quantiles = |metric| self.readings.quantiles(metric, stage.as_str(), [0.5, 0.95]);
            let wait = quantiles(&catalogue::STAGE_WAIT);
            let service = match stage {
                Stage::Ledger => self.readings.quantiles(&catalogue::DELIVERY, "", [0.5, 0.95]),
                _ => quantiles(&catalogue::STAGE_SERVICE),
            };
            if wait.is_none() && service.is_none() {
                continue;
            }
            let name = if stage == Stage::Ledger { "in all" } else { stage.as_str() };
            let [wait50, wait95] = milliseconds(wait);
            let [service50, service95] = milliseconds(service);
            writeln!(f, "{name:<12}{wait50:>12}{wait95:>12}{service50:>14}{service95:>14}")?;
        }
        Ok(())
    }

    /// How much of their time workers stood idle although pictures were on their way to them.
    fn starvation(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (inferrer, workers) in &self.workers {
            let busy = self.readings.seconds(&catalogue::WORKER_BUSY, inferrer);
            let starved = self.readings.seconds(&catalogue::WORKER_STARVED, inferrer);
            let time = self.elapsed.as_secs_f64() * *workers as f64;
            if time > 0.0 {
                writeln!(
                    f,
                    "{inferrer}: {workers} worker{}, busy {:.1} %, idle with backlog {:.1} %",
                    if *workers == 1 { "" } else { "s" },
                    100.0 * busy / time,
                    100.0 * starved / time
                )?;
            }
        }
        Ok(())
    }
}

fn milliseconds(seconds: Option<[f64; 2]>) -> [String; 2] {
    seconds.map_or_else(
        || ["-".to_owned(), "-".to_owned()],
        |both| both.map(|seconds| format!("{:.1} ms", seconds * 1e3)),
    )
}

/// The most memory that the process ever held, in MiB, as Linux counts it.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024)
}

#[cfg(test)]
mod tests {
    use actors::metrics::{Metrics, Outcome};

    use super::*;

    #[test]
    fn the_summary_shows_the_identity_failures_and_stages_that_worked() {
        let readings = Readings::default();
        let metrics = Metrics::new(&readings);
        metrics.finished(Outcome::Indexed).increment(9);
        metrics.failures(Class::CorruptImage).increment(1);
        metrics.stage(Stage::Sink).service.record(0.25);
        let summary = Summary {
            census: Census { queued: 10, unchanged: 3, ..Census::default() },
            accounts: Accounts { received: 10, indexed: 9, parked: 1, ..Accounts::default() },
            elapsed: Duration::from_secs(3),
            readings: &readings,
            workers: vec![("features".into(), 2)],
        };

        let text = summary.to_string();

        for part in [
            "received 10 = indexed 9",
            "unchanged since the last run 3",
            "3.0 images/s over 3.0 s",
            "1 × corrupt_image",
            "250.0 ms",
            "features: 2 workers, busy 0.0 %, idle with backlog 0.0 %",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        assert!(!text.contains("retriever"), "a stage that did nothing is shown:\n{text}");
    }
}
