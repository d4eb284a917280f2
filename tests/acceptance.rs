//! The acceptance cases of the replaced system, over real servers: each test is named after its case and
//! says in its first line what the case asked for. `docs/acceptance.md` lists them all, with those that
//! are tested elsewhere or left out, and why.

#[path = "program/fixture.rs"]
mod fixture;
#[path = "program/model_without_offsets.rs"]
mod model_without_offsets;
#[path = "production/stage.rs"]
mod stage;

#[path = "acceptance/python.rs"]
mod python;
#[path = "acceptance/storage.rs"]
mod storage;

use serde_json::json;
use stage::images::Answer;
use stage::{Stage, picture};

/// Five images, each result matched to its own image; the queues are empty at the end.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_1_reads_image_messages_and_augments_them_with_the_inferrers() {
    let stage = Stage::new().await;
    for side in 1..=5 {
        stage.images.serve(&format!("/{side}.png"), Answer::ok(picture(10 * side, 10)));
        stage.add(&format!("image{side:03}"), &stage.images.url(&format!("/{side}.png"))).await;
    }

    let service = stage.start(&[]).await;
    for side in 1..=5 {
        stage.send(&format!("image{side:03}")).await;
    }
    stage.settled(5).await;
    service.drain();

    for side in 1..=5 {
        let document = stage.augmented(&format!("image{side:03}")).await.expect("it is indexed");
        let ratio = document["state"]["inferredData"]["aspectRatio"].as_f64();
        assert_eq!(ratio, Some(f64::from(side)), "the result belongs to another image: {document}");
    }
    stage.queues_are_empty().await;
}

/// The same id three times: one document, and the queues are empty.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_2_correctly_handles_messages_that_are_received_more_than_once() {
    let stage = Stage::with_images(&["swms7qdx"]).await;
    for _ in 0..3 {
        stage.send("swms7qdx").await;
    }

    let service = stage.start(&[]).await;
    stage.settled(3).await;
    service.drain();

    let inferred =
        &stage.augmented("swms7qdx").await.expect("it is indexed")["state"]["inferredData"];
    assert_eq!(inferred["features"].as_array().map(Vec::len), Some(1280), "the bundled model's");
    assert_eq!(inferred["paletteEmbedding"].as_array().map(Vec::len), Some(1000));
    assert_eq!(inferred["averageColorHex"].as_str().map(str::len), Some(7));
    assert!(inferred["aspectRatio"].is_number());
    stage.queues_are_empty().await;
}

/// Three images that inference cannot take: three messages on the dead-letter queue.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_3_places_images_that_fail_inference_on_the_dead_letter_queue() {
    let stage = Stage::new().await;
    let whole = picture(64, 64);
    let broken = [
        ("truncated", whole[..whole.len() / 2].to_vec(), "corrupt_image"),
        ("nopicture", b"<html>".to_vec(), "unsupported_format"),
        ("emptiness", Vec::new(), "empty_body"),
    ];
    for (id, bytes, _) in &broken {
        stage.images.serve(&format!("/{id}"), Answer::ok(bytes.clone()));
        stage.add(id, &stage.images.url(&format!("/{id}"))).await;
        stage.send(id).await;
    }

    let service = stage.start(&[]).await;
    let parked = stage.parked(3).await;
    service.drain();

    for (id, _, class) in broken {
        let letter = parked.iter().find(|letter| letter.id() == id).expect("it is parked");
        assert_eq!(letter.record["class"], class);
        assert_eq!(letter.record["url"], stage.images.url(&format!("/{id}")));
        assert!(stage.augmented(id).await.is_none());
    }
    stage.queue_is_empty().await;
}

/// Images on which the model answers zeros: on the dead-letter queue; their neighbours are indexed.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_3_places_images_with_useless_answers_on_the_dead_letter_queue() {
    let set = tempfile::tempdir().expect("a temporary folder");
    model_without_offsets::without_offsets(set.path());
    let stage = Stage::with_images(&["useful01", "useful02"]).await;
    let grey = image::RgbImage::from_pixel(64, 48, image::Rgb([127; 3]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut bytes, image::ImageFormat::Png).expect("memory can be written");
    stage.images.serve("/grey.png", Answer::ok(bytes.into_inner()));
    let greys = ["useless1", "useless2", "useless3"];
    for id in greys {
        stage.add(id, &stage.images.url("/grey.png")).await;
        stage.send(id).await;
    }
    stage.send("useful01").await;
    stage.send("useful02").await;

    let service = stage.start(&["--models", &set.path().display().to_string()]).await;
    let parked = stage.parked(3).await;
    stage.settled(5).await;
    service.drain();

    for id in greys {
        let letter = parked.iter().find(|letter| letter.id() == id).expect("it is parked");
        assert_eq!(letter.record["class"], "invalid_output");
        assert!(stage.augmented(id).await.is_none());
    }
    for id in ["useful01", "useful02"] {
        assert!(stage.augmented(id).await.is_some(), "{id} is missing");
    }
    stage.queue_is_empty().await;
}

