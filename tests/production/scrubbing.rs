//! What nobody may read: secrets, and what stands in an address after a `?`.

use std::process::Command;

use crate::fixture::program;
use crate::stage::Stage;
use crate::stage::images::Answer;
use crate::stage::program::Service;

/// Of two pictures that are parked, both with a secret in their address, and one that is indexed.
const SCRUBBED: [&str; 3] = ["scrubbed", "gone0001", "text0001"];

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn secrets_and_query_strings_are_never_told() {
    let key = [("ELASTICSEARCH_API_KEY", "aHVudGVyNA=="), ("AWS_SECRET_ACCESS_KEY", "hunter5")];
    let told = everything_told(&key).await;
    assert_untold(&told, &["hunter2", "hunter3", "aHVudGVyNA==", "hunter4", "hunter5"]);

    let collector = "http://127.0.0.1:9"; // discard: nobody listens there
    let password = [
        ("ELASTICSEARCH_USERNAME", "elastic"),
        ("ELASTICSEARCH_PASSWORD", "hunter6"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer hunter7"),
    ];
    let told = everything_told(&password).await;
    // As `Authorization: Basic` has it: elastic:hunter6.
    assert_untold(&told, &["hunter2", "hunter3", "hunter6", "ZWxhc3RpYzpodW50ZXI2", "hunter7"]);
}

/// What the service with these secrets tells in its log, its pages and its parked records, and what
/// `check`, `config` and `redrive` tell.
async fn everything_told(secrets: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let stage = Stage::with_images(&SCRUBBED[..1]).await;
    stage.images.serve("/gone", Answer::status(404));
    stage.add("gone0001", &stage.images.url("/gone?token=hunter2")).await;
    stage.images.serve("/text", Answer::ok(b"no picture".to_vec()));
    stage.add("text0001", &stage.images.url("/text?signature=hunter3")).await;
    stage.index.refresh(&stage.names.initial).await;
    let arguments = ["--log-level", "trace", "--log-format", "json"];
    let with_secrets = |name: &str| {
        let mut command = stage.command_of(name, &arguments);
        command.envs(secrets.iter().copied());
        command
    };
    let mut told = vec![
        ("check", said_by(with_secrets("check")).await),
        ("config", said_by(with_secrets("config")).await),
    ];

    let service = Service::start(with_secrets("run"), &stage.address);
    service.ready().await;
    for id in SCRUBBED {
        stage.send(id).await;
    }
    stage.settled(SCRUBBED.len()).await;
    told.push(("/status", service.get("/status").await.1));
    told.push(("/metrics", service.get("/metrics").await.1));
    told.push(("/status as a page", service.page("/status").await));
    // Elsewhere, because the host of pictures answers on this thread.
    let log = tokio::task::spawn_blocking(move || service.drain()).await.unwrap();
    assert!(log.contains("/gone"), "the rest of an address is told");
    told.push(("the log", log));

    let mut redrive = program();
    redrive.args(["redrive", "--dry-run"]).env("QUEUE_URL", &stage.names.queue);
    redrive.env("DEAD_LETTER_QUEUE_URL", &stage.names.dead_letters);
    stage.queue.environment(&mut redrive);
    redrive.envs(secrets.iter().copied());
    let listed = said_by(redrive).await;
    assert!(listed.contains("would put back 2 of 2"), "{listed}");
    told.push(("redrive", listed));
    let parked = stage.parked(2).await.into_iter().map(|letter| letter.record.to_string());
    told.push(("the parked records", parked.collect::<Vec<_>>().join("\n")));
    told
}

/// Both outputs of `command`, however it ends.
async fn said_by(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("it does not panic").expect("it starts");
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

fn assert_untold(told: &[(&str, String)], secrets: &[&str]) {
    for (by, text) in told {
        assert!(!text.is_empty(), "{by} tells nothing");
        for secret in secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{by} tells {secret}");
        }
    }
}
