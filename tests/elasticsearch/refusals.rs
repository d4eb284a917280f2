//! A real server that cannot or may not write, for a while or for good.

use actors::ports::{Index, IndexError, Prepared, Verdict};
use actors::record::Record;
use inference_manager::adapters::elasticsearch::{ElasticsearchIndex, Server};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::documents::{augmented_with, id, initial, prepared};
use crate::place::{Place, reference_mapping, strict_mapping, vector};

async fn verdict(index: &ElasticsearchIndex, document: Prepared) -> Verdict {
    index.index(&[document]).await.expect("the index is there").remove(0)
}

fn rendered(index: &ElasticsearchIndex, name: &str, features: Vec<f32>) -> Prepared {
    let document = Arc::new(initial(name, "2025-04-01T12:00:00Z"));
    index.prepare(&augmented_with(Record { id: id(name), version: 1, document }, features)).unwrap()
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_vector_that_the_mapping_does_not_take_rejects_its_own_document_alone() {
    let place = Place::new().await;
    let server = place.engines().await.server;
    place.remap(&strict_mapping(&vector(server, 3))).await;
    let index = place.engines().await.index;
    let not_unit = if matches!(server, Server::OpenSearch { .. }) { 0.0 } else { 1.0 };
    let documents = [
        rendered(&index, "good", vec![0.0, 1.0, 0.0]),
        rendered(&index, "short", vec![1.0]),
        rendered(&index, "long", vec![1.0, 0.0, 0.0, 0.0]),
        rendered(&index, "not-a-number", vec![f32::NAN, 1.0, 0.0]),
        // Of no length that a cosine, or of not the length that a dot product, could be taken with.
        rendered(&index, "of-no-use", vec![not_unit, not_unit, 0.0]),
        rendered(&index, "as-good", vec![1.0, 0.0, 0.0]),
    ];

    let verdicts = index.index(&documents).await.unwrap();

    assert_eq!((&verdicts[0], &verdicts[5]), (&Verdict::Indexed, &Verdict::Indexed));
    for (document, verdict) in documents.iter().zip(&verdicts).skip(1).take(4) {
        assert!(matches!(verdict, Verdict::Rejected(_)), "{}: {verdict:?}", document.id);
    }
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_index_that_may_not_be_written_just_now_parks_nothing() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    let settings = format!("{}/_settings", place.augmented);
    let block = |value: Value| json!({"index.blocks.write": value});
    place.ok("PUT", &settings, &block(json!(true))).await;

    match verdict(&index, prepared("a", 1)).await {
        Verdict::Again(reason) => assert!(reason.starts_with("403"), "{reason}"),
        other => panic!("{other:?}"),
    }

    place.ok("PUT", &settings, &block(Value::Null)).await;
    assert_eq!(verdict(&index, prepared("a", 1)).await, Verdict::Indexed);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_closed_index_parks_nothing() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    place.ok("POST", &format!("{}/_close", place.augmented), &Value::Null).await;

    let closed = verdict(&index, prepared("a", 1)).await;
    assert!(matches!(&closed, Verdict::Again(reason) if reason.contains("closed")), "{closed:?}");

    place.ok("POST", &format!("{}/_open", place.augmented), &Value::Null).await;
    let health = format!("_cluster/health/{}?wait_for_status=yellow", place.augmented);
    place.ok("GET", &health, &Value::Null).await;
    assert_eq!(verdict(&index, prepared("a", 1)).await, Verdict::Indexed);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_shard_that_is_nowhere_parks_nothing() {
    let place = Place::new().await;
    place.ok("DELETE", &place.augmented, &Value::Null).await;
    let nowhere =
        json!({"index.routing.allocation.require._name": "nobody", "number_of_replicas": 0});
    let body = json!({"settings": nowhere, "mappings": reference_mapping()});
    place.ok("PUT", &format!("{}?wait_for_active_shards=0", place.augmented), &body).await;
    let index = place.engines().await.index;

    match verdict(&index, prepared("a", 1)).await {
        Verdict::Again(reason) => assert!(reason.starts_with("503"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_index_that_was_deleted_is_not_made_anew_by_what_was_to_be_written() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    assert_eq!(verdict(&index, prepared("a", 1)).await, Verdict::Indexed);
    place.ok("DELETE", &place.augmented, &Value::Null).await;

    let gone = index.index(&[prepared("b", 1)]).await;

    assert!(
        matches!(&gone, Err(IndexError::Unavailable(cause)) if cause.contains("does not exist")),
        "{gone:?}"
    );
    assert!(!place.exists(&place.augmented).await);
    place.create(&place.augmented, &reference_mapping()).await;
    assert_eq!(verdict(&index, prepared("b", 1)).await, Verdict::Indexed);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_index_that_comes_back_with_a_mapping_that_contradicts_is_not_written() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    place.ok("DELETE", &place.augmented, &Value::Null).await;
    place.create(&place.augmented, &json!({"dynamic": "strict"})).await;

    let refused = index.index(&[prepared("a", 1)]).await;

    assert!(
        matches!(&refused, Err(IndexError::Unavailable(cause)) if cause.contains("strict")),
        "{refused:?}"
    );
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_index_that_a_write_has_made_in_place_of_ours_is_noticed_until_ours_is_back() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    place.ok("DELETE", &place.augmented, &Value::Null).await;
    // What a write in the moment after a look does.
    place.ok("PUT", &format!("{}/_doc/a", place.augmented), &json!({"version": 1})).await;

    let refused = index.index(&[prepared("b", 1)]).await;

    assert!(
        matches!(&refused, Err(IndexError::Unavailable(cause)) if cause.contains("another index")),
        "{refused:?}"
    );
    place.remap(&reference_mapping()).await;
    assert_eq!(verdict(&index, prepared("b", 1)).await, Verdict::Indexed);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn where_the_cluster_creates_no_index_by_itself_nothing_depends_on_our_look() {
    let place = Place::alone().await;
    let mut settings = place.settings();
    settings.verify_after = std::time::Duration::from_hours(1);
    let engines = inference_manager::adapters::elasticsearch::open(&settings, &[]).await.unwrap();
    assert_eq!(verdict(&engines.index, prepared("a", 1)).await, Verdict::Indexed);
    let auto_create = |value: Value| json!({"persistent": {"action.auto_create_index": value}});
    place.ok("PUT", "_cluster/settings", &auto_create(json!("false"))).await;
    place.ok("DELETE", &place.augmented, &Value::Null).await;

    let gone = engines.index.index(&[prepared("b", 1)]).await;

    place.ok("PUT", "_cluster/settings", &auto_create(Value::Null)).await;
    assert!(
        matches!(&gone, Err(IndexError::Unavailable(cause)) if cause.contains("404")),
        "{gone:?}"
    );
    assert!(!place.exists(&place.augmented).await);
}
