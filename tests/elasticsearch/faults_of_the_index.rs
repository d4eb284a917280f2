//! An index that answers wrongly, late, or not at all.

use std::io::Read;
use std::time::Duration;

use actors::ports::{Index, IndexError, Prepared, Verdict};
use flate2::read::GzDecoder;
use inference_manager::adapters::elasticsearch::open;
use serde_json::json;

use crate::documents::{prepared, prepared_as};
use crate::fake_server::{Answer, Asked, FakeServer, bulk_items};

async fn index(
    names: &[&str],
    script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Result<Vec<Verdict>, IndexError> {
    let documents: Vec<Prepared> = names.iter().map(|name| prepared(name, 1)).collect();
    FakeServer::in_service(script).await.engines().await.index.index(&documents).await
}

fn cause(answer: Result<Vec<Verdict>, IndexError>) -> String {
    match answer {
        Err(IndexError::Unavailable(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_refusal_of_the_whole_is_an_outage_with_a_plain_cause() {
    for status in [302, 401, 403, 404, 405, 408, 415, 429, 500, 502, 503, 504] {
        let answer = index(&["a", "b"], move |_| Answer::reply(status, "")).await;
        let cause = cause(answer);
        assert!(cause.contains(&status.to_string()), "{cause}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_says_how_large_it_was() {
    match index(&["a", "b"], |_| Answer::reply(413, "")).await {
        Err(IndexError::TooLarge(bytes)) => assert!(bytes > 100, "{bytes}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_longer_than_the_nodes_take_is_not_even_sent() {
    let server = FakeServer::start(|asked| {
        if asked.path.contains("_nodes") {
            let node = |limit: u64| json!({"http": {"max_content_length_in_bytes": limit}});
            let nodes = json!({"nodes": {"a": node(1 << 20), "b": node(150), "c": {}}});
            return Answer::reply(200, &nodes.to_string());
        }
        Answer::existing(asked)
    })
    .await;
    let engines = server.engines().await;

    let small = engines.index.index(&[prepared("a", 1)]).await;
    let large = engines.index.index(&[prepared("a", 1), prepared("b", 1)]).await;

    assert_eq!(small, Ok(vec![Verdict::Indexed]));
    assert!(matches!(large, Err(IndexError::TooLarge(bytes)) if bytes > 150), "{large:?}");
    assert_eq!(server.asked("_bulk").len(), 1);
}

/// Elasticsearch 9 hangs up on what is too large, and its 413 is mostly lost.
#[tokio::test]
async fn a_large_request_over_which_the_connection_breaks_is_sent_in_halves() {
    let strict = |asked: &Asked| match asked.body.len() {
        0..=1_100_000 => Answer::bulk(&asked.body, 201),
        _ => Answer::raw(""),
    };
    let document = |name: &str, length: usize| {
        prepared_as(name, 1, &json!({"state": {}, "text": "x".repeat(length)}))
    };
    let engines = FakeServer::in_service(strict).await.engines().await;
    let fitting = ["a", "b", "c", "d"].map(|name| document(name, 700_000));

    assert_eq!(engines.index.index(&fitting).await, Ok(vec![Verdict::Indexed; 4]));
    let alone = engines.index.index(&[document("e", 1_200_000)]).await;
    assert!(
        matches!(alone, Err(IndexError::Unavailable(_))),
        "a break alone parks nothing: {alone:?}"
    );
}

#[tokio::test]
async fn answers_that_break_off_or_are_of_other_documents_judge_nobody() {
    let broken = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"items\":[",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        "",
    ];
    for text in broken {
        cause(index(&["a", "b"], move |_| Answer::raw(text)).await);
    }
    let fewer = |asked: &Asked| {
        let items = &bulk_items(&asked.body, 201)[..1];
        Answer::reply(200, &json!({ "items": items }).to_string())
    };
    assert!(cause(index(&["a", "b"], fewer).await).contains("other documents"));
    let reversed = |asked: &Asked| {
        let items: Vec<_> = bulk_items(&asked.body, 201).into_iter().rev().collect();
        Answer::reply(200, &json!({ "items": items }).to_string())
    };
    assert!(cause(index(&["a", "b"], reversed).await).contains("other documents"));
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_outage_after_the_timeout() {
    let server = FakeServer::in_service(|_| Answer::silence()).await;
    let mut settings = server.settings();
    settings.timeout = Duration::from_millis(200);
    let engines = open(&settings, &[]).await.unwrap();

    let cause = cause(engines.index.index(&[prepared("a", 1)]).await);

    assert!(cause.contains("did not answer within 200ms"), "{cause}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_outage() {
    let server = FakeServer::in_service(Answer::existing).await;
    let mut settings = server.settings();
    let engines = open(&settings, &[]).await.unwrap();
    let verdicts = engines.index.index(&[prepared("a", 1)]).await;
    assert_eq!(verdicts, Ok(vec![Verdict::Indexed]));

    settings.url = "http://127.0.0.1:1".parse().unwrap();
    let refused = open(&settings, &[]).await.unwrap_err().to_string();
    assert!(refused.contains("no connection"), "{refused}");
}

#[tokio::test]
async fn a_request_refused_as_a_whole_is_halved_until_the_document_to_blame_stands_alone() {
    let verdicts = index(&["a", "b", "poison", "c", "d"], |asked| {
        if String::from_utf8_lossy(&asked.body).contains("poison") {
            return Answer::reply(400, r#"{"error":{"type":"parse_exception","reason":"no"}}"#);
        }
        Answer::bulk(&asked.body, 201)
    })
    .await
    .unwrap();

    let rejected = Verdict::Rejected("the cluster answered 400: parse_exception: no".into());
    let fine = Verdict::Indexed;
    assert_eq!(verdicts, [fine.clone(), fine.clone(), rejected, fine.clone(), fine]);
}

#[tokio::test]
async fn only_what_was_put_off_is_to_be_tried_again() {
    let verdicts = index(&["a", "b", "c"], |asked| {
        let mut items = bulk_items(&asked.body, 201);
        items[1]["index"]["status"] = json!(429);
        items[2]["index"]["status"] = json!(409);
        Answer::reply(200, &json!({ "items": items }).to_string())
    })
    .await
    .unwrap();

    assert_eq!((&verdicts[0], &verdicts[2]), (&Verdict::Indexed, &Verdict::Superseded));
    assert!(matches!(&verdicts[1], Verdict::Again(reason) if reason.starts_with("429")));
}

#[tokio::test]
async fn compressed_bodies_say_so_and_unpack_to_what_was_meant() {
    let server = FakeServer::in_service(|asked| {
        assert_eq!(asked.header("content-encoding"), Some("gzip"));
        let mut body = Vec::new();
        GzDecoder::new(&asked.body[..]).read_to_end(&mut body).unwrap();
        Answer::bulk(&body, 201)
    })
    .await;
    let mut settings = server.settings();
    settings.compress = true;
    let engines = open(&settings, &[]).await.unwrap();

    let verdicts = engines.index.index(&[prepared("a/ü", 7)]).await;

    assert_eq!(verdicts, Ok(vec![Verdict::Indexed]));
}

#[tokio::test]
async fn the_augmented_index_is_looked_for_before_writing_only_when_the_last_look_is_old() {
    let server = FakeServer::in_service(Answer::existing).await;
    let looks_for = async |every: Duration| {
        let mut settings = server.settings();
        settings.verify_after = every;
        let engines = open(&settings, &[]).await.unwrap();
        let before = server.asked("flat_settings").len();
        for _ in 0..3 {
            engines.index.index(&[prepared("a", 1)]).await.unwrap();
        }
        server.asked("flat_settings").len() - before
    };

    assert_eq!(looks_for(Duration::ZERO).await, 3);
    assert_eq!(looks_for(Duration::from_hours(1)).await, 1);
}