/// An id that is not in the index: tried again, and on the dead-letter queue after the last receive.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_4_places_images_that_cannot_be_found_on_the_dead_letter_queue() {
    let stage = Stage::with_receives(1).await;
    stage.send("missing1").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    service.drain();

    assert_eq!(parked[0].record["class"], "unknown_image");
    assert_eq!(parked[0].record["stage"], "retriever");
    stage.queue_is_empty().await;
}

/// `augmentedTime` is that of the run, not before it began.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_5_sets_augmented_time_on_the_augmented_image() {
    let stage = Stage::with_images(&["timely01"]).await;
    let before = jiff::Timestamp::now();
    stage.send("timely01").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    service.drain();

    let document = stage.augmented("timely01").await.expect("it is indexed");
    let time = document["state"]["augmentedTime"].as_str().expect("a text");
    let time: jiff::Timestamp = time.parse().expect("a time");
    assert!(time >= before - jiff::SignedDuration::from_millis(1), "{time} is before {before}");
}

/// An address that is no info.json is asked as it is; one that is, for its thumbnail.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_6_makes_a_request_for_an_image_at_its_iiif_image_address() {
    let stage = Stage::new().await;
    stage.images.serve("/plain.png", Answer::ok(picture(20, 10)));
    stage.images.serve("/iiif/V1/full/!400,400/0/default.jpg", Answer::ok(picture(30, 10)));
    stage.add("plain001", &stage.images.url("/plain.png")).await;
    stage.add("iiif0001", &stage.images.url("/iiif/V1/info.json")).await;
    stage.send("plain001").await;
    stage.send("iiif0001").await;

    let service = stage.start(&[]).await;
    stage.settled(2).await;
    service.drain();

    let mut asked = stage.images.asked();
    asked.sort();
    assert_eq!(asked, ["/iiif/V1/full/!400,400/0/default.jpg", "/plain.png"]);
}

/// What cannot be downloaded for good is parked with its class, and its neighbour is indexed.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_8_fails_when_the_image_cannot_be_downloaded() {
    let stage = Stage::with_images(&["good0001"]).await;
    let statuses =
        [(404, "not_found"), (403, "denied"), (418, "http_rejected"), (204, "http_rejected")];
    for (status, _) in statuses {
        let path = format!("/{status}");
        stage.images.serve(&path, Answer::status(status));
        stage.add(&format!("status{status}"), &stage.images.url(&path)).await;
        stage.send(&format!("status{status}")).await;
    }
    stage.send("good0001").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(4).await;
    stage.settled(5).await;
    service.drain();

    for (status, class) in statuses {
        let letter = parked.iter().find(|letter| letter.id() == format!("status{status}"));
        assert_eq!(letter.expect("it is parked").record["class"], class);
        let path = format!("/{status}");
        assert_eq!(stage.images.asked().iter().filter(|asked| **asked == path).count(), 1);
    }
    assert!(stage.augmented("good0001").await.is_some());
}

/// The location of type iiif-image counts, wherever it stands in the list; without one, it is parked.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_9_selects_iiif_image_locations_from_a_list_of_locations() {
    let stage = Stage::new().await;
    stage.images.serve("/right.png", Answer::ok(picture(20, 10)));
    let location = |kind: &str, path: &str| json!({"url": stage.images.url(path), "locationType": {"id": kind}});
    let presentation = location("iiif-presentation", "/wrong.png");
    let image = location("iiif-image", "/right.png");
    stage.add_with("several1", &json!([presentation, image])).await;
    stage.add_with("without1", &json!([location("iiif-presentation", "/wrong.png")])).await;
    stage.send("several1").await;
    stage.send("without1").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    stage.settled(2).await;
    service.drain();

    assert_eq!(stage.images.asked(), ["/right.png"]);
    assert_eq!(
        (parked[0].id().as_str(), &parked[0].record["class"]),
        ("without1", &json!("no_location"))
    );
}

/// A real image: the process is healthy, the document complete, both queues empty.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_17_augments_a_real_image() {
    let stage = Stage::new().await;
    let cat = std::fs::read(fixture::sample("cat.jpg")).expect("the sample is there");
    stage.images.serve("/cat/full/!400,400/0/default.jpg", Answer::ok(cat));
    stage.add("realcat1", &stage.images.url("/cat/info.json")).await;

    let service = stage.start(&[]).await;
    assert_eq!(service.get("/livez").await.0, 200);
    assert_eq!(service.get("/readyz").await.0, 200);
    stage.send("realcat1").await;
    stage.settled(1).await;
    service.drain();

    let document = stage.augmented("realcat1").await.expect("it is indexed");
    let inferred = &document["state"]["inferredData"];
    let features = inferred["features"].as_array().expect("a vector");
    let norm: f64 = features.iter().map(|x| x.as_f64().expect("no NaN").powi(2)).sum();
    assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    let mut initial = stage.initial("realcat1").await;
    for key in ["inferredData", "augmentedTime", "inferenceModels"] {
        initial["state"][key] = document["state"][key].clone();
    }
    assert_eq!(document, initial, "everything else is unchanged");
    stage.queues_are_empty().await;
}

