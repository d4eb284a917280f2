//! A catalogue that answers wrongly, late, or not at all.

use std::time::Duration;

use actors::ports::{Catalogue, CatalogueDown, NotRetrieved};
use actors::record::Record;
use inference_manager::adapters::elasticsearch::{Credentials, open};
use serde_json::json;

use crate::documents::{id, ids, initial};
use crate::fake_server::{Answer, Asked, FakeServer, mget};

type Retrieved = Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown>;

async fn retrieve(
    names: &[&str],
    script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Retrieved {
    FakeServer::in_service(script).await.engines().await.catalogue.retrieve(&ids(names)).await
}

fn document(name: &str) -> serde_json::Value {
    json!({"found": true, "_source": initial(name, "2025-04-01T12:00:00Z")})
}

#[tokio::test]
async fn every_refusal_of_the_whole_is_an_outage_with_a_plain_cause() {
    for status in [302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504] {
        let down = retrieve(&["a"], move |_| {
            Answer::reply(status, r#"{"error":{"type":"t","reason":"r"}}"#)
        })
        .await;
        let cause = down.unwrap_err().to_string();
        assert!(cause.contains(&status.to_string()), "{cause}");
    }
}

#[tokio::test]
async fn answers_that_break_off_or_are_something_else_are_an_outage() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"docs\":[",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"docs\":[\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "",
    ];
    for text in answers {
        let down = retrieve(&["a"], move |_| Answer::raw(text)).await;
        assert!(down.is_err(), "{text:?} became {down:?}");
    }
}

#[tokio::test]
async fn an_answer_of_fewer_or_other_ids_judges_none() {
    let found = |name: &str| {
        let mut found = document(name);
        found["_id"] = json!(name);
        found
    };
    for docs in [json!([found("a")]), json!([found("b"), found("a")]), json!([])] {
        let body = json!({ "docs": docs }).to_string();
        let down = retrieve(&["a", "b"], move |_| Answer::reply(200, &body)).await;
        assert!(down.unwrap_err().to_string().contains("other ids"));
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_outage_after_the_timeout() {
    let server = FakeServer::in_service(|_| Answer::silence()).await;
    let mut settings = server.settings();
    settings.timeout = Duration::from_millis(200);
    let engines = open(&settings, &[]).await.unwrap();

    let down = engines.catalogue.retrieve(&ids(&["a"])).await.unwrap_err();

    assert!(down.to_string().contains("did not answer within 200ms"), "{down}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_credentials_anywhere() {
    let elsewhere = FakeServer::start(Answer::existing).await;
    let target = format!("location: {}/initial/_mget", elsewhere.url);
    let server = FakeServer::in_service(move |_| Answer::with_header(307, &target, "")).await;
    let mut settings = server.settings();
    settings.credentials = Credentials::ApiKey("c2VjcmV0".to_owned().into());
    let engines = open(&settings, &[]).await.unwrap();

    let down = engines.catalogue.retrieve(&ids(&["a"])).await.unwrap_err().to_string();

    assert!(down.contains("redirects") && !down.contains("c2VjcmV0"), "{down}");
    assert!(elsewhere.asked("").is_empty());
    assert!(
        server
            .asked("")
            .iter()
            .all(|asked| asked.header("authorization") == Some("ApiKey c2VjcmV0"))
    );
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_asked_for_in_halves_and_one_alone_is_unusable() {
    let server = FakeServer::in_service(|asked| {
        let big = |name: &str| {
            let mut found = document(name);
            if name == "big" {
                found["_source"]["text"] = json!("x".repeat(20_000));
            }
            found
        };
        Answer::reply(200, &mget(&asked.body, big))
    })
    .await;
    let mut settings = server.settings();
    settings.longest_answer = 10_000;
    let engines = open(&settings, &[]).await.unwrap();
    let names = ["a", "b", "c", "big", "d"];

    let found = engines.catalogue.retrieve(&ids(&names)).await.unwrap();

    for (name, found) in names.iter().zip(found) {
        match found {
            Ok(record) if *name != "big" => assert_eq!(record.id, id(name)),
            Err(NotRetrieved::Undecodable { id, reason }) if *name == "big" => {
                assert_eq!(id.as_str(), "big");
                assert!(reason.contains("longer than 10000 bytes"), "{reason}");
            }
            other => panic!("{name} became {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
    let server =
        FakeServer::in_service(move |_| Answer::raw(&(head.to_owned() + &"x".repeat(100_000))))
            .await;
    let mut settings = server.settings();
    settings.longest_answer = 10_000;
    let engines = open(&settings, &[]).await.unwrap();

    let found = engines.catalogue.retrieve(&ids(&["a"])).await.unwrap();

    assert!(matches!(found[0], Err(NotRetrieved::Undecodable { .. })));
}

#[tokio::test]
async fn a_number_that_cannot_be_held_is_its_own_documents_fault() {
    let found = retrieve(&["a", "huge", "b"], |asked| {
        let body = mget(&asked.body, |name| {
            let mut found = document(name);
            found["_source"]["n"] = json!(if name == "huge" { "NUMBER" } else { "" });
            found
        });
        Answer::reply(200, &body.replace("\"NUMBER\"", "1e999"))
    })
    .await
    .unwrap();

    assert!(found[0].is_ok() && found[2].is_ok());
    assert!(matches!(found[1], Err(NotRetrieved::Undecodable { .. })), "{:?}", found[1]);
}

#[tokio::test]
async fn credentials_are_sent_and_a_server_that_refuses_them_quotes_none() {
    let server = FakeServer::in_service(|asked| {
        let sent = asked.header("authorization").unwrap_or_default();
        Answer::reply(
            401,
            &json!({"error": {"type": "security_exception", "reason": sent}}).to_string(),
        )
    })
    .await;
    let mut settings = server.settings();
    let password = "hunter2".to_owned().into();
    settings.credentials = Credentials::Basic { username: "user".into(), password };
    let engines = open(&settings, &[]).await.unwrap();

    let down = engines.catalogue.retrieve(&ids(&["a"])).await.unwrap_err().to_string();

    assert_eq!(
        server.asked("_mget").last().unwrap().header("authorization"),
        Some("Basic dXNlcjpodW50ZXIy")
    );
    assert!(down.contains("401") && !down.contains("dXNlc"), "{down}");
}
