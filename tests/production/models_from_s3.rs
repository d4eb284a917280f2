//! Model sets in S3: fetched, proven, kept, resumed; refused where they are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint as Constraint, CreateBucketConfiguration};
use tempfile::TempDir;

use crate::stage::{Stage, unique};

const SET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/sets/default");

/// A bucket with a copy of the bundled set, and an empty cache.
struct Bucket {
    stage: Stage,
    client: Client,
    name: String,
    cache: TempDir,
}

impl Bucket {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let config = aws_sdk_s3::config::Builder::from(&stage.queue.config);
        let client = Client::from_conf(config.force_path_style(true).build());
        let name = format!("models-{}", unique());
        let here = CreateBucketConfiguration::builder().location_constraint(Constraint::EuWest1);
        let create = client.create_bucket().bucket(&name).create_bucket_configuration(here.build());
        create.send().await.expect("a bucket can be made");
        let cache = tempfile::tempdir().expect("a temporary folder");
        let bucket = Self { stage, client, name, cache };
        for inferrer in ["features", "palette", "aspect-ratio"] {
            for file in fs::read_dir(Path::new(SET).join(inferrer)).expect("it is bundled") {
                let path = file.expect("it is there").path();
                let file = path.file_name().and_then(|name| name.to_str()).expect("a name");
                let bytes = fs::read(&path).expect("it can be read");
                bucket.put(&format!("set/{inferrer}/{file}"), bytes).await;
            }
        }
        bucket
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) {
        let put = self.client.put_object().bucket(&self.name).key(key);
        put.body(ByteStream::from(bytes)).send().await.expect("it can be written");
    }

    async fn delete(&self, key: &str) {
        let delete = self.client.delete_object().bucket(&self.name).key(key);
        delete.send().await.expect("it can be deleted");
    }

    /// The options that name the set.
    fn options(&self) -> [String; 4] {
        let cache = self.cache.path().display().to_string();
        ["--models".into(), format!("s3://{}/set", self.name), "--models-cache".into(), cache]
    }

    /// Runs until it is ready, and stops.
    async fn serves(&self) -> String {
        let options = self.options();
        let service = self.stage.start(&options.each_ref().map(String::as_str)).await;
        service.drain()
    }

    fn refused(&self, code: i32) -> String {
        let options = self.options();
        self.stage.refuses(&options.each_ref().map(String::as_str), code)
    }

    /// The cached weights of the features.
    fn weights(&self) -> PathBuf {
        let kept = fs::read_dir(self.cache.path().join("weights")).expect("there is a cache");
        let files = kept.map(|file| file.expect("it is there").path());
        files.into_iter().find(|path| path.extension().is_none()).expect("weights are kept")
    }
}

const WEIGHTS: &str = "set/features/weights.safetensors";

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_set_is_fetched_once_and_served_from_the_cache_from_then_on() {
    let bucket = Bucket::new().await;

    assert!(bucket.serves().await.contains("fetching weights"));
    bucket.delete(WEIGHTS).await;

    assert!(!bucket.serves().await.contains("fetching weights"));
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_fetch_that_was_interrupted_goes_on_where_it_stopped() {
    let bucket = Bucket::new().await;
    bucket.serves().await;
    let kept = bucket.weights();
    let whole = fs::read(&kept).expect("it is kept");
    fs::remove_dir_all(bucket.cache.path().join("sets")).expect("it can be removed");
    fs::remove_file(&kept).expect("it can be removed");
    fs::write(kept.with_extension("partial"), &whole[..whole.len() / 2])
        .expect("it can be written");
    // The first half is not asked for again: it may be wrong there.
    let mut other_half = whole.clone();
    other_half[..1000].fill(0);
    bucket.put(WEIGHTS, other_half).await;

    assert!(bucket.serves().await.contains("fetching weights"));

    assert!(fs::read(&kept).expect("it is kept again") == whole);
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_damaged_cache_is_mended() {
    let bucket = Bucket::new().await;
    bucket.serves().await;
    let kept = bucket.weights();
    let whole = fs::read(&kept).expect("it is kept");
    fs::remove_dir_all(bucket.cache.path().join("sets")).expect("it can be removed");
    fs::write(&kept, &whole[..100]).expect("it can be written");

    assert!(bucket.serves().await.contains("a cached file is damaged"));

    assert!(fs::read(&kept).expect("it is kept again") == whole);
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn weights_with_another_digest_are_refused_and_not_kept() {
    let bucket = Bucket::new().await;
    let mut weights =
        fs::read(Path::new(SET).join("features/weights.safetensors")).expect("bundled");
    *weights.last_mut().expect("it is not empty") ^= 1;
    bucket.put(WEIGHTS, weights).await;

    let said = bucket.refused(69);

    assert!(said.contains("SHA-256") && said.contains(WEIGHTS), "{said}");
    assert!(!bucket.cache.path().join("sets").exists());
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_manifest_of_an_unknown_format_is_refused_as_usage() {
    let bucket = Bucket::new().await;
    let manifest =
        fs::read_to_string(Path::new(SET).join("features/manifest.json")).expect("bundled");
    let manifest = manifest.replacen("\"format\": 1", "\"format\": 99", 1);
    assert!(manifest.contains("99"), "the manifest is written another way");
    bucket.put("set/features/manifest.json", manifest.into_bytes()).await;

    let said = bucket.refused(64);

    assert!(said.contains("format") && said.contains("99"), "{said}");
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_bucket_that_does_not_exist_is_named() {
    let bucket = Bucket::new().await;
    let options = ["--models", "s3://no-such-bucket-here/set/"];

    let said = bucket.stage.refuses(&options, 69);

    assert!(said.contains("s3://no-such-bucket-here/set/"), "{said}");
}
