//! A service that ends by itself, and one that ECS may not end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::put;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::stage::images::Answer;
use crate::stage::{Stage, picture, serve, until};

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_one_off_task_ends_when_the_queue_is_worked_off() {
    let ids: Vec<String> = (0..12).map(|n| format!("oneoff{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let stage = Stage::with_images(&ids).await;
    for id in &ids {
        stage.send(id).await;
    }

    // Longer than a busy emulator takes for a receive.
    let mut service = stage.start(&["--exit-when-idle", "15s"]).await;

    assert_eq!(service.code().await, Some(0));
    stage.queues_are_empty().await;
    for id in &ids {
        stage.appears(id).await;
    }
}

/// An agent of ECS that notes what it is asked for.
async fn agent() -> (String, Arc<Mutex<Vec<Value>>>) {
    let wishes = Arc::<Mutex<Vec<Value>>>::default();
    let noted = Arc::clone(&wishes);
    let protect = move |Json(wish): Json<Value>| async move {
        noted.lock().unwrap().push(wish.clone());
        Json(json!({"protection": wish}))
    };
    let routes = Router::new().route("/api/0b69/task-protection/v1/state", put(protect));
    (format!("http://{}/api/0b69", serve(routes).await), wishes)
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn ecs_is_asked_to_protect_a_task_while_it_works() {
    let stage = Stage::new().await;
    let slow = Answer::ok(picture(16, 16)).late(Duration::from_secs(3));
    stage.images.serve("/slow", slow);
    stage.add("guarded1", &stage.images.url("/slow")).await;
    let (agent, wishes) = agent().await;
    let service = stage.start(&["--ecs-agent-uri", &agent]).await;
    let asked = |wish: Value| {
        let wishes = Arc::clone(&wishes);
        async move || wishes.lock().unwrap().contains(&wish).then_some(())
    };
    assert!(wishes.lock().unwrap().is_empty(), "an idle task needs no protection");

    stage.send("guarded1").await;
    until("protection", asked(json!({"ProtectionEnabled": true, "ExpiresInMinutes": 5}))).await;
    stage.settled(1).await;
    until("the end of it", asked(json!({"ProtectionEnabled": false}))).await;

    service.drain();
    assert_eq!(wishes.lock().unwrap().len(), 2);
}
