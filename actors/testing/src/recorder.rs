//! A recorder of metrics for tests, and a bomb hidden in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use actors::failure::Stage;
use actors::metrics::Metrics;

/// Records metrics for a test to read. Through its histograms an actor can be made to panic in the
/// middle of a handler, as a bug would: without a back door in the actor.
pub struct TestRecorder {
    inner: DebuggingRecorder,
    bombs: Bombs,
    heights: Heights,
    values: Values,
    counted: Counted,
}

/// What was counted up to the last snapshot: taking one sets all counters to 0.
type Counted = Arc<Mutex<HashMap<Key, u64>>>;

/// What each histogram was told, by metric and label.
type Values = Arc<Mutex<HashMap<(String, String), Vec<f64>>>>;

/// How high each gauge ever stood, by metric and label.
type Heights = Arc<Mutex<HashMap<(String, String), Height>>>;

#[derive(Clone, Copy, Default)]
struct Height {
    now: f64,
    highest: f64,
}

/// Bombs by metric and label.
#[derive(Clone, Default)]
pub struct Bombs(Arc<Mutex<Vec<Bomb>>>);

struct Bomb {
    metric: &'static str,
    label: &'static str,
    after: usize,
}

impl Default for TestRecorder {
    fn default() -> Self {
        Self {
            inner: DebuggingRecorder::new(),
            bombs: Bombs::default(),
            heights: Heights::default(),
            values: Values::default(),
            counted: Counted::default(),
        }
    }
}

impl TestRecorder {
    /// The bombs hidden in it.
    #[must_use]
    pub fn bombs(&self) -> Bombs {
        self.bombs.clone()
    }

    /// Metrics that record here.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self)
    }

    /// A reader of what is recorded.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { snapshotter: self.inner.snapshotter(), counted: Arc::clone(&self.counted) }
    }

    /// Every value of a histogram so far, in no order.
    #[must_use]
    pub fn values(&self, name: &str, label: &str) -> Vec<f64> {
        let of = (name.to_owned(), label.to_owned());
        self.values
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&of)
            .cloned()
            .unwrap_or_default()
    }

    /// The highest that a gauge ever stood; 0 if it never rose.
    #[must_use]
    pub fn highest(&self, name: &str, label: &str) -> f64 {
        self.height(name, label).highest
    }

    /// Where a gauge stands; 0 if it never moved.
    #[must_use]
    pub fn now(&self, name: &str, label: &str) -> f64 {
        self.height(name, label).now
    }

    fn height(&self, name: &str, label: &str) -> Height {
        let heights = self.heights.lock().unwrap_or_else(PoisonError::into_inner);
        heights.get(&(name.to_owned(), label.to_owned())).copied().unwrap_or_default()
    }
}

/// Reads what was recorded.
pub struct Reader {
    snapshotter: Snapshotter,
    counted: Counted,
}

impl Reader {
    /// The sum of a counter over the label sets that contain `label`.
    #[must_use]
    pub fn counter(&self, name: &str, label: &str) -> u64 {
        let of_name = |key: &Key| {
            key.name() == name && (label.is_empty() || key.labels().any(|l| l.value() == label))
        };
        self.counted().iter().filter(|(key, _)| of_name(key)).map(|(_, count)| count).sum()
    }

    /// Every counter, by name and first label.
    #[must_use]
    pub fn counters(&self) -> HashMap<(String, String), u64> {
        let counted = self.counted();
        let by_name =
            counted.iter().map(|(key, n)| ((key.name().to_owned(), first_label(key)), *n));
        by_name.collect()
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            if let DebugValue::Counter(more) = value {
                *counted.entry(key.key().clone()).or_default() += more;
            }
        }
        counted
    }
}

