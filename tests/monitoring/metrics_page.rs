//! docs/metrics.md is made of the catalogue; with `UPDATE_DOCS=1` it is written anew.

use std::fmt::Write;

use actors::metrics::catalogue::{CATALOGUE, Declaration, Kind};

use super::{label_values, path_of, read};

const PAGE: &str = "docs/metrics.md";

#[test]
fn the_page_of_metrics_is_that_of_the_catalogue() {
    let page = page(CATALOGUE);

    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path_of(PAGE), &page).expect("it can be written");
    }

    assert!(
        read(PAGE) == page,
        "{PAGE} is not current: UPDATE_DOCS=1 cargo test --release --workspace --test monitoring"
    );
}

#[test]
fn a_metric_that_changes_changes_the_page() {
    let mut changed = CATALOGUE.to_vec();
    changed[0].help = "Something else.";

    assert_ne!(page(&changed), page(CATALOGUE));
    assert_ne!(page(&CATALOGUE[1..]), page(CATALOGUE));
}

/// The prose, with the tables in it.
fn page(catalogue: &[Declaration]) -> String {
    read("tests/monitoring/metrics_page.md")
        .replace("<!-- groups -->\n", &groups(catalogue))
        .replace("<!-- buckets -->\n", &buckets(catalogue))
}

/// A table for each group.
fn groups(catalogue: &[Declaration]) -> String {
    let mut text = String::new();
    for group in catalogue.chunk_by(|one, next| one.group == next.group) {
        let title = group[0].group;
        write!(
            text,
            "### {title}\n\n| name | kind | labels | tells |\n| --- | --- | --- | --- |\n"
        )
        .expect("a String takes it");
        for metric in group {
            let Declaration { name, kind, help, .. } = metric;
            let (kind, labels, help) = (kind_of(*kind), labels_of(metric), help.trim());
            writeln!(text, "| `{name}` | {kind} | {labels} | {help} |").expect("a String takes it");
        }
        text.push('\n');
    }
    text
}

fn kind_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter | Kind::Seconds => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

fn labels_of(metric: &Declaration) -> String {
    let known = |label: &&str| match label_values::of(metric, label) {
        // The failure classes stand in a table of their own, and everybody knows them.
        Some(values) if values.len() > 10 => format!("`{label}`"),
        Some(values) => format!("`{label}`: {}", values.join(", ")),
        None => format!("`{label}`"),
    };
    metric.labels.iter().map(known).collect::<Vec<_>>().join("; ")
}

/// A table of the histograms' buckets.
fn buckets(catalogue: &[Declaration]) -> String {
    let mut text = "| histogram | upper bounds | why these |\n| --- | --- | --- |\n".to_owned();
    for Declaration { name, buckets, .. } in
        catalogue.iter().filter(|metric| metric.kind == Kind::Histogram)
    {
        let bounds = buckets.bounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        writeln!(text, "| `{name}` | {bounds} | {} |", buckets.reason).expect("a String takes it");
    }
    text
}
