//! Model sets in S3: fetched, proven, kept, resumed; refused where they are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint as Constraint, CreateBucketConfiguration};
use tempfile::TempDir;

use crate::fixture::ended;
use crate::stage::program::Service;
use crate::stage::{Stage, unique};

/// The bundled set.
pub const SET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/sets/default");

/// A bucket with a copy of the bundled set, and an empty cache.
pub struct Bucket {
    /// The servers.
    pub stage: Stage,
    client: Client,
    name: String,
    /// Where models are kept.
    pub cache: TempDir,
}

impl Bucket {
    /// Of its own.
    pub async fn new() -> Self {
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
    pub fn options(&self) -> [String; 4] {
        let cache = self.cache.path().display().to_string();
        ["--models".into(), format!("s3://{}/set", self.name), "--models-cache".into(), cache]
    }

    /// Runs until it is ready, and stops.
    pub async fn serves(&self) -> String {
        let options = self.options();
        let service = self.stage.start(&options.each_ref().map(String::as_str)).await;
        service.drain()
    }

    fn refused(&self, code: i32) -> String {
        let options = self.options();
        self.stage.refuses(&options.each_ref().map(String::as_str), code)
    }

    fn checked(&self, code: i32) -> String {
        let options = self.options();
        let options = options.each_ref().map(String::as_str);
        let output = self.stage.command_of("check", &options).output();
        ended(output.expect("it starts"), code)
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
async fn check_completes_a_set_as_the_service_does() {
    let bucket = Bucket::new().await;
    for inferrer in ["palette", "aspect-ratio"] {
        bucket.delete(&format!("set/{inferrer}/manifest.json")).await;
    }
    let said = bucket.checked(0);
    for model in ["features: efficientnet", "palette: ", "aspect-ratio: "] {
        assert!(said.contains(&format!("ok       models         {model}")), "{model}: {said}");
    }

    let (stage, augmented) = (&bucket.stage, &bucket.stage.names.augmented);
    stage.index.delete(augmented).await;
    let vectors = serde_json::json!({"mappings": {"properties": {"state": {"properties": {
        "inferredData": {"properties": {"paletteEmbedding": {"type": "dense_vector", "dims": 7}}},
    }}}}});
    stage.index.create_with(augmented, &vectors).await;

    let said = bucket.checked(69);

    assert!(said.contains("FAILURE  elasticsearch"), "{said}");
    assert!(said.contains("7 dimensions; the model has 1000"), "{said}");
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_set_without_features_is_refused_by_check_and_run_alike() {
    let bucket = Bucket::new().await;
    bucket.delete("set/features/manifest.json").await;

    for said in [bucket.checked(69), bucket.refused(64)] {
        assert!(said.contains("the set has no features"), "{said}");
    }
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn check_proves_the_digest_of_what_is_cached_and_says_what_is_not() {
    let bucket = Bucket::new().await;
    assert!(bucket.checked(0).contains(": not cached: fetched"), "{}", bucket.checked(0));
    bucket.serves().await;
    let kept = bucket.weights();
    let sha256 = kept.file_name().and_then(|name| name.to_str()).expect("its digest").to_owned();

    let said = bucket.checked(0);
    assert!(said.contains(&format!("sha256 {sha256}: cached with that digest")), "{said}");

    fs::write(&kept, "damaged").expect("it can be written");
    let said = bucket.checked(0);
    assert!(said.contains("warning  models") && said.contains("fetched again"), "{said}");
    assert_eq!(fs::read(&kept).expect("it is left alone"), b"damaged");
}

/// The bundled manifest of the features with another golden vector.
fn wrongly_golden() -> Vec<u8> {
    let path = Path::new(SET).join("features/manifest.json");
    let manifest = fs::read_to_string(path).expect("bundled");
    let mut manifest: serde_json::Value = manifest.parse().expect("JSON");
    manifest["golden"]["output"]["features"][0] = 0.5.into();
    manifest.to_string().into_bytes()
}

/// Starts the service and expects that it ends with 69 without ever having been ready.
async fn is_never_ready(stage: &Stage, options: &[&str]) {
    let mut service = Service::start(stage.command(options), &stage.address);
    let url = format!("http://{}/readyz", stage.address);
    let ready = async || loop {
        if reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    tokio::select! {
        code = service.code() => assert_eq!(code, Some(69)),
        () = ready() => panic!("it was ready with a model that fails its golden picture"),
    }
}

#[tokio::test]
#[ignore = "needs S3: ./test starts it"]
async fn a_set_that_fails_its_golden_vector_is_never_ready() {
    let bucket = Bucket::new().await;
    bucket.put("set/features/manifest.json", wrongly_golden()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let features = folder.path().join("features");
    fs::create_dir(&features).expect("it is new");
    for file in ["golden.png", "weights.safetensors"] {
        let bundled = Path::new(SET).join("features").join(file);
        fs::copy(bundled, features.join(file)).expect("it is bundled");
    }
    fs::write(features.join("manifest.json"), wrongly_golden()).expect("it can be written");
    let folder = folder.path().display().to_string();

    is_never_ready(&bucket.stage, &bucket.options().each_ref().map(String::as_str)).await;
    is_never_ready(&bucket.stage, &["--models", &folder]).await;

    for said in [bucket.refused(69), bucket.stage.refuses(&["--models", &folder], 69)] {
        assert!(said.contains("golden"), "{said}");
    }
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
