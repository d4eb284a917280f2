//! What options mean, alone and together.

use std::time::Duration;

use ::models::Device;
use clap::Parser;

use super::*;
use crate::adapters::elasticsearch::Credentials;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn config(arguments: &[&str]) -> Result<Config, Problems> {
    let line = ["test", "--images", "/"].iter().chain(arguments);
    Config::new(&Line::parse_from(line).options)
}

fn problems(arguments: &[&str]) -> String {
    config(arguments).map(|_| ()).expect_err("something is wrong").to_string()
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = config(&[]).expect("the defaults are right");

    let limits = &config.limits;
    assert_eq!((limits.in_flight, limits.bytes_in_flight), (64, 128 << 20));
    assert_eq!((limits.picture_bytes, limits.picture_pixels), (64 << 20, 100_000_000));
    assert_eq!(limits.drain, Duration::from_secs(25));
    assert_eq!(config.models.set, SetLocation::Bundled);
    assert_eq!(config.models.device("features"), Device::Simd);
    assert_eq!((config.models.workers("features"), config.models.workers("palette")), (cores(), 1));
}

#[test]
fn all_problems_are_told_at_once_each_with_option_variable_value_and_remedy() {
    let told = problems(&[
        "--device",
        "gpu",
        "--workers",
        "feature=2",
        "--batch",
        "0",
        "--in-flight",
        "many",
        "--drain",
        "soon",
        "--log-format",
        "xml",
        "--models",
        "/nowhere",
    ]);
    for part in [
        "--device (or DEVICE) is \"gpu\": unknown device",
        "--workers (or WORKERS) is \"feature=2\": there is no inferrer \"feature\"",
        "--batch (or BATCH) is \"0\": write a whole number",
        "--in-flight (or IN_FLIGHT) is \"many\"",
        "--drain (or DRAIN) is \"soon\"",
        "--log-format (or LOG_FORMAT) is \"xml\"",
        "--models (or MODELS) is \"/nowhere\": there is no such folder",
    ] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
}

#[test]
fn devices_and_workers_may_be_set_for_single_inferrers() {
    let config = config(&["--device", "features=ndarray", "--workers", "features=3,palette=2"])
        .expect("both lists are right");

    assert_eq!(config.models.device("features"), Device::Ndarray);
    assert_eq!(config.models.device("palette"), Device::Simd);
    assert_eq!((config.models.workers("features"), config.models.workers("palette")), (3, 2));
    assert_eq!(config.models.workers("aspect-ratio"), 1);
}

#[test]
fn a_number_of_workers_alone_is_for_every_inferrer() {
    let config = config(&["--workers", "3"]).expect("a number is right");

    assert_eq!((config.models.workers("features"), config.models.workers("palette")), (3, 3));
    assert!(problems(&["--workers", "0"]).contains("--workers"));
}

#[test]
fn some_locations_are_an_error_that_names_the_missing_ones() {
    let told = problems(&["--queue-url", "http://q", "--initial-index", "i"]);
    for missing in ["--dead-letter-queue-url", "--elasticsearch-url", "--augmented-index"] {
        assert!(told.contains(&format!("{missing} (or")), "{missing} in:\n{told}");
    }
    assert!(!told.contains("--queue-url (or QUEUE_URL)"), "{told}");
}

#[test]
fn production_never_falls_back_to_the_samples() {
    assert!(problems(&["--production"]).contains("--queue-url (or QUEUE_URL): it is missing"));
}

#[test]
fn folders_and_locations_together_are_an_error() {
    let told = problems(&["--production", "--out", "results"]);
    assert!(
        told.contains("--out (or OUT) is \"results\": a production run has no folders"),
        "{told}"
    );
}

#[test]
fn a_picture_may_not_be_larger_than_all_that_may_be_in_flight() {
    let told = problems(&["--picture-bytes", "2MiB", "--bytes-in-flight", "1MiB"]);
    assert!(told.contains("--picture-bytes"), "{told}");
    let told = problems(&["--picture-pixels", "2000000", "--pixels-in-flight", "1000000"]);
    assert!(told.contains("--picture-pixels"), "{told}");
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let line = Line::parse_from(["test", "--images", "/nowhere"]);
    let told = Config::new(&line.options).map(|_| ()).expect_err("there is no such folder");
    assert!(told.to_string().contains("--images (or IMAGES) is \"/nowhere\""), "{told}");
}

