//! What happens while a server is away.

use std::time::Duration;

use tokio::time::Instant;

use crate::stage::images::Answer;
use crate::stage::program::Service;
use crate::stage::proxy::Proxy;
use crate::stage::{Stage, picture, until};

/// How long a cluster is away: a moment, or so many seconds as `./test --all` says.
fn length() -> Duration {
    let seconds = std::env::var("INFERENCE_TEST_OUTAGE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// What a process that waits may grow by, in KiB: sixteen decoded thumbnails and their documents are
/// one or two MiB, an allocator's whims a few.
const FLAT: u64 = 16 << 10;

async fn unready(service: &Service, reason: &str) {
    let told = async || {
        let (status, body) = service.get("/readyz").await;
        (status == 503 && body.contains(reason)).then_some(())
    };
    until("unreadiness, with the reason", told).await;
    assert!(service.get("/metrics").await.1.contains("\ninference_ready 0\n"));
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn while_the_index_is_away_nothing_is_given_back_and_afterwards_it_goes_on_by_itself() {
    let stage = Stage::new().await;
    let way = Proxy::to(&stage.index.url).await;
    stage.images.serve("/small", Answer::ok(picture(16, 16)));
    for n in 0..40 {
        stage.add(&format!("away{n:04}"), &stage.images.url("/small")).await;
    }
    let service = stage.start(&["--elasticsearch-url", &way.url, "--in-flight", "16"]).await;

    way.cut();
    for n in 0..40 {
        stage.send(&format!("away{n:04}")).await;
    }
    unready(&service, "the catalogue does not answer: ").await;
    let memory = service.memory();
    let ends = Instant::now() + length();
    while Instant::now() < ends {
        assert_eq!(
            service.get("/livez").await.0,
            200,
            "an outage is no reason to replace the task"
        );
        let status = stage.status().await.expect("it runs");
        assert!(status["messages"]["inFlight"].as_u64() <= Some(16), "{status}");
        let grown = service.memory().saturating_sub(memory);
        assert!(grown <= FLAT, "{grown} KiB more than when the outage began");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    way.mend();
    stage.settled(40).await;
    until("readiness", async || (service.get("/readyz").await.0 == 200).then_some(())).await;
    let status = stage.status().await.expect("it runs");
    service.drain();

    assert_eq!(status["messages"]["indexed"], 40, "{status}");
    assert_eq!(status["messages"]["released"], 0, "{status}");
    stage.queues_are_empty().await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn while_the_queue_is_away_the_service_waits_and_goes_on_by_itself() {
    let stage = Stage::with_images(&["before01", "after001"]).await;
    let way = Proxy::to(stage.queue.endpoint()).await;
    let service = stage.start_by(&way.url, &[]).await;
    stage.send("before01").await;
    stage.settled(1).await;

    way.cut();
    stage.send("after001").await;
    unready(&service, "the queue does not answer: ").await;
    way.mend();
    stage.settled(2).await;

    service.drain();
    stage.queues_are_empty().await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_host_that_answers_nothing_holds_up_nobody_else() {
    let stage = Stage::new().await;
    stage.images.serve("/never", Answer::ok(Vec::new()).late(Duration::from_hours(1)));
    stage.images.serve("/small", Answer::ok(picture(16, 16)));
    for n in 0..4 {
        stage.add(&format!("never{n:03}"), &stage.images.url("/never")).await;
        stage.send(&format!("never{n:03}")).await;
    }
    for n in 0..20 {
        stage.add(&format!("quick{n:03}"), &stage.images.url("/small")).await;
        stage.send(&format!("quick{n:03}")).await;
    }

    let service = stage.start(&["--drain", "1s"]).await;
    for n in 0..20 {
        stage.appears(&format!("quick{n:03}")).await;
    }
    service.drain();

    assert_eq!(stage.queue.depth(&stage.names.queue).await, 4, "the others are given back");
}
