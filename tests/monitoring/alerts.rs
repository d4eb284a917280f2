//! Every alert says what to do about it, and is tried both ways.

use std::collections::{BTreeMap, BTreeSet};

use actors::pool::PoolSettings;
use actors::supervision::guardian::GuardianSettings;
use regex::Regex;

use super::{dashboard, read};

/// The alarms of `CloudWatch`, of what no process can tell, by their entries in docs/operations.md.
const ALARMS: [&str; 5] =
    ["oldest-message-age", "dead-letters", "no-progress", "in-flight-quota", "missing-tasks"];

/// The parts of an entry in the runbook.
const PARTS: [&str; 5] =
    ["**Meaning.**", "**First look.**", "**Likely causes.**", "**Do.**", "**Do not.**"];

#[test]
fn every_alert_has_a_severity_a_summary_a_description_and_links() {
    let rules = read("monitoring/alerts.yaml");
    let alerts = alerts(&rules);
    assert!(alerts.len() > 10, "the alerts were not found");

    for (name, rule) in &alerts {
        let runbook = format!("runbook_url: docs/runbook.md#{}\n", name.to_lowercase());
        let dashboard = format!("dashboard_url: /d/{}\n", dashboard::UID);
        let severity = ["severity: critical\n", "severity: warning\n"];
        assert_eq!(severity.iter().filter(|one| rule.contains(*one)).count(), 1, "{name}");
        for part in ["expr: ", "summary: ", "description: ", &runbook, &dashboard] {
            assert!(rule.contains(part), "{name} lacks {part}");
        }
    }
}

#[test]
fn every_alert_is_tested_firing_and_silent() {
    let rules = read("monitoring/alerts.yaml");
    let expected: BTreeSet<&str> = alerts(&rules).into_keys().collect();

    let (firing, silent) = tested(&read("monitoring/alerts_test.yaml"));

    assert_eq!(firing.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    assert_eq!(silent.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
}

#[test]
fn what_is_tested_is_read_from_the_cases() {
    let case = "      - alertname: A\n        eval_time: 1m\n        exp_alerts: []\n\
                \x20     - alertname: B\n        exp_alerts:\n          - exp_labels: {a: b}\n";
    let (firing, silent) = tested(case);

    assert_eq!((firing, silent), (BTreeSet::from(["B".into()]), BTreeSet::from(["A".into()])));
}

#[test]
fn the_runbook_has_one_whole_entry_for_every_alert_and_leads_to_every_alarm() {
    let (rules, runbook) = (read("monitoring/alerts.yaml"), read("docs/runbook.md"));
    let entries: Vec<(&str, &str)> = runbook
        .split("\n### ")
        .skip(1)
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(name, entry)| (name, entry.split("\n## ").next().unwrap_or_default()))
        .collect();

    let names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
    let expected: BTreeSet<&str> = alerts(&rules).into_keys().collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), expected);
    assert_eq!(names.len(), expected.len(), "an entry stands twice");
    for (name, entry) in entries {
        for part in PARTS {
            assert_eq!(entry.matches(part).count(), 1, "{name}: {part}");
        }
    }
    for alarm in ALARMS {
        assert!(runbook.contains(&format!("(operations.md#{alarm})")), "{alarm}");
    }
}

#[test]
fn half_a_restart_budget_is_half_of_what_supervision_permits() {
    let rules = read("monitoring/alerts.yaml");
    let alerts = alerts(&rules);
    let halves = [
        ("GenerationsReplaced", GuardianSettings::default().restarts / 2),
        ("WorkersReplaced", PoolSettings::default().restarts / 2),
    ];
    for (name, half) in halves {
        let expr = alerts[name].split("labels:").next().unwrap_or_default();
        assert!(expr.contains("[2m])") && expr.contains(&format!(" > {half}\n")), "{name}: {expr}");
    }
}

/// The text of each alert, by name.
fn alerts(rules: &str) -> BTreeMap<&str, &str> {
    rules.split("- alert: ").skip(1).filter_map(|rule| rule.split_once('\n')).collect()
}

/// The alerts with a case in which they fire, and those with one in which they do not.
fn tested(cases: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let case = Regex::new(
        r"alertname: (\w+)\n(?:\s+eval_time: \w+\n)?\s+exp_alerts:(?: (\[\])|\n\s+- exp_labels:)",
    )
    .expect("it is one");
    let (silent, firing): (Vec<_>, Vec<_>) =
        case.captures_iter(cases).partition(|found| found.get(2).is_some());
    let names = |found: Vec<regex::Captures<'_>>| {
        found.iter().map(|one| one[1].to_owned()).collect::<BTreeSet<_>>()
    };
    (names(firing), names(silent))
}