/// The options of a production run, all right.
const SERVICE: [&str; 12] = [
    "--queue-url",
    "http://q/images",
    "--dead-letter-queue-url",
    "http://q/dead",
    "--elasticsearch-url",
    "https://es.example",
    "--initial-index",
    "initial",
    "--augmented-index",
    "augmented",
    "--models",
    "bundled",
];

fn service(arguments: &[&str]) -> Result<Config, Problems> {
    let line = ["test"].iter().chain(&SERVICE).chain(arguments);
    Config::new(&Line::parse_from(line).options)
}

fn service_problems(arguments: &[&str]) -> String {
    service(arguments).map(|_| ()).expect_err("something is wrong").to_string()
}

#[test]
fn all_locations_and_a_model_set_are_a_production_run() {
    let config = service(&[]).expect("all is given");

    let Engines::Service(servers) = &config.engines else { panic!("{:?}", config.engines) };
    assert_eq!(servers.queue_url, "http://q/images");
    assert_eq!(servers.long_poll, Duration::from_secs(20));
    assert_eq!(config.admin.address, "127.0.0.1:9464".parse().ok());
    assert_eq!(config.admin.last_scrape, Duration::from_secs(15));
    assert_eq!(config.log_level, "info");
}

#[test]
fn a_production_run_must_be_told_its_models() {
    let line = ["test"].iter().chain(&SERVICE[..10]);
    let told = Config::new(&Line::parse_from(line).options).map(|_| ()).expect_err("no models");

    assert!(told.to_string().contains("--models (or MODELS): it is missing"), "{told}");
}

#[test]
fn a_drain_is_not_shorter_than_a_receive_may_wait() {
    assert!(service_problems(&["--drain", "3s"]).contains("--drain (or DRAIN) is \"3s\""));
    assert!(service(&["--drain", "3s", "--long-poll", "3s"]).is_ok());
}

#[test]
fn idleness_lasts_longer_than_a_receive_may_wait() {
    let told = service_problems(&["--exit-when-idle", "20s"]);
    assert!(told.contains("--exit-when-idle (or EXIT_WHEN_IDLE) is \"20s\""), "{told}");
    assert!(service(&["--exit-when-idle", "21s"]).is_ok());
    assert!(service(&["--exit-when-idle", "4s", "--long-poll", "3s"]).is_ok());
}

#[test]
fn traces_and_the_agent_have_addresses() {
    let told = service_problems(&[
        "--otlp-endpoint",
        "collector:4318",
        "--trace-ratio",
        "2",
        "--ecs-agent-uri",
        "169.254.170.2",
        "--exit-when-idle",
        "soon",
    ]);
    for option in ["--otlp-endpoint", "--trace-ratio", "--ecs-agent-uri", "--exit-when-idle"] {
        assert!(told.contains(option), "{option} is missing in {told}");
    }
    let config = service(&["--otlp-endpoint", "http://collector:4318", "--trace-ratio", "0.1"]);
    let traces = config.unwrap().traces.unwrap();
    assert_eq!((traces.endpoint.port(), traces.ratio), (Some(4318), 0.1));
}

#[test]
fn every_wrong_access_is_named() {
    let told = service_problems(&[
        "--elasticsearch-username",
        "me",
        "--allow-address",
        "10.0.0.0/8,everywhere",
        "--image-hosts",
        "*.example.org,not a host",
        "--requests-per-host",
        "0",
        "--long-poll",
        "30s",
        "--features-dimensions",
        "0",
        "--admin-address",
        "here",
        "--last-scrape",
        "soon",
    ]);
    for option in [
        "--elasticsearch-password (or",
        "--allow-address (or ALLOW_ADDRESS) is \"everywhere\"",
        "--image-hosts (or IMAGE_HOSTS) is \"not a host\"",
        "--requests-per-host (or REQUESTS_PER_HOST) is \"0\"",
        "--long-poll (or LONG_POLL) is \"30s\"",
        "--features-dimensions (or",
        "--admin-address (or ADMIN_ADDRESS) is \"here\"",
        "--last-scrape (or LAST_SCRAPE) is \"soon\"",
    ] {
        assert!(told.contains(option), "{option:?} is missing in:\n{told}");
    }
}

