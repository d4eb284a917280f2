//! What opening refuses, and what a person is told of it.

use std::time::Duration;

use inference_manager::adapters::elasticsearch::{
    ElasticsearchSettings, Finding, OpenError, findings, open,
};
use serde_json::{Value, json};

use crate::documents::{prepared, specs};
use crate::fake_server::{Answer, Asked, FakeServer};
use crate::place::{Place, vector};
use actors::ports::{Index, Verdict};

/// What opening and asking for findings complain about; both always agree.
async fn complaints(settings: &ElasticsearchSettings) -> Vec<String> {
    let told = findings(settings, &specs()).await;
    let failures: Vec<String> = told.into_iter().filter_map(Finding::failure).collect();
    match open(settings, &specs()).await {
        Ok(_) => assert_eq!(failures, [""; 0]),
        Err(OpenError::NotReady(reasons)) => assert_eq!(failures, reasons),
        Err(OpenError::Settings(reason)) => assert_eq!(failures, [reason]),
    }
    failures
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_18_an_index_that_does_not_exist_is_named_and_nothing_is_created() {
    let place = Place::new().await;
    assert_eq!(complaints(&place.settings()).await, [""; 0]);

    place.ok("DELETE", &place.augmented, &Value::Null).await;
    let found = complaints(&place.settings()).await;
    assert_eq!(found, [format!("the augmented index {}: it does not exist", place.augmented)]);

    place.ok("DELETE", &place.initial, &Value::Null).await;
    let found = complaints(&place.settings()).await;
    assert!(found.len() == 2 && found[0].contains(&place.initial), "{found:?}");
    assert!(!place.exists(&place.augmented).await && !place.exists(&place.initial).await);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_mapping_that_contradicts_the_models_is_told() {
    let place = Place::new().await;
    let server = place.engines().await.server;
    let declaring = |dimensions: u32| {
        let vector = vector(server, dimensions);
        json!({"properties": {"state": {"properties": {"inferredData": {"properties": {"features": vector}}}}}})
    };
    place.remap(&declaring(3)).await;
    assert_eq!(complaints(&place.settings()).await, [""; 0]);

    place.remap(&declaring(4)).await;
    let found = complaints(&place.settings()).await;
    assert!(found.len() == 1 && found[0].contains("4 dimensions; the model has 3"), "{found:?}");

    place.remap(&json!({"dynamic": "strict"})).await;
    let found = complaints(&place.settings()).await;
    assert!(found.len() == 1 && found[0].contains("does not declare state"), "{found:?}");
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_cluster_without_security_cannot_be_asked_for_privileges() {
    let place = Place::new().await;

    let told = findings(&place.settings(), &specs()).await;

    assert!(
        matches!(told.last(), Some(Finding::Untold(text)) if text.contains("privileges")),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|finding| matches!(finding, Finding::Holds(_))).count(), 3);
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_alias_of_two_indices_is_refused() {
    let place = Place::new().await;
    let second = format!("{}-second", place.augmented);
    place.create(&second, &json!({})).await;
    let alias = format!("{}-both", place.augmented);
    let add = |index: &str| json!({"add": {"index": index, "alias": alias}});
    let actions = json!({"actions": [add(&place.augmented), add(&second)]});
    place.ok("POST", "_aliases", &actions).await;
    let mut settings = place.settings();
    settings.augmented_index = alias;

    let found = complaints(&settings).await;

    assert!(found.len() == 1 && found[0].contains("several indices"), "{found:?}");
}

async fn found_at(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Vec<String> {
    complaints(&FakeServer::start(script).await.settings()).await
}

#[tokio::test]
async fn whatever_is_no_cluster_that_lets_us_in_is_told_plainly() {
    let every = |status: u16, body: &'static str| move |_: &Asked| Answer::reply(status, body);
    let cases = [
        (found_at(every(401, "")).await, "does not accept the credentials"),
        (found_at(every(503, "")).await, "503"),
        (found_at(every(301, "")).await, "redirects"),
        (found_at(every(200, "<html>")).await, "neither Elasticsearch nor OpenSearch"),
        (found_at(every(200, r#"{"version":{"number":"7.17.0"}}"#)).await, "too old"),
    ];
    for (found, part) in cases {
        assert!(found[0].contains(part), "{found:?}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_silent_or_absent_is_told_within_the_patience_of_a_person() {
    let server = FakeServer::start(|_| Answer::silence()).await;
    let mut settings = server.settings();
    settings.question_timeout = Duration::from_millis(200);
    assert_eq!(complaints(&settings).await, ["the cluster did not answer within 200ms"]);

    settings.url = "http://127.0.0.1:1".parse().unwrap();
    let found = complaints(&settings).await;
    assert!(found.len() == 1 && found[0].contains("no connection"), "{found:?}");

    settings.question_timeout = Duration::from_secs(20);
    settings.url = "http://no-such-host.invalid".parse().unwrap();
    let found = complaints(&settings).await;
    assert!(found.len() == 1 && found[0].contains("no connection"), "{found:?}");
}

/// The reference's key may read one index and write the other, and no more.
#[tokio::test]
async fn credentials_that_may_see_nothing_but_documents_are_enough() {
    let server = FakeServer::start(|asked| {
        if asked.path.contains("_mget") || asked.path.contains("_bulk") {
            return Answer::existing(asked);
        }
        Answer::reply(403, r#"{"error":{"type":"security_exception","reason":"unauthorized"}}"#)
    })
    .await;

    assert_eq!(complaints(&server.settings()).await, [""; 0]);
    let engines = server.engines().await;
    assert_eq!(engines.index.index(&[prepared("a", 1)]).await, Ok(vec![Verdict::Indexed]));
}

#[tokio::test]
async fn a_missing_privilege_is_told_before_anything_is_tried() {
    let server = FakeServer::start(|asked| {
        if asked.path.contains("_has_privileges") {
            return Answer::reply(200, r#"{"index":{"initial":{"read":true},"augmented":{"index":false,"view_index_metadata":true}}}"#);
        }
        Answer::existing(asked)
    })
    .await;

    let told = findings(&server.settings(), &specs()).await;

    let failures: Vec<String> = told.into_iter().filter_map(Finding::failure).collect();
    assert_eq!(failures, ["the credentials lack augmented: index"]);
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_told_without_asking_anybody() {
    let server = FakeServer::start(Answer::existing).await;
    let with = |change: fn(&mut ElasticsearchSettings)| {
        let mut settings = server.settings();
        change(&mut settings);
        settings
    };
    let cases = [
        (with(|s| s.augmented_index = "initial".into()), "overwritten"),
        (with(|s| s.initial_index = "images-*".into()), "no name of one index"),
        (with(|s| s.url = "http://user:hunter2@localhost".parse().unwrap()), "credentials"),
    ];
    for (settings, part) in &cases {
        let failed = open(settings, &specs()).await.unwrap_err();
        assert!(matches!(failed, OpenError::Settings(_)), "{failed:?}");
        let text = failed.to_string();
        assert!(text.contains(part) && !text.contains("hunter2"), "{text}");
    }
    assert!(server.asked("").is_empty());
}
