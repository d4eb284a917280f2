//! What the service and its commands tell.

use std::process::Command;

use serde_json::Value;

use crate::fixture::{ended, program};
use crate::stage::Stage;
use crate::stage::images::Answer;
use crate::stage::program::Service;

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_finds_nothing_where_everything_is_there_and_changes_nothing() {
    let stage = Stage::with_images(&["checked1"]).await;
    let (topic, _) = stage.queue.topic_with_listener().await;
    stage.index.refresh(&stage.names.initial).await;

    let said = check(&stage, &["--topic-arn", &topic], 0).await;

    for found in [
        "ok       credentials",
        "ok       queue",
        "ok       queue          sqs:DeleteMessage is permitted",
        "ok       dead letters",
        "ok       topic",
        "ok       models         features: efficientnet-lite0-imagenet1k",
        "ok       elasticsearch",
        "ok       images",
        "warning  images         pictures may be fetched from 127.0.0.1/32",
    ] {
        assert!(said.contains(found), "{found:?} is missing in:\n{said}");
    }
    stage.queues_are_empty().await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_names_everything_that_is_wrong_at_once() {
    let stage = Stage::new().await;
    stage.index.delete(&stage.names.augmented).await;
    let vectors = serde_json::json!({"mappings": {"properties": {"state": {"properties": {
        "inferredData": {"properties": {
            "features": {"type": "dense_vector", "dims": 4096, "similarity": "dot_product"},
        }},
    }}}}});
    stage.index.create_with(&stage.names.augmented, &vectors).await;
    let nowhere = format!("{}-nowhere", stage.names.dead_letters);
    let topic = "arn:aws:sns:eu-west-1:000000000000:nowhere";
    let arguments = ["--topic-arn", topic, "--dead-letter-queue-url", &nowhere];

    let said = check(&stage, &arguments, 69).await;

    for found in ["FAILURE  dead letters", "FAILURE  topic", "FAILURE  elasticsearch"] {
        assert!(said.contains(found), "{found:?} is missing in:\n{said}");
    }
    assert!(said.contains("4096") && said.contains("1280"), "{said}");
}

/// In another thread, because the host of pictures is in this one.
async fn check(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let mut command = stage.command_of("check", arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    ended(output.expect("it does not panic").expect("it starts"), code)
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn health_asks_a_running_process() {
    let stage = Stage::new().await;
    let health = |stage: &Stage| {
        let mut command: Command = program();
        command.args(["health", "--admin-address", &stage.address]);
        command.output().expect("it starts")
    };
    let service = stage.start(&[]).await;

    ended(health(&stage), 0);
    service.drain();

    let said = ended(health(&stage), 69);
    assert!(said.contains("does not answer"), "{said}");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn status_is_json_for_programs_and_a_page_for_people() {
    let stage = Stage::with_images(&["status01"]).await;
    let service = stage.start(&[]).await;
    stage.send("status01").await;
    stage.settled(1).await;

    let status = stage.status().await.expect("it runs");
    let page = service.page("/status").await;
    let metrics = service.get("/metrics").await.1;
    service.drain();

    assert_eq!(status["phase"], "running");
    assert_eq!(status["messages"]["indexed"], 1);
    assert_eq!(status["supervision"]["generation"], 1);
    assert_eq!(status["supervision"]["pools"].as_array().map(Vec::len), Some(3));
    let actors = &status["supervision"]["actors"];
    assert_eq!(actors[0], serde_json::json!({"actor": "Source", "restarts": 0, "inMailbox": null}));
    assert_eq!(actors[2]["inMailbox"], 0, "{actors}");
    assert_eq!(status["credits"]["messages"]["total"], 64);
    assert!(metrics.contains("\ninference_ready 1\n"), "{metrics}");
    let idle = "\ninference_cpu_seconds_total{inferrer=\"features\"} 0\n";
    assert!(
        metrics.contains("\ninference_cpu_seconds_total") && !metrics.contains(idle),
        "{metrics}"
    );
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("http-equiv=\"refresh\""),
        "{page}"
    );
    assert!(
        metrics.contains("inference_messages_finished_total{outcome=\"indexed\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn the_last_counts_can_be_scraped_after_the_pipeline_has_ended() {
    let stage = Stage::with_images(&["scraped1"]).await;
    stage.images.serve("/gone", Answer::status(404));
    stage.add("gone0002", &stage.images.url("/gone")).await;
    let service = stage.start(&["--last-scrape", "1h"]).await;
    stage.send("scraped1").await;
    stage.send("gone0002").await;
    stage.settled(2).await;

    service.signal("TERM");
    crate::stage::until("the end", async || {
        (service.get("/readyz").await.1.contains("ended")).then_some(())
    })
    .await;
    let metrics = service.get("/metrics").await.1;
    let said = service.drain();

    assert!(
        metrics.contains("inference_messages_finished_total{outcome=\"indexed\"} 1"),
        "{metrics}"
    );
    let last: Vec<&str> = said.lines().filter(|line| line.contains("pipeline has ended")).collect();
    assert_eq!(last.len(), 1, "{said}");
    assert!(last[0].contains("indexed=1"), "{said}");
    // A process that scales to zero may be scraped by nobody: what was counted is in its log.
    let counted = counted(&metrics);
    assert!(counted.iter().any(|count| count == "inference_failures_total{class=not_found}=1"));
    assert!(counted.iter().any(|count| count.starts_with("inference_cpu_seconds_total{")));
    for count in counted {
        assert!(last[0].contains(&count), "{count} is missing in: {}", last[0]);
    }
}

/// What a scrape tells of the counters that counted something, as the log has it.
fn counted(metrics: &str) -> Vec<String> {
    let samples = metrics.lines().filter_map(|line| line.rsplit_once(' '));
    samples
        .filter(|(series, count)| series.contains("_total") && *count != "0")
        .filter(|(series, _)| !series.starts_with('#'))
        .map(|(series, count)| format!("{}={count}", series.replace('"', "")))
        .collect()
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn every_delivery_is_one_line_of_the_log_at_its_settlement() {
    let stage = Stage::with_images(&["oneline1", "oneline2"]).await;
    stage.images.serve("/gone", Answer::status(404));
    stage.add("oneline3", &stage.images.url("/gone")).await;
    let service = stage.start(&["--log-format", "json"]).await;
    // A duplicate is a delivery of its own.
    for id in ["oneline1", "oneline2", "oneline2", "oneline3"] {
        stage.send(id).await;
    }
    stage.settled(4).await;
    let said = service.drain();

    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut settled: Vec<_> = lines
        .filter(|line| line["message"] == "delivery settled")
        .map(|line| ["id", "outcome", "class"].map(|key| line[key].as_str().map(str::to_owned)))
        .collect();
    settled.sort();
    let line = |id: &str, outcome: &str, class: Option<&str>| {
        [Some(id), Some(outcome), class].map(|text| text.map(str::to_owned))
    };
    let expected = [
        line("oneline1", "indexed", None),
        line("oneline2", "indexed", None),
        line("oneline2", "indexed", None),
        line("oneline3", "parked", Some("not_found")),
    ];
    assert_eq!(settled, expected, "{said}");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_log_that_nobody_reads_holds_up_no_message() {
    let ids: Vec<String> = (0..40).map(|n| format!("unread{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let stage = Stage::with_images(&ids).await;
    // More in its first second than a pipe holds.
    let command = stage.command(&["--log-level", "trace"]);
    let mut service = Service::unheard(command, &stage.address);
    service.ready().await;

    for id in &ids {
        stage.send(id).await;
    }
    stage.settled(ids.len()).await;

    service.signal("TERM");
    assert_eq!(service.code().await, Some(0));
}
