//! The cases of the replaced system's storage library, which its pipeline stages shared: what becomes of
//! results, and of the message whose results they are.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::model_without_offsets::without_offsets;
use crate::stage::gateway::{Gateway, Trouble};
use crate::stage::images::Answer;
use crate::stage::{Stage, picture, until};

/// A PNG of one colour.
fn plain(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    picture.write_to(&mut bytes, ImageFormat::Png).expect("memory can be written");
    bytes.into_inner()
}

/// Several results for one input: all of them are in its document, and its id is sent on once.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_20_ingests_several_results_for_one_input_and_sends_it_on_once() {
    let stage = Stage::with_images(&["several1"]).await;
    let (topic, listener) = stage.queue.topic_with_listener().await;
    stage.send("several1").await;

    let service = stage.start(&["--topic-arn", &topic]).await;
    stage.settled(1).await;
    service.drain();

    let document = stage.augmented("several1").await.expect("it is indexed");
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys
    };
    let results = ["aspectRatio", "averageColorHex", "features", "paletteEmbedding"];
    assert_eq!(keys(&document["state"]["inferredData"]), results);
    assert_eq!(keys(&document["state"]["inferenceModels"]), results);
    assert_eq!(stage.queue.bodies(&listener).await, ["several1"]);
    stage.queues_are_empty().await;
}

/// One of several documents cannot be ingested: its message is kept, as it was, on the dead-letter queue,
/// nothing of it is in the index, and its neighbours are.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_21_keeps_the_message_of_a_result_that_fails_to_be_ingested() {
    let stage = Stage::with_images(&["fits0001", "strange1", "fits0002"]).await;
    let anything = json!({"type": "object", "enabled": false});
    let declared = json!({
        "version": {"type": "long"}, "modifiedTime": {"type": "date"},
        "state": anything, "locations": anything, "source": anything,
    });
    stage.index.delete(&stage.names.augmented).await;
    let strict = json!({"mappings": {"dynamic": "strict", "properties": declared}});
    stage.index.create_with(&stage.names.augmented, &strict).await;
    let mut strange = stage.initial("strange1").await;
    strange["undeclared"] = json!(1);
    stage.index.put(&stage.names.initial, "strange1", &strange, 2).await;
    for id in ["fits0001", "strange1", "fits0002"] {
        stage.send(id).await;
    }

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    stage.settled(3).await;
    service.drain();

    assert_eq!(parked[0].body, json!({"Message": "strange1"}).to_string());
    assert_eq!(parked[0].record["class"], "document_rejected");
    assert!(stage.augmented("strange1").await.is_none());
    for id in ["fits0001", "fits0002"] {
        assert!(stage.augmented(id).await.is_some(), "{id} is missing");
    }
    stage.queue_is_empty().await;
}

/// One of two ids cannot be sent on: its message is kept although its document is ingested; the other's
/// message is gone.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_22_keeps_the_message_of_a_result_that_fails_to_be_sent_on() {
    let stage = Stage::with_images(&["onward01", "unsent01"]).await;
    let (topic, listener) = stage.queue.topic_with_listener().await;
    let amazon = Gateway::to(stage.queue.endpoint()).await;
    amazon.trouble("Message=unsent01", Trouble::Status(500));
    let service = stage.start_by(&amazon.url, &["--topic-arn", &topic, "--drain", "2s"]).await;

    stage.send("onward01").await;
    stage.settled(1).await;
    stage.send("unsent01").await;
    stage.appears("unsent01").await;
    let away = async || (service.get("/readyz").await.1.contains("the topic")).then_some(());
    until("the topic's outage", away).await;
    let said = service.drained().await;

    assert!(said.contains("indexed=1") && said.contains("released=1"), "{said}");
    assert_eq!(stage.queue.bodies(&listener).await, ["onward01"]);
    assert_eq!(stage.queue.depth(&stage.names.queue).await, 1, "it is back on the queue");
    assert_eq!(stage.queue.depth(&stage.names.dead_letters).await, 0);
}

/// Nothing comes of a message, which here is so when the index has a newer document: nothing is ingested,
/// and the message is deleted.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_23_deletes_the_message_when_there_is_nothing_to_ingest() {
    let stage = Stage::with_images(&["nothing1"]).await;
    let newer = json!({"state": {"canonicalId": "nothing1"}});
    stage.index.put(&stage.names.augmented, "nothing1", &newer, i64::MAX / 2).await;
    let before = stage.index.described(&stage.names.augmented).await;
    stage.send("nothing1").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    service.drain();

    let after = stage.index.described(&stage.names.augmented).await;
    assert_eq!((&after["count"], &after["index"]), (&before["count"], &before["index"]));
    assert_eq!(stage.augmented("nothing1").await, Some(newer));
    stage.queues_are_empty().await;
}

/// What is needed for the work throws on the last receive: the message is kept, on the dead-letter queue,
/// with its body unchanged.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_24_keeps_the_message_if_processing_throws() {
    let stage = Stage::with_receives(1).await;
    stage.images.serve("/throws", Answer::status(503));
    stage.add("throws01", &stage.images.url("/throws")).await;
    stage.send("throws01").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    service.drain();

    assert_eq!(parked[0].body, json!({"Message": "throws01"}).to_string());
    assert_eq!(parked[0].record["class"], "http_unavailable");
    assert!(stage.augmented("throws01").await.is_none());
    stage.queue_is_empty().await;
}

