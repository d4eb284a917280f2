//! What `check` finds where something is wrong, and what it leaves as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::fixture::ended;
use crate::models_from_s3::{Bucket, SET};
use crate::stage::gateway::{Gateway, Trouble};
use crate::stage::images::Answer;
use crate::stage::{Stage, picture};

/// What it says, in another thread, because servers that it asks are in this one.
async fn told(mut command: Command, code: i32) -> String {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    ended(output.expect("it does not panic").expect("it starts"), code)
}

/// Expects a failure of `subject` whose line holds `text`.
fn assert_told(said: &str, subject: &str, text: &str) {
    let line = format!("FAILURE  {subject} ");
    let found = said.lines().any(|told| told.starts_with(&line) && told.contains(text));
    assert!(found, "no failure of {subject} with {text:?} in:\n{said}");
}

/// Every file below `folder`, with its length and the time of its last change.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let files = WalkDir::new(folder).into_iter().map(|entry| entry.expect("it can be read"));
    let described = |entry: walkdir::DirEntry| {
        let metadata = entry.metadata().expect("it is there");
        let changed = metadata.modified().expect("Linux tells it");
        (entry.into_path(), (metadata.len(), changed))
    };
    files.map(described).collect()
}

/// What both queues and both indices hold.
async fn held(stage: &Stage) -> (Vec<usize>, Vec<Value>) {
    let (mut messages, mut indices) = (Vec::new(), Vec::new());
    for queue in [&stage.names.queue, &stage.names.dead_letters] {
        messages.extend([stage.queue.depth(queue).await, stage.queue.hidden(queue).await]);
    }
    for index in [&stage.names.initial, &stage.names.augmented] {
        indices.push(stage.index.described(index).await);
    }
    (messages, indices)
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_leaves_queues_indices_topic_and_cached_models_as_they_were() {
    let bucket = Bucket::new().await;
    let stage = &bucket.stage;
    bucket.serves().await;
    stage.images.serve("/one", Answer::ok(picture(16, 16)));
    for id in ["waiting1", "waiting2", "waiting3"] {
        stage.add(id, &stage.images.url("/one")).await;
        stage.send(id).await;
    }
    stage.index.refresh(&stage.names.initial).await;
    stage.queue.send(&stage.names.dead_letters, "parked01").await;
    stage.index.put(&stage.names.augmented, "before01", &json!({"before": true}), 7).await;
    let (topic, listener) = stage.queue.topic_with_listener().await;
    let before = (held(stage).await, files(bucket.cache.path()));
    assert!(before.1.len() > 3, "nothing is cached: {before:?}");

    let options = bucket.options();
    let mut arguments = options.each_ref().map(String::as_str).to_vec();
    arguments.extend(["--topic-arn", &topic]);
    let said = told(stage.command_of("check", &arguments), 0).await;

    assert_eq!((held(stage).await, files(bucket.cache.path())), before, "{said}");
    assert_eq!(stage.queue.receive_counts(&stage.names.queue).await, [0, 0, 0]);
    assert_eq!(stage.queue.receive_counts(&stage.names.dead_letters).await, [0]);
    assert!(stage.queue.bodies(&listener).await.is_empty(), "something was published");
    stage.queue.delete_topic(&topic).await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_credentials_that_nobody_accepts() {
    let stage = Stage::with_images(&["refused1"]).await;
    let amazon = Gateway::to(stage.queue.endpoint()).await;
    amazon.trouble("", Trouble::Status(403));
    let cluster = Gateway::to(&stage.index.url).await;
    cluster.trouble("", Trouble::Status(401));
    let mut command = stage.command_of("check", &["--elasticsearch-url", &cluster.url]);
    command.env("AWS_ENDPOINT_URL", &amazon.url);

    let said = told(command, 69).await;

    assert_told(&said, "queue", "");
    assert_told(&said, "dead letters", "");
    assert_told(&said, "elasticsearch", "does not accept the credentials");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_credentials_that_are_not_there() {
    let stage = Stage::with_images(&["nobody01"]).await;
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = stage.command_of("check", &[]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");

    let said = told(command, 69).await;

    assert_told(&said, "credentials", "");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_an_initial_index_that_is_not_there() {
    let stage = Stage::new().await;
    stage.index.delete(&stage.names.initial).await;

    let said = told(stage.command_of("check", &[]), 69).await;

    assert_told(&said, "elasticsearch", &stage.names.initial);
}

/// What is said of the only picture in the index, at `url`.
async fn of_the_picture_at(url: &str) -> String {
    let stage = Stage::new().await;
    stage.add("picture1", url).await;
    stage.index.refresh(&stage.names.initial).await;
    told(stage.command_of("check", &[]), 69).await
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_a_host_of_pictures_that_does_not_answer() {
    // Discard: nobody listens there.
    let said = of_the_picture_at("http://127.0.0.1:9/picture.jpg").await;

    assert_told(&said, "images", "http_unavailable");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_a_host_of_pictures_that_may_not_be_asked() {
    let said = of_the_picture_at("http://127.0.0.2:9/picture.jpg").await;

    assert_told(&said, "images", "forbidden_address");
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn check_tells_of_weights_in_a_folder_with_another_digest() {
    let stage = Stage::new().await;
    let set = tempfile::tempdir().expect("a temporary folder");
    let features = set.path().join("features");
    fs::create_dir(&features).expect("it is new");
    for file in ["manifest.json", "golden.png", "weights.safetensors"] {
        let mut bytes =
            fs::read(Path::new(SET).join("features").join(file)).expect("it is bundled");
        if file == "weights.safetensors" {
            *bytes.last_mut().expect("it is not empty") ^= 1;
        }
        fs::write(features.join(file), bytes).expect("it can be written");
    }
    let set = set.path().display().to_string();

    let said = told(stage.command_of("check", &["--models", &set]), 69).await;

    assert_told(&said, "models", "SHA-256");
}
