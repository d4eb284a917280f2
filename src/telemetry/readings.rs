//! The metrics of this process, kept where it can read them itself: for the summary of a run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};
use metrics_util::storage::Summary;

use actors::metrics::MICROSECONDS_PER_SECOND;
use actors::metrics::catalogue::{CATALOGUE, Declaration, Kind};

/// Records metrics in memory. Cheap to clone; clones share the readings.
#[derive(Clone)]
pub struct Readings(Arc<Inner>);

struct Inner {
    registry: Registry<Key, AtomicStorage>,
    /// What was taken out of the histograms: a sketch each, so that memory stays flat however many
    /// values are recorded.
    sketches: Mutex<BTreeMap<(String, String), Summary>>,
}

impl Default for Readings {
    fn default() -> Self {
        Self(Arc::new(Inner { registry: Registry::new(AtomicStorage), sketches: Mutex::default() }))
    }
}

impl Readings {
    /// The sum of a counter over the label sets that hold the value `label`; all for `""`.
    #[must_use]
    pub fn counter(&self, declaration: &Declaration, label: &str) -> u64 {
        if label.is_empty() {
            self.count(declaration, &[])
        } else {
            self.count(declaration, &[label])
        }
    }

    /// The sum of a counter over the label sets that hold all of `labels`.
    #[must_use]
    pub fn count(&self, declaration: &Declaration, labels: &[&str]) -> u64 {
        let mut sum = 0;
        self.0.registry.visit_counters(|key, counter| {
            let holds = |label: &&str| key.labels().any(|found| found.value() == *label);
            if key.name() == declaration.name && labels.iter().all(holds) {
                sum += counter.load(std::sync::atomic::Ordering::Relaxed);
            }
        });
        sum
    }

    /// The sum of a gauge over the label sets that hold the value `label`.
    #[must_use]
    pub fn gauge(&self, declaration: &Declaration, label: &str) -> f64 {
        let mut sum = 0.0;
        self.0.registry.visit_gauges(|key, gauge| {
            let holds = key.labels().any(|found| found.value() == label);
            if key.name() == declaration.name && holds {
                sum += f64::from_bits(gauge.load(std::sync::atomic::Ordering::Relaxed));
            }
        });
        sum
    }

    /// Every counter that is not 0, in its unit, in order of names and labels: one word each, as in
    /// `inference_failures_total{class=not_found}=2`.
    #[must_use]
    pub fn counted(&self) -> Vec<String> {
        let mut words = Vec::new();
        self.0.registry.visit_counters(|key, counter| {
            let count = counter.load(std::sync::atomic::Ordering::Relaxed);
            if count > 0 {
                words.push(format!("{}={}", series(key), in_its_unit(key.name(), count)));
            }
        });
        words.sort_unstable();
        words
    }

    /// A counter of seconds.
    #[must_use]
    pub fn seconds(&self, declaration: &Declaration, label: &str) -> f64 {
        self.counter(declaration, label) as f64 / MICROSECONDS_PER_SECOND
    }

    /// Quantiles `p` of a histogram's label set; `None` if it recorded nothing. Within 0.01 %.
    #[must_use]
    pub fn quantiles<const N: usize>(
        &self,
        declaration: &Declaration,
        label: &str,
        p: [f64; N],
    ) -> Option<[f64; N]> {
        self.collect();
        let sketches = self.0.sketches.lock().unwrap_or_else(PoisonError::into_inner);
        let sketch = sketches.get(&(declaration.name.to_owned(), label.to_owned()))?;
        (!sketch.is_empty()).then(|| p.map(|p| sketch.quantile(p).unwrap_or(f64::NAN)))
    }

    /// Moves what the histograms recorded into their sketches. To be called now and then, because
    /// until then every value is kept.
    pub fn collect(&self) {
        let mut sketches = self.0.sketches.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.registry.visit_histograms(|key, histogram| {
            let label = key.labels().next().map_or_else(String::new, |l| l.value().to_owned());
            let sketch = sketches
                .entry((key.name().to_owned(), label))
                .or_insert_with(Summary::with_defaults);
            histogram.clear_with(|values| values.iter().for_each(|value| sketch.add(*value)));
        });
    }
}

/// A name with its labels, without quotes, which a log as JSON would escape.
fn series(key: &Key) -> String {
    let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
    if labels.is_empty() {
        return key.name().to_owned();
    }
    format!("{}{{{}}}", key.name(), labels.join(","))
}

fn in_its_unit(name: &str, count: u64) -> f64 {
    let is_of_seconds = |d: &Declaration| d.kind == Kind::Seconds && d.name == name;
    let unit = if CATALOGUE.iter().any(is_of_seconds) { MICROSECONDS_PER_SECOND } else { 1.0 };
    count as f64 / unit
}

impl Recorder for Readings {
    // The catalogue describes every metric; these have nothing to add.
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.registry.get_or_create_counter(key, |c| Counter::from_arc(Arc::clone(c)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.registry.get_or_create_gauge(key, |g| Gauge::from_arc(Arc::clone(g)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.registry.get_or_create_histogram(key, |h| Histogram::from_arc(Arc::clone(h)))
    }
}

#[cfg(test)]
mod tests {
    use actors::failure::{Class, Stage};
    use actors::metrics::{Metrics, Outcome, catalogue};

    use super::*;

    #[test]
    fn counters_are_read_by_label_and_in_all() {
        let readings = Readings::default();
        let metrics = Metrics::new(&readings);
        metrics.finished(Outcome::Indexed).increment(3);
        metrics.finished(Outcome::Parked).increment(2);

        assert_eq!(readings.counter(&catalogue::MESSAGES_FINISHED, "indexed"), 3);
        assert_eq!(readings.counter(&catalogue::MESSAGES_FINISHED, ""), 5);
    }

    #[test]
    fn every_counter_that_counted_is_told_in_its_unit_and_no_other() {
        let readings = Readings::default();
        let metrics = Metrics::new(&readings);
        metrics.received.increment(3);
        metrics.failures(Class::NotFound).increment(2);
        let backpressure = &metrics.stage(Stage::Source).backpressure;
        backpressure.add(std::time::Duration::from_millis(1500));
        metrics.generation.set(1.0);

        assert_eq!(
            readings.counted(),
            [
                "inference_backpressure_seconds_total{stage=source}=1.5",
                "inference_failures_total{class=not_found}=2",
                "inference_messages_received_total=3",
            ]
        );
    }

    #[test]
    fn quantiles_cover_all_that_was_recorded_however_often_it_was_collected() {
        let readings = Readings::default();
        let metrics = Metrics::new(&readings);
        let quantiles = |label| readings.quantiles(&catalogue::STAGE_SERVICE, label, [0.5, 0.95]);
        assert_eq!(quantiles("sink"), None);

        for value in 1..=50 {
            metrics.stage(Stage::Sink).service.record(f64::from(value));
        }
        readings.collect();
        for value in 51..=100 {
            metrics.stage(Stage::Sink).service.record(f64::from(value));
        }

        let [p50, p95] = quantiles("sink").expect("a hundred values were recorded");
        assert!((p50 - 50.0).abs() <= 1.0 && (p95 - 95.0).abs() <= 1.0, "{p50} {p95}");
    }

    #[test]
    fn seconds_are_seconds() {
        let readings = Readings::default();
        Metrics::new(&readings)
            .stage(Stage::Source)
            .backpressure
            .add(std::time::Duration::from_millis(1500));
        let seconds = readings.seconds(&catalogue::BACKPRESSURE, "source");
        assert!((seconds - 1.5).abs() < 1e-9);
    }
}
