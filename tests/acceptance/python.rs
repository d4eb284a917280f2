//! The cases of the replaced system's manager in Python, as far as they speak of messages and documents.

use crate::stage::images::Answer;
use crate::stage::{Stage, picture};

/// 502, then the picture: two requests, and it is indexed.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn python_retries_502_then_succeeds() {
    let stage = Stage::new().await;
    stage.images.serve("/flaky", Answer::ok(picture(16, 16)).after(&[502]));
    stage.add("flaky001", &stage.images.url("/flaky")).await;
    stage.send("flaky001").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    service.drain();

    assert_eq!(stage.images.asked(), ["/flaky", "/flaky"]);
    assert!(stage.augmented("flaky001").await.is_some());
}

/// An image that is not there (404) is skipped and counted while its neighbour is indexed.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn python_skips_and_counts_a_404_while_its_neighbour_is_indexed() {
    let stage = Stage::with_images(&["beside01"]).await;
    stage.images.serve("/gone", Answer::status(404));
    stage.add("gone0001", &stage.images.url("/gone")).await;
    stage.send("gone0001").await;
    stage.send("beside01").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    stage.settled(2).await;
    let metrics = service.get("/metrics").await.1;
    service.drain();

    assert_eq!(
        (parked[0].id(), &parked[0].record["class"]),
        ("gone0001".into(), &"not_found".into())
    );
    assert!(metrics.contains("inference_failures_total{class=\"not_found\"} 1"), "{metrics}");
    assert!(stage.augmented("beside01").await.is_some());
}