#[test]
fn a_host_of_pictures_is_asked_by_as_many_at_once_as_is_said() {
    let at_once = |arguments: &[&str]| {
        let config = service(arguments).expect("it is right");
        let Engines::Service(servers) = &config.engines else { panic!("{:?}", config.engines) };
        crate::run::production::settings::fetcher(&config, servers).per_host.at_once
    };
    assert_eq!((at_once(&[]), at_once(&["--requests-per-host", "3"])), (10, 3));
}

#[test]
fn secrets_are_not_shown() {
    let config = service(&["--elasticsearch-api-key", "c2VjcmV0"]).expect("a key is right");

    assert!(!format!("{config:?}").contains("c2VjcmV0"));
}

#[test]
fn what_can_only_fail_later_is_named_at_once() {
    let line = [
        "test",
        "--models",
        "bundled",
        "--elasticsearch-url",
        "https://es.example",
        "--queue-url",
        "http://q/images.fifo",
        "--dead-letter-queue-url",
        "http://q/dead.fifo",
        "--initial-index",
        "images-*",
        "--augmented-index",
        "Images",
        "--topic-arn",
        "arn:aws:sns:eu-west-1:1:ids.fifo",
    ];
    let config = Config::new(&Line::parse_from(line).options);
    let told = config.map(|_| ()).expect_err("none of them can be used").to_string();
    for part in [
        "--queue-url (or QUEUE_URL) is \"http://q/images.fifo\": only standard queues",
        "--dead-letter-queue-url (or DEAD_LETTER_QUEUE_URL) is \"http://q/dead.fifo\": only",
        "--initial-index (or INITIAL_INDEX) is \"images-*\": it holds",
        "--augmented-index (or AUGMENTED_INDEX) is \"Images\": it holds a capital",
        "--topic-arn (or TOPIC_ARN) is \"arn:aws:sns:eu-west-1:1:ids.fifo\": only standard topics",
    ] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
}

#[test]
fn an_empty_text_for_what_may_be_missing_is_as_good_as_none() {
    let empty = [
        "--topic-arn=",
        "--elasticsearch-api-key=",
        "--elasticsearch-username=",
        "--elasticsearch-password=",
        "--elasticsearch-ca=",
        "--exit-when-idle=",
        "--features-dimensions=",
        "--otlp-endpoint=",
    ];
    let given = service(&empty).expect("nothing is wrong");

    let Engines::Service(servers) = &given.engines else { panic!("{:?}", given.engines) };
    assert!(matches!(servers.elasticsearch_credentials, Credentials::None));
    assert_eq!((&servers.topic_arn, &servers.elasticsearch_ca), (&None, &None));
    assert_eq!((servers.exit_when_idle, servers.features_dimensions), (None, None));
    assert!(given.traces.is_none());

    let folder = config(&["--topic-arn="]).expect("it names no topic");
    assert!(matches!(folder.engines, Engines::Folder(_)));
}

#[test]
fn a_collector_for_others_does_not_keep_anybody_from_their_own_pictures() {
    let folder = config(&["--otlp-endpoint", "collector:4317"]).expect("it is not asked");
    assert!(folder.traces.is_none());
    let told = service_problems(&["--otlp-endpoint", "collector:4317"]);
    assert!(
        told.contains("--otlp-endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT) is \"collector:4317\""),
        "{told}"
    );
}

#[test]
fn what_is_out_of_bounds_is_told_the_bounds() {
    for (option, value, bounds) in [
        ("--workers", "300", "from 1 to 255"),
        ("--batch", "65", "from 1 to 64"),
        ("--in-flight", "1001", "from 1 to 1000"),
        ("--pixels-in-flight", "5000000000", "from 1000000 to 4294967295"),
        ("--pixels-in-flight", "50175", "from 1000000 to 4294967295"),
        ("--inference-deadline", "99999999999y", "up to a day"),
        ("--drain", "25h", "up to a day"),
    ] {
        let told = problems(&[option, value]);
        assert!(told.contains(bounds), "{option} {value}: {told}");
    }
    assert!(service_problems(&["--requests-per-host", "256"]).contains("from 1 to 255"));
}
