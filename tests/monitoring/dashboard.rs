//! The dashboard is one that Grafana takes as it is, on whatever data source.

use std::collections::BTreeSet;

use serde_json::Value;

use super::read;

/// What Grafana knows it by; links lead there.
pub const UID: &str = "inference-manager";

pub fn read_it() -> Value {
    serde_json::from_str(&read("monitoring/dashboard.json")).expect("it is JSON")
}

/// Every query of every panel.
pub fn queries(dashboard: &Value) -> Vec<String> {
    let targets = panels(dashboard).filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.filter_map(|target| target["expr"].as_str()).map(str::to_owned).collect()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().expect("it has panels").iter()
}

#[test]
fn its_identity_and_data_source_do_not_depend_on_where_it_was_made() {
    let dashboard = read_it();

    assert_eq!(dashboard["uid"], UID);
    assert_eq!(dashboard["id"], Value::Null);
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    assert_eq!(dashboard["templating"]["list"][0]["name"], "datasource");
    for panel in panels(&dashboard).filter(|panel| panel["type"] != "row") {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{panel}");
        assert!(!panel["targets"].as_array().is_none_or(Vec::is_empty), "{}", panel["title"]);
    }
}

#[test]
fn its_rows_are_the_questions_that_operators_have() {
    let dashboard = read_it();
    let rows = panels(&dashboard).filter(|panel| panel["type"] == "row");
    let titles: Vec<&str> = rows.filter_map(|row| row["title"].as_str()).collect();

    assert_eq!(
        titles,
        [
            "Service level",
            "Throughput",
            "Stages",
            "Credits and backpressure",
            "Inferrers",
            "Failures",
            "Queue, leases and dependencies",
            "Supervision",
            "Versions",
        ]
    );
}

#[test]
fn no_panel_lies_upon_another() {
    let dashboard = read_it();
    let (mut taken, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        let side = |name: &str| panel["gridPos"][name].as_u64().expect("it has a place");
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} at {x}, {y}", panel["title"]);
            }
        }
        assert!(ids.insert(panel["id"].as_u64().expect("it has an id")), "{}", panel["title"]);
    }
}