/// The service does not start without its index: exit code 69, and the message is left alone.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_18_fails_at_the_start_if_the_index_does_not_exist() {
    let stage = Stage::with_images(&["waiting1"]).await;
    stage.send("waiting1").await;
    stage.index.delete(&stage.names.augmented).await;

    let said = stage.refuses(&[], 69);

    assert!(said.contains(&stage.names.augmented), "the index is not named: {said}");
    assert_eq!(stage.queue.depth(&stage.names.queue).await, 1);
}

/// One document is ingested, and its id announced once it is there.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_19_ingests_a_document_and_sends_its_id_on() {
    let stage = Stage::with_images(&["onwards1"]).await;
    let (topic, listener) = stage.queue.topic_with_listener().await;
    stage.send("onwards1").await;

    let service = stage.start(&["--topic-arn", &topic]).await;
    stage.settled(1).await;
    service.drain();

    assert_eq!(stage.queue.bodies(&listener).await, ["onwards1"]);
    assert!(stage.augmented("onwards1").await.is_some());
}

/// Many documents, more than are in flight at once.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_25_ingests_lots_of_documents() {
    let stage = Stage::new().await;
    stage.images.serve("/small.png", Answer::ok(picture(16, 16)));
    let ids: Vec<String> = (0..100).map(|n| format!("lots{n:04}")).collect();
    for id in &ids {
        stage.add(id, &stage.images.url("/small.png")).await;
        stage.send(id).await;
    }

    let service = stage.start(&["--in-flight", "16"]).await;
    stage.settled(100).await;
    service.drain();

    for id in &ids {
        assert!(stage.augmented(id).await.is_some(), "{id} is missing");
    }
    stage.queues_are_empty().await;
}

/// Only what failed is left: five are indexed, five are on the dead-letter queue.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_27_leaves_only_the_messages_of_failed_documents() {
    let stage = Stage::new().await;
    stage.images.serve("/good", Answer::ok(picture(16, 16)));
    stage.images.serve("/bad", Answer::status(404));
    for n in 0..10 {
        let path = if n % 2 == 0 { "/good" } else { "/bad" };
        stage.add(&format!("mixed{n:03}"), &stage.images.url(path)).await;
        stage.send(&format!("mixed{n:03}")).await;
    }

    let service = stage.start(&[]).await;
    let parked = stage.parked(5).await;
    stage.settled(10).await;
    service.drain();

    for n in 0..10 {
        let id = format!("mixed{n:03}");
        assert_eq!(stage.augmented(&id).await.is_some(), n % 2 == 0, "{id}");
        assert_eq!(parked.iter().any(|letter| letter.id() == id), n % 2 == 1, "{id}");
    }
    stage.queue_is_empty().await;
}

/// A topic that does not exist: the document is indexed and the message kept, not parked.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_28_keeps_the_message_if_the_onward_send_fails() {
    let stage = Stage::with_images(&["unheard1"]).await;
    let (topic, _) = stage.queue.topic_with_listener().await;
    let service = stage.start(&["--topic-arn", &topic]).await;
    stage.queue.delete_topic(&topic).await;

    stage.send("unheard1").await;
    stage.appears("unheard1").await;
    service.drain();

    assert_eq!(stage.queue.depth(&stage.names.queue).await, 1, "it is back on the queue");
    assert_eq!(stage.queue.depth(&stage.names.dead_letters).await, 0);
}

/// A newer document is neither replaced nor an error: the message is gone.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_37_does_not_replace_a_newer_version() {
    let stage = Stage::with_images(&["newer001"]).await;
    let newer = json!({"state": {"canonicalId": "newer001"}, "newer": true});
    stage.index.put(&stage.names.augmented, "newer001", &newer, i64::MAX / 2).await;
    stage.send("newer001").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    let metrics = service.get("/metrics").await.1;
    service.drain();

    assert_eq!(stage.augmented("newer001").await, Some(newer));
    assert!(metrics.contains("inference_messages_finished_total{outcome=\"superseded\"} 1"));
    stage.queues_are_empty().await;
}

/// An id with a slash is looked up, fetched and written like any other.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_53_works_for_an_id_with_a_slash() {
    let stage = Stage::with_images(&["sierra/b1234"]).await;
    stage.send("sierra/b1234").await;

    let service = stage.start(&[]).await;
    stage.settled(1).await;
    service.drain();

    assert!(stage.augmented("sierra/b1234").await.is_some());
}

/// A body that holds no id is parked with its body unchanged; the service goes on with the next.
#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn case_57_moves_undecodable_messages_to_the_dead_letter_queue_and_goes_on() {
    let stage = Stage::with_images(&["after001"]).await;
    let malformed = "{\"no\": [\"message\"]}";
    stage.queue.send(&stage.names.queue, malformed).await;
    stage.send("after001").await;

    let service = stage.start(&[]).await;
    let parked = stage.parked(1).await;
    stage.settled(2).await;
    service.drain();

    assert_eq!(parked[0].body, malformed);
    assert_eq!(parked[0].record["class"], "body_malformed");
    assert!(stage.augmented("after001").await.is_some());
}
