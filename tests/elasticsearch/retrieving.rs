//! Initial documents by id, from a real server.

use actors::ports::{Catalogue, NotRetrieved};
use serde_json::json;

use crate::documents::{id, ids, initial};
use crate::place::Place;

const NOON: &str = "2025-04-01T12:00:00Z";

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_50_one_document_is_retrieved_whole() {
    let place = Place::new().await;
    place.publish(&["swms7qdx"], NOON).await;

    let found = place.engines().await.catalogue.retrieve(&ids(&["swms7qdx"])).await.unwrap();

    let record = found[0].as_ref().unwrap();
    assert_eq!((record.id.as_str(), record.version), ("swms7qdx", 1_743_508_800_000));
    // As text, since an order of keys or a number that changed would still be equal as JSON.
    assert_eq!(record.document.to_string(), initial("swms7qdx", NOON).to_string());
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_51_a_missing_document_is_that_ids_failure() {
    let place = Place::new().await;

    let found = place.engines().await.catalogue.retrieve(&ids(&["absent"])).await.unwrap();

    assert_eq!(found[0].as_ref().unwrap_err(), &NotRetrieved::Unknown(id("absent")));
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_52_many_documents_are_retrieved_in_order_duplicates_included() {
    let place = Place::new().await;
    let names: Vec<String> = (0..100).map(|n| format!("image{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    place.publish(&names, NOON).await;
    names.reverse();
    names.push(names[0]);

    let found = place.engines().await.catalogue.retrieve(&ids(&names)).await.unwrap();

    let found: Vec<String> =
        found.into_iter().map(|record| record.unwrap().id.to_string()).collect();
    assert_eq!(found, names);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_53_of_many_only_the_missing_and_the_unusable_fail() {
    let place = Place::new().await;
    place.publish(&["a", "d"], NOON).await;
    place.publish_as("b", &json!({"state": {}})).await;

    let found =
        place.engines().await.catalogue.retrieve(&ids(&["a", "b", "c", "d"])).await.unwrap();

    assert!(found[0].is_ok() && found[3].is_ok());
    assert!(matches!(found[1], Err(NotRetrieved::Undecodable { .. })), "{:?}", found[1]);
    assert_eq!(found[2].as_ref().unwrap_err(), &NotRetrieved::Unknown(id("c")));
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_54_ids_with_a_slash_and_other_odd_characters_are_retrieved() {
    let place = Place::new().await;
    let odd = ["a/b", "../up", "a%2Fb", "ü", "画像", "a\\b", "a,b*?", "<a>&b#c", "\u{10ffff}"];
    let longest = "x".repeat(512);
    let names: Vec<&str> = odd.into_iter().chain([longest.as_str()]).collect();
    place.publish(&names, NOON).await;

    let found = place.engines().await.catalogue.retrieve(&ids(&names)).await.unwrap();

    for (name, record) in names.iter().zip(found) {
        let record = record.unwrap();
        assert_eq!(record.document["state"]["canonicalId"], *name);
    }
}

/// The reference fails; here nothing was asked, so nothing is answered.
#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_54_an_empty_list_asks_nothing() {
    let place = Place::new().await;
    let catalogue = place.engines().await.catalogue;
    place.ok("DELETE", &place.initial, &serde_json::Value::Null).await;

    assert_eq!(catalogue.retrieve(&[]).await.unwrap().len(), 0);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_index_that_is_gone_is_the_catalogues_outage_and_over_when_it_is_back() {
    let place = Place::new().await;
    let catalogue = place.engines().await.catalogue;
    place.ok("DELETE", &place.initial, &serde_json::Value::Null).await;

    let down = catalogue.retrieve(&ids(&["a", "b"])).await.unwrap_err();
    assert!(down.to_string().contains("index_not_found"), "{down}");

    place.create(&place.initial, &json!({"dynamic": false})).await;
    place.publish(&["a"], NOON).await;
    let found = catalogue.retrieve(&ids(&["a", "b"])).await.unwrap();
    assert!(found[0].is_ok() && found[1].is_err());
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_shard_that_is_down_is_the_catalogues_outage() {
    let place = Place::new().await;
    place.publish(&["a"], NOON).await;
    let catalogue = place.engines().await.catalogue;
    place.ok("POST", &format!("{}/_close", place.initial), &serde_json::Value::Null).await;

    let down = catalogue.retrieve(&ids(&["a"])).await.unwrap_err();

    assert!(down.to_string().contains("closed"), "{down}");
}
