//! What a stop leaves behind.

use std::time::Duration;

use crate::stage::images::Answer;
use crate::stage::{Stage, picture, until};

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
    let service = stage.start(&["--in-flight", "16", "--drain", "2s"]).await;
    in_flight(&stage, 16).await;

    let said = service.drain();

    assert!(said.contains("the pipeline has ended"), "{said}");
    assert_eq!(stage.queue.hidden(&stage.names.queue).await, 0, "messages stay hidden: {said}");
    let counts = stage.queue.receive_counts(&stage.names.queue).await;
    assert_eq!(counts.len(), 30, "messages are lost or not visible");
    assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
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

    assert_eq!(service.code(), Some(1));
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