/// Processing fails and receives are left: the message is kept on its queue, and worked off once the
/// failure has passed.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_26_keeps_the_message_if_processing_fails() {
    let stage = Stage::new().await;
    let passing = Answer::ok(picture(16, 16)).after(&[503, 503, 503]);
    stage.images.serve("/fails", passing);
    stage.add("fails001", &stage.images.url("/fails")).await;
    stage.send("fails001").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    let status = stage.status().await.expect("it runs");
    service.drain();

    let count = |name: &str| status["messages"][name].as_u64();
    let told = [count("released"), count("indexed"), count("parked")];
    assert_eq!(told, [Some(1), Some(1), Some(0)], "{status}");
    assert!(stage.augmented("fails001").await.is_some());
    stage.queues_are_empty().await;
}

/// The inferrers' answers on many images at once: each image's document has its own, from all of them.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_29_regroups_results_by_the_message_that_they_belong_to() {
    let stage = Stage::new().await;
    let shade = |n: u32| u8::try_from(10 * n).expect("below 256");
    for n in 1..=20 {
        let path = format!("/{n}.png");
        stage.images.serve(&path, Answer::ok(plain(10 * n, 10, [shade(n), 0, 255 - shade(n)])));
        stage.add(&format!("group{n:03}"), &stage.images.url(&path)).await;
        stage.send(&format!("group{n:03}")).await;
    }

    let service = stage.start(&[]).await;
    stage.settled(20).await;
    service.drain();

    for n in 1..=20 {
        let document = stage.augmented(&format!("group{n:03}")).await.expect("it is indexed");
        let inferred = &document["state"]["inferredData"];
        assert_eq!(inferred["aspectRatio"].as_f64(), Some(f64::from(n)), "another image's ratio");
        let colour = format!("#{:02x}00{:02x}", shade(n), 255 - shade(n));
        assert_eq!(inferred["averageColorHex"], colour, "another image's colour");
        assert_eq!(inferred["features"].as_array().map(Vec::len), Some(1280));
    }
    stage.queues_are_empty().await;
}

/// One inferrer has no answer on an image and the others have: nothing of it is ingested, its neighbour is.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_30_filters_out_incomplete_groups_of_results() {
    let set = tempfile::tempdir().expect("a temporary folder");
    without_offsets(set.path());
    let stage = Stage::with_images(&["whole001"]).await;
    stage.images.serve("/grey", Answer::ok(plain(64, 48, [127; 3])));
    stage.add("partial1", &stage.images.url("/grey")).await;
    stage.send("partial1").await;
    stage.send("whole001").await;

    let service = stage.start(&["--models", &set.path().display().to_string()]).await;
    let parked = stage.parked(1).await;
    stage.settled(2).await;
    service.drain();

    assert_eq!(parked[0].record["class"], "invalid_output");
    assert!(stage.augmented("partial1").await.is_none(), "a part of it is in the index");
    assert!(stage.augmented("whole001").await.is_some());
    stage.queue_is_empty().await;
}

/// Many messages that wait are looked up together, in fewer requests than there are messages.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_33_retrieves_many_documents_together() {
    let stage = Stage::new().await;
    stage.images.serve("/small.png", Answer::ok(picture(16, 16)));
    for n in 0..30 {
        stage.add(&format!("lookup{n:02}"), &stage.images.url("/small.png")).await;
        stage.send(&format!("lookup{n:02}")).await;
    }
    let cluster = Gateway::to(&stage.index.url).await;

    let service = stage.start(&["--elasticsearch-url", &cluster.url]).await;
    stage.settled(30).await;
    service.drained().await;

    let lookups = cluster.asked("_mget");
    assert!(lookups < 30, "{lookups} lookups of 30 documents");
    for n in 0..30 {
        assert!(stage.augmented(&format!("lookup{n:02}")).await.is_some(), "{n} is missing");
    }
    stage.queues_are_empty().await;
}

/// Of many that are looked up some are not there: those alone fail.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_34_filters_out_the_documents_that_are_not_retrieved() {
    let stage = Stage::with_receives(1).await;
    stage.images.serve("/small.png", Answer::ok(picture(16, 16)));
    for n in 0..10 {
        let id = format!("sought{n:02}");
        if n % 3 != 0 {
            stage.add(&id, &stage.images.url("/small.png")).await;
        }
        stage.send(&id).await;
    }

    let service = stage.start(&[]).await;
    let parked = stage.parked(4).await;
    stage.settled(10).await;
    service.drain();

    for n in 0..10 {
        let id = format!("sought{n:02}");
        assert_eq!(stage.augmented(&id).await.is_some(), n % 3 != 0, "{id}");
        let letter = parked.iter().find(|letter| letter.id() == id);
        let class = letter.map(|letter| letter.record["class"].clone());
        assert_eq!(class, (n % 3 == 0).then(|| json!("unknown_image")), "{id}");
    }
    stage.queue_is_empty().await;
}