impl Bombs {
    /// Makes the actor of `stage` panic when it next takes work up, or is next done with some, after
    /// `after` more times: where it does so itself, and not in a call whose panic costs it nothing.
    pub fn plant(&self, stage: Stage, after: usize) {
        let (metric, label) = match stage {
            Stage::Source | Stage::Downloader => {
                ("inference_stage_service_seconds", stage.as_str())
            }
            Stage::Ledger => ("inference_delivery_seconds", ""),
            stage => ("inference_stage_wait_seconds", stage.as_str()),
        };
        self.lock().push(Bomb { metric, label, after });
    }

    /// How many have not gone off.
    #[must_use]
    pub fn left(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bomb>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, metric: &str, label: &str) {
        let mut bombs = self.lock();
        let Some(at) = bombs.iter().position(|b| b.metric == metric && b.label == label) else {
            return;
        };
        if bombs[at].after == 0 {
            bombs.remove(at);
            drop(bombs);
            panic!("a bomb went off in {metric} {label}");
        }
        bombs[at].after -= 1;
    }
}

struct Mined {
    inner: Histogram,
    bombs: Bombs,
    values: Values,
    of: (String, String),
}

impl HistogramFn for Mined {
    fn record(&self, value: f64) {
        self.bombs.touch(&self.of.0, &self.of.1);
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.entry(self.of.clone()).or_default().push(value);
        drop(values);
        self.inner.record(value);
    }
}

struct Watched {
    inner: Gauge,
    heights: Heights,
    of: (String, String),
}

impl Watched {
    fn stand(&self, change: impl FnOnce(f64) -> f64) {
        let mut heights = self.heights.lock().unwrap_or_else(PoisonError::into_inner);
        let height = heights.entry(self.of.clone()).or_default();
        height.now = change(height.now);
        height.highest = height.highest.max(height.now);
    }
}

impl GaugeFn for Watched {
    fn increment(&self, value: f64) {
        self.inner.increment(value);
        self.stand(|now| now + value);
    }

    fn decrement(&self, value: f64) {
        self.inner.decrement(value);
        self.stand(|now| now - value);
    }

    fn set(&self, value: f64) {
        self.inner.set(value);
        self.stand(|_| value);
    }
}

fn first_label(key: &Key) -> String {
    key.labels().next().map_or_else(String::new, |label| label.value().to_owned())
}

impl Recorder for TestRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Watched {
            inner: self.inner.register_gauge(key, metadata),
            heights: Arc::clone(&self.heights),
            of: (key.name().to_owned(), first_label(key)),
        }))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Mined {
            inner: self.inner.register_histogram(key, metadata),
            bombs: self.bombs.clone(),
            values: Arc::clone(&self.values),
            of: (key.name().to_owned(), first_label(key)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_name_and_label() {
        let recorder = TestRecorder::default();
        let metrics = recorder.metrics();
        metrics.finished(actors::metrics::Outcome::Parked).increment(2);

        let parked = || recorder.reader().counter("inference_messages_finished_total", "parked");
        assert_eq!((parked(), parked()), (2, 2), "reading changes nothing");
        metrics.finished(actors::metrics::Outcome::Parked).increment(1);
        assert_eq!(parked(), 3);
    }

    #[test]
    fn a_gauges_highest_stand_outlives_its_fall() {
        let recorder = TestRecorder::default();
        let length = recorder.metrics().stage(Stage::Sink).queue_length.clone();
        length.increment(3.0);
        length.decrement(2.0);
        length.increment(1.0);

        assert!((recorder.highest("inference_stage_queue_length", "sink") - 3.0).abs() < 1e-9);
    }

    #[test]
    #[should_panic(expected = "a bomb went off")]
    fn a_bomb_goes_off_when_its_stage_takes_work_up() {
        let recorder = TestRecorder::default();
        let metrics = recorder.metrics();
        recorder.bombs().plant(Stage::Sink, 1);
        metrics.stage(Stage::Downloader).wait.record(0.0);
        metrics.stage(Stage::Sink).wait.record(0.0);
        metrics.stage(Stage::Sink).wait.record(0.0);
    }
}
