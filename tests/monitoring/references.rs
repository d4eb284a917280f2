//! What dashboard, alerts and texts name, the catalogue declares; and what it declares, somebody looks at.

use std::collections::BTreeSet;

use actors::failure::Class;
use actors::metrics::catalogue::{CATALOGUE, Declaration, Kind};
use regex::Regex;

use super::{dashboard, label_values, read};

const TEXTS: [&str; 6] = [
    "monitoring/alerts.yaml",
    "monitoring/alerts_test.yaml",
    "monitoring/dashboard.json",
    "docs/metrics.md",
    "docs/runbook.md",
    "ARCHITECTURE.md",
];

#[test]
fn every_metric_that_is_named_is_in_the_catalogue() {
    for name in TEXTS {
        assert_eq!(unknown_metrics(&read(name)), BTreeSet::new(), "{name}");
    }
    assert_eq!(unknown_metrics("rate(inference_batch_size_sum[5m])").len(), 0);
    assert_eq!(unknown_metrics("rate(inference_batch_sizes[5m])").len(), 1);
    assert_eq!(unknown_metrics("inference_ready_bucket").len(), 1);
}

#[test]
fn every_label_and_value_that_is_asked_for_exists() {
    let queries = dashboard::queries(&dashboard::read_it()).join("\n");
    for text in [read("monitoring/alerts.yaml"), read("docs/metrics.md"), queries] {
        assert_eq!(impossible_matchers(&text), Vec::<String>::new());
    }
    let complaints = |text| impossible_matchers(text).len();
    assert_eq!(complaints("inference_failures_total{class=\"forgotten\"}"), 1);
    assert_eq!(complaints("inference_failures_total{class=~\"denied|forgotten\"}"), 1);
    assert_eq!(complaints("inference_failures_total{stage=\"sink\"}"), 1);
    assert_eq!(complaints("inference_batch_size_bucket{le=~\"3|4.0\"}"), 1);
}

/// A metric that nobody looks at costs and tells nobody anything.
#[test]
fn every_metric_of_the_catalogue_is_on_the_dashboard_or_in_an_alert() {
    let queries = dashboard::queries(&dashboard::read_it()).join("\n");
    let looked_at = read("monitoring/alerts.yaml") + &queries;
    let known = metrics_in(&looked_at);
    for metric in CATALOGUE {
        assert!(known.contains(metric.name), "nobody looks at {}", metric.name);
    }
}

fn unknown_metrics(text: &str) -> BTreeSet<String> {
    let classes: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
    let declared = |name: &String| CATALOGUE.iter().any(|metric| metric.name == name);
    let unknown = metrics_in(text).into_iter();
    unknown.filter(|name| !declared(name) && !classes.contains(&name.as_str())).collect()
}

/// Names of metrics; those of a histogram's parts are the histogram's.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\binference_[a-z0-9_]+").expect("it is one");
    name.find_iter(text).map(|found| whole(found.as_str()).to_owned()).collect()
}

fn whole(name: &str) -> &str {
    let of_histogram = |suffix| {
        let whole = name.strip_suffix(suffix)?;
        CATALOGUE.iter().find(|m| m.kind == Kind::Histogram && m.name == whole).map(|_| whole)
    };
    ["_bucket", "_sum", "_count"].into_iter().find_map(of_histogram).unwrap_or(name)
}

fn impossible_matchers(text: &str) -> Vec<String> {
    let selector = Regex::new(r"(inference_\w+)\s*\{([^{}]*)\}").expect("it is one");
    let matcher = Regex::new(r#"(\w+)\s*[=!]~?\s*"([^"]*)""#).expect("it is one");
    let mut complaints = Vec::new();
    for found in selector.captures_iter(text) {
        let name = whole(&found[1]);
        let metric = CATALOGUE.iter().find(|metric| metric.name == name).expect("it is declared");
        for asked in matcher.captures_iter(&found[2]) {
            let possible = asked[2].split('|').all(|value| is_possible(metric, &asked[1], value));
            complaints.extend((!possible).then(|| format!("{name} has no {}", &asked[0])));
        }
    }
    complaints
}

fn is_possible(metric: &Declaration, label: &str, value: &str) -> bool {
    match label {
        "instance" | "job" => true,
        "le" => metric.buckets.bounds.iter().any(|bound| value.parse() == Ok(*bound)),
        _ if !metric.labels.contains(&label) => false,
        _ => label_values::of(metric, label).is_none_or(|values| values.contains(&value)),
    }
}
