//! A cluster that has more to do than it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actors::ports::{Catalogue, Index, IndexError, Verdict};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::documents::{ids, prepared};
use crate::fake_server::{Answer, FakeServer};
use crate::place::Place;

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_cluster_without_memory_is_an_outage_of_both_and_over_when_it_has_some() {
    let place = Place::alone().await;
    place.publish(&["a"], "2025-04-01T12:00:00Z").await;
    let mut settings = place.settings();
    settings.verify_after = Duration::from_hours(1);
    let engines = inference_manager::adapters::elasticsearch::open(&settings, &[]).await.unwrap();
    assert_eq!(engines.index.index(&[prepared("a", 1)]).await, Ok(vec![Verdict::Indexed]));
    let limit = |value: Value| json!({"persistent": {"indices.breaker.total.limit": value}});
    place.ok("PUT", "_cluster/settings", &limit(json!("1mb"))).await;

    let written = engines.index.index(&[prepared("b", 1)]).await;
    let read = engines.catalogue.retrieve(&ids(&["a"])).await;

    place.ok("PUT", "_cluster/settings", &limit(Value::Null)).await;
    assert!(
        matches!(&written, Err(IndexError::Unavailable(cause)) if cause.contains("429")),
        "{written:?}"
    );
    assert!(read.unwrap_err().to_string().contains("429"));
    assert_eq!(engines.index.index(&[prepared("b", 1)]).await, Ok(vec![Verdict::Indexed]));
    assert!(engines.catalogue.retrieve(&ids(&["a"])).await.unwrap()[0].is_ok());
}

/// How many of two requests were under way at once, each answered after `wait`, when `refused` before
/// them had been answered with 429.
async fn most_at_once(refused: usize, wait: Duration) -> usize {
    let (inside, most, seen) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, AtomicUsize)>::default();
    let most_seen = Arc::clone(&most);
    let server = FakeServer::in_service(move |asked| {
        if seen.fetch_add(1, Ordering::SeqCst) < refused {
            return Answer::reply(429, "{}");
        }
        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let inside = Arc::clone(&inside);
        let leave = move || {
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        Answer::bulk(&asked.body, 201).after(wait, leave)
    })
    .await;
    let engines = server.engines().await;
    let documents = [prepared("a", 1)];
    for _ in 0..refused {
        assert!(engines.index.index(&documents).await.is_err());
    }
    let written = join_all((0..2).map(|_| engines.index.index(&documents))).await;
    assert!(written.into_iter().all(|written| written == Ok(vec![Verdict::Indexed])));
    most_seen.load(Ordering::SeqCst)
}

#[tokio::test]
async fn requests_go_side_by_side_until_the_cluster_has_too_much_to_do() {
    assert_eq!(most_at_once(0, Duration::from_secs(2)).await, 2);
}

#[tokio::test]
async fn after_an_overload_one_request_waits_for_the_other() {
    assert_eq!(most_at_once(1, Duration::from_millis(100)).await, 1);
}
