//! What happens while a server is away.

use std::time::Duration;

use tokio::time::Instant;

use crate::stage::gateway::{Gateway, Trouble};
use crate::stage::images::Answer;
use crate::stage::program::Service;
use crate::stage::proxy::Proxy;
use crate::stage::{LONG_POLL, Stage, picture, until};

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

/// How many pictures may be in flight at once while writes are in trouble.
const IN_FLIGHT: u64 = 16;

/// So few credits are not worth a receive: it waits until a quarter of them is free. How many are left
/// over depends on how many messages each receive brought.
const LEFT_OVER: u64 = IN_FLIGHT / 4 - 1;

/// A service that has indexed sixteen pictures of the usual size, so that its memory is that of one at
/// work, and then has as many more as it receives rendered and waiting for `way` to let a write through.
async fn waiting_to_write(stage: &Stage, way: &Gateway) -> (Service, u64) {
    stage.images.serve("/usual", Answer::ok(picture(400, 300)));
    for n in 0..56 {
        stage.add(&format!("write{n:03}"), &stage.images.url("/usual")).await;
    }
    let service = stage.start(&["--elasticsearch-url", &way.url, "--in-flight", "16"]).await;
    for n in 0..16 {
        stage.send(&format!("write{n:03}")).await;
    }
    stage.settled(16).await;
    let memory = service.memory();

    way.trouble("_bulk", Trouble::Hold);
    for n in 16..56 {
        stage.send(&format!("write{n:03}")).await;
    }
    until("rendered documents without a way", async || {
        let status = stage.status().await?;
        let sink = status["stages"].as_array()?.iter().find(|stage| stage["stage"] == "sink")?;
        (sink["inFlight"].as_u64()? >= IN_FLIGHT - LEFT_OVER).then_some(())
    })
    .await;
    (service, memory)
}

/// Lookups are answered as ever, and each write meets `trouble`, for a while.
async fn writes_meet(trouble: Trouble) {
    let stage = Stage::new().await;
    let way = Gateway::to(&stage.index.url).await;
    let (service, memory) = waiting_to_write(&stage, &way).await;

    way.trouble("_bulk", trouble);
    let is_outage = !matches!(trouble, Trouble::Late(_));
    if is_outage {
        unready(&service, "the index does not answer: ").await;
    }
    let ends = Instant::now() + length();
    while Instant::now() < ends {
        assert_eq!(service.get("/livez").await.0, 200);
        let status = stage.status().await.expect("it runs");
        assert!(status["messages"]["inFlight"].as_u64() <= Some(IN_FLIGHT), "{status}");
        assert!(!is_outage || status["messages"]["indexed"] == 16, "{status}");
        let grown = service.memory().saturating_sub(memory);
        assert!(grown <= FLAT, "{grown} KiB more than before");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    way.mend();
    stage.settled(56).await;
    until("readiness", async || (service.get("/readyz").await.0 == 200).then_some(())).await;
    let status = stage.status().await.expect("it runs");
    service.drained().await;

    assert_eq!(status["messages"]["indexed"], 56, "{status}");
    assert_eq!(status["messages"]["released"], 0, "{status}");
    stage.queues_are_empty().await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn while_the_index_is_away_for_writes_alone_whose_connections_break_all_is_kept() {
    writes_meet(Trouble::Cut).await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn while_the_index_is_away_for_writes_alone_by_429_all_is_kept() {
    writes_meet(Trouble::Status(429)).await;
}

/// Half of what a write may take, so that each succeeds in the end.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn while_the_index_is_away_half_a_minute_for_each_write_all_is_kept() {
    writes_meet(Trouble::Late(length().min(Duration::from_secs(30)))).await;
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
    unready(&service, "the queue does not answer: ").await;
    // The server does not see that whoever waits for a message is gone: it would hand it to nobody, and
    // hide it for a lease.
    tokio::time::sleep(2 * LONG_POLL).await;
    stage.send("after001").await;
    way.mend();
    stage.settled(2).await;

    service.drained().await;
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
    stage.settled(20).await;
    service.drain();

    for n in 0..20 {
        assert!(stage.augmented(&format!("quick{n:03}")).await.is_some());
    }
    assert_eq!(stage.queue.depth(&stage.names.queue).await, 4, "the others are given back");
}
