//! The metrics as Prometheus reads them: every declared metric with its help, type and buckets.

use std::fmt::Write;

use actors::metrics::MICROSECONDS_PER_SECOND;
use actors::metrics::catalogue::{CATALOGUE, Kind};
use metrics::Recorder;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Renders what its recorder has recorded. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Exposition(PrometheusHandle);

impl Exposition {
    /// An exposition, and the recorder that feeds it.
    ///
    /// # Panics
    /// Never: a histogram without buckets would be one, and the catalogue's tests know of none.
    #[must_use]
    pub fn new() -> (Self, impl Recorder + Send + Sync) {
        let buckets = CATALOGUE.iter().filter(|metric| metric.kind == Kind::Histogram);
        let builder = buckets.fold(PrometheusBuilder::new(), |builder, metric| {
            builder
                .set_buckets_for_metric(
                    Matcher::Full(metric.name.to_owned()),
                    metric.buckets.bounds,
                )
                .expect("every histogram of the catalogue has buckets")
        });
        let recorder = builder.build_recorder();
        for metric in CATALOGUE {
            let (name, help) = (metric.name.into(), metric.help.trim().into());
            match metric.kind {
                Kind::Counter | Kind::Seconds => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram => recorder.describe_histogram(name, None, help),
            }
        }
        (Self(recorder.handle()), recorder)
    }

    /// The text that a scrape answers, in the text format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        in_seconds(&self.0.render())
    }

    /// Moves what the histograms recorded into their buckets. To be called now and then: until then
    /// every value is kept.
    pub fn collect(&self) {
        self.0.run_upkeep();
    }
}

/// Divides the samples of the counters of seconds, which count microseconds.
fn in_seconds(text: &str) -> String {
    let mut exposed = String::with_capacity(text.len());
    for line in text.lines() {
        let end_of_name = line.find(['{', ' ']).unwrap_or(line.len());
        let counts_seconds = CATALOGUE
            .iter()
            .any(|metric| metric.kind == Kind::Seconds && metric.name == &line[..end_of_name]);
        let sample = line.rsplit_once(' ').filter(|_| counts_seconds);
        let written = match sample.and_then(|(key, value)| Some((key, value.parse::<f64>().ok()?)))
        {
            Some((key, value)) => writeln!(exposed, "{key} {}", value / MICROSECONDS_PER_SECOND),
            None => writeln!(exposed, "{line}"),
        };
        written.expect("writing to a String cannot fail");
    }
    exposed
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actors::failure::Stage;
    use actors::metrics::{InferrerMetrics, Metrics, Outcome, readiness, tell_build, tell_model};
    use models::ModelSet;

    use super::*;
    use crate::adapters::model_inferrers;

    #[test]
    fn every_declared_metric_is_exposed_with_help_and_type_before_anything_happens() {
        let text = of_a_fresh_process();

        for metric in CATALOGUE {
            for part in [
                format!("# HELP {} {}", metric.name, metric.help.trim()),
                format!("# TYPE {} ", metric.name),
                format!("\n{}", metric.name),
            ] {
                assert!(text.contains(&part), "{part:?} is missing in:\n{text}");
            }
        }
    }

    /// Every series costs a Prometheus memory in every process, and one for each picture, host or URL
    /// would be without end. Half of them are buckets of the stages; another
    /// inferrer brings thirty.
    #[test]
    fn a_process_with_the_default_inferrers_exposes_a_few_hundred_series() {
        let text = of_a_fresh_process();
        let series = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert!((300..=600).contains(&series), "{series} series:\n{text}");
    }

    /// What a process exposes that has everything registered and has done nothing.
    fn of_a_fresh_process() -> String {
        let (exposition, recorder) = Exposition::new();
        let _metrics = Metrics::new(&recorder);
        let _ready = readiness(&recorder);
        tell_build(&recorder, "1.0", "abc");
        for inferrer in ModelSet::bundled().unwrap().inferrers() {
            let spec = model_inferrers::spec(inferrer.manifest(), "ab");
            let _inferrer = InferrerMetrics::new(&recorder, &spec.name);
            tell_model(&recorder, &spec);
        }
        exposition.render()
    }

    #[test]
    fn seconds_are_exposed_as_seconds_and_counts_as_they_are() {
        let (exposition, recorder) = Exposition::new();
        let metrics = Metrics::new(&recorder);
        metrics.stage(Stage::Source).backpressure.add(Duration::from_millis(1500));
        metrics.finished(Outcome::Indexed).increment(3);
        metrics.stage(Stage::Sink).service.record(0.2);

        let text = exposition.render();

        for line in [
            "inference_backpressure_seconds_total{stage=\"source\"} 1.5",
            "inference_messages_finished_total{outcome=\"indexed\"} 3",
            "inference_stage_service_seconds_bucket{stage=\"sink\",le=\"0.3\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is missing in:\n{text}");
        }
    }
}
