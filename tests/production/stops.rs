//! What a stop leaves behind.

use std::time::Duration;

use tokio::time::Instant;

use crate::stage::gateway::Gateway;
use crate::stage::images::Answer;
use crate::stage::{Stage, picture, until};

/// What ECS leaves of its 60 s beyond the drain's 25 s and the last scrape's 15 s.
const TO_SPARE: Duration = Duration::from_secs(20);

/// With so many messages of which none can be finished, and some of them received.
async fn busy(messages: usize) -> Stage {
    let stage = Stage::new().await;
    let late = Answer::ok(picture(16, 16)).late(Duration::from_secs(25));
    stage.images.serve("/late", late);
    for n in 0..messages {
        stage.add(&format!("late{n:04}"), &stage.images.url("/late")).await;
        stage.send(&format!("late{n:04}")).await;
    }
    stage
}

async fn in_flight(stage: &Stage, at_least: u64) {
    until("work in flight", async || {
        let status = stage.status().await?;
        (status["messages"]["inFlight"].as_u64()? >= at_least).then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn what_a_stop_cannot_wait_for_is_visible_again_and_cost_one_receive_at_most() {
    let stage = busy(30).await;
    let sqs = Gateway::to(stage.queue.endpoint()).await;
    let (drain, last_scrape) = (Duration::from_secs(2), Duration::from_secs(2));
    let arguments = ["--in-flight", "16", "--drain", "2s", "--last-scrape", "2s"];
    let service = stage.start_by(&sqs.url, &arguments).await;
    in_flight(&stage, 16).await;
    assert_eq!(sqs.under_way("ReceiveMessage"), 0, "no credit is left to receive with");
    let receives = sqs.asked("ReceiveMessage");
    let signalled = Instant::now();

    let said = service.drained().await;

    let took = signalled.elapsed();
    assert!(took < drain + last_scrape + TO_SPARE, "it took {took:?}: {said}");
    assert_eq!(sqs.asked("ReceiveMessage"), receives, "it received after the signal: {said}");
    assert!(said.contains("the pipeline has ended"), "{said}");
    assert_eq!(stage.queue.hidden(&stage.names.queue).await, 0, "messages stay hidden: {said}");
    let counts = stage.queue.receive_counts(&stage.names.queue).await;
    assert_eq!(counts.len(), 30, "messages are lost or not visible");
    assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn what_a_receive_under_way_brings_after_the_signal_is_visible_again_at_once() {
    let stage = Stage::with_images(&["tardy001"]).await;
    let sqs = Gateway::to(stage.queue.endpoint()).await;
    let service = stage.start_by(&sqs.url, &["--long-poll", "20s"]).await;
    let under_way = async || (sqs.under_way("ReceiveMessage") == 1).then_some(());
    until("a receive under way", under_way).await;
    let receives = sqs.asked("ReceiveMessage");

    service.signal("TERM");
    until("draining", async || (service.get("/readyz").await.1.contains("draining")).then_some(()))
        .await;
    stage.send("tardy001").await;
    let said = service.ends().await;

    assert!(said.contains("received=1") && said.contains("released=1"), "{said}");
    assert_eq!(sqs.asked("ReceiveMessage"), receives, "it received after the signal: {said}");
    assert_eq!(stage.queue.hidden(&stage.names.queue).await, 0, "it stays hidden: {said}");
    assert_eq!(stage.queue.receive_counts(&stage.names.queue).await, [1]);
    assert!(stage.images.asked().is_empty(), "it was worked on: {said}");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_second_signal_ends_the_process_at_once() {
    let stage = busy(5).await;
    let mut service = stage.start(&[]).await;
    in_flight(&stage, 5).await;

    service.signal("TERM");
    until("draining", async || (service.get("/readyz").await.1.contains("draining")).then_some(()))
        .await;
    service.signal("TERM");

    assert_eq!(service.code().await, Some(1));
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_service_that_is_killed_loses_nothing_and_two_share_a_queue() {
    let stage = Stage::new().await;
    stage.images.serve("/small", Answer::ok(picture(16, 16)).late(Duration::from_millis(300)));
    let ids: Vec<String> = (0..60).map(|n| format!("share{n:03}")).collect();
    for id in &ids {
        stage.add(id, &stage.images.url("/small")).await;
        stage.send(id).await;
    }
    let killed = stage.start(&["--in-flight", "8"]).await;
    in_flight(&stage, 1).await;
    let other = stage.start_beside(&["--in-flight", "8"]).await;

    killed.kill();
    // What it held comes back when its leases run out, after a minute.
    for id in &ids {
        stage.appears(id).await;
    }
    other.drain();

    stage.queues_are_empty().await;
}
