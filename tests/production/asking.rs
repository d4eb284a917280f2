//! Whom `check` asks, and what it tells where somebody does not answer.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::fixture::{ended, program};
use crate::stage::Stage;
use crate::stage::images::Images;

/// Takes connections for as long as it lives.
struct Silent(TcpListener);

impl Silent {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("loopback has ports"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("it is bound"))
    }
}

fn check(amazon: &Silent, s3: &Silent, cluster: &Silent, models: &str) -> Child {
    let queue = |name: &str| format!("{}/000000000000/{name}", amazon.url());
    let mut command: Command = program();
    command.args(["check", "--production", "--models", models, "--features-dimensions", "1280"]);
    command.args(["--queue-url", &queue("images"), "--dead-letter-queue-url", &queue("dead")]);
    command.args(["--topic-arn", "arn:aws:sns:eu-west-1:000000000000:augmented"]);
    command.args(["--elasticsearch-url", &cluster.url()]);
    command.args(["--initial-index", "initial", "--augmented-index", "augmented"]);
    command
        .env("AWS_ENDPOINT_URL", amazon.url())
        .env("AWS_ENDPOINT_URL_S3", s3.url())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

#[test]
fn one_that_is_silent_keeps_nothing_else_from_being_told() {
    let (amazon, s3, cluster) = (Silent::new(), Silent::new(), Silent::new());
    let began = Instant::now();
    let sets = ["s3://models/set/", "bundled"];
    let checks = sets.map(|set| check(&amazon, &s3, &cluster, set));
    let [remote, bundled] =
        checks.map(|check| ended(check.wait_with_output().expect("it ends"), 69));

    // It promises ten seconds; twice as much is for a machine that does much else.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    for said in [&remote, &bundled] {
        for line in [
            "ok       credentials    there are AWS credentials",
            "FAILURE  queue          no answer within",
            "FAILURE  dead letters   no answer within",
            "FAILURE  topic          no answer within",
            "FAILURE  elasticsearch  the cluster did not answer within",
            "warning  images         none was tried:",
        ] {
            assert!(said.contains(line), "{line:?} is missing in:\n{said}");
        }
    }
    assert!(remote.contains("FAILURE  models         no answer within"), "{remote}");
    for model in ["aspect-ratio", "features", "palette"] {
        let line = format!("ok       models         {model}: ");
        assert!(bundled.contains(&line), "{line:?} is missing in:\n{bundled}");
    }
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn each_host_of_pictures_is_asked_once_and_has_its_own_line() {
    let stage = Stage::with_images(&["hosted01", "hosted02", "hosted03"]).await;
    let (empty, closed) = (Images::start().await, Silent::new().url());
    stage.add("hosted04", &empty.url("/gone.png")).await;
    stage.add("hosted05", &format!("{closed}/there.png")).await;
    stage.add("hosted06", "ftp://somewhere/else.png").await;
    stage.index.refresh(&stage.names.initial).await;
    let mut command = stage.command_of("check", &[]);

    // In another thread, because the hosts are in this one.
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let said = ended(output.expect("it does not panic").expect("it starts"), 69);

    let host = |url: &str| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    for line in [
        format!("ok       images         {}: ", host(&stage.images.url("/"))),
        format!(
            "warning  images         {}: the picture of hosted04: not_found: ",
            host(&empty.url("/"))
        ),
        format!(
            "FAILURE  images         {}: the picture of hosted05: http_unavailable: ",
            host(&closed)
        ),
        "warning  images         1 of 6 documents looked at have no picture to fetch".to_owned(),
    ] {
        assert!(said.contains(&line), "{line:?} is missing in:\n{said}");
    }
    assert_eq!((stage.images.asked().len(), empty.asked().len()), (1, 1));
}
