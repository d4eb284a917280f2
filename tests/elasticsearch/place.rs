//! Two indices of a test's own on the real server, and a way round the engines to look at them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use inference_manager::adapters::elasticsearch::{ElasticsearchSettings, Opened, Server, open};
use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use url::Url;

use crate::documents::{id, initial, specs};

/// Tests run side by side, except those that trouble the whole cluster.
static CLUSTER: RwLock<()> = RwLock::const_new(());

#[expect(dead_code, reason = "held, so that the other kind of test waits")]
enum Presence {
    AmongOthers(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

pub struct Place {
    pub initial: String,
    pub augmented: String,
    url: Url,
    http: reqwest::Client,
    _presence: Presence,
}

/// The mapping of the reference's augmented index: it declares no inferred field.
pub fn reference_mapping() -> Value {
    json!({"dynamic": false, "properties": {
        "modifiedTime": {"type": "date"},
        "state": {"properties": {"augmentedTime": {"type": "date"}}},
    }})
}

/// A strict mapping that declares all that is written, the vector with these properties.
pub fn strict_mapping(features: &Value) -> Value {
    let keyword = json!({"type": "keyword"});
    json!({"dynamic": "strict", "properties": {"state": {"properties": {
        "canonicalId": keyword,
        "sourceIdentifier": {"type": "object", "enabled": false},
        "inferredData": {"properties": {
            "features": features, "averageColorHex": keyword, "aspectRatio": {"type": "float"}}},
        "augmentedTime": {"type": "date"},
        "inferenceModels": {"type": "object", "enabled": false},
    }}, "version": {"type": "long"}, "modifiedTime": {"type": "date"},
        "locations": {"type": "object", "enabled": false},
        "source": {"type": "object", "enabled": false},
        "unknown": {"type": "object", "enabled": false},
    }})
}

/// The mapping of a vector of so many dimensions that can be searched.
pub fn vector(server: Server, dimensions: u32) -> Value {
    match server {
        Server::OpenSearch { .. } => {
            let method = json!({"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"});
            json!({"type": "knn_vector", "dimension": dimensions, "method": method})
        }
        _ => {
            json!({"type": "dense_vector", "dims": dimensions, "similarity": "dot_product", "index": true})
        }
    }
}

/// A search for the document whose vector in `field` is nearest to `vector`.
pub fn nearest(server: Server, field: &str, vector: [f32; 3]) -> Value {
    match server {
        Server::OpenSearch { .. } => {
            json!({"query": {"knn": {field: {"vector": vector, "k": 1}}}, "_source": false})
        }
        _ => {
            let knn = json!({"field": field, "query_vector": vector, "k": 1, "num_candidates": 10});
            json!({"knn": knn, "_source": false})
        }
    }
}

impl Place {
    /// Both indices, the augmented one with the reference's mapping.
    pub async fn new() -> Self {
        Self::with_mapping(&reference_mapping()).await
    }

    pub async fn with_mapping(mapping: &Value) -> Self {
        let place = Self::bare(Presence::AmongOthers(CLUSTER.read().await));
        place.create(&place.initial, &json!({"dynamic": false})).await;
        place.create(&place.augmented, mapping).await;
        place
    }

    /// The same, while no other test runs.
    pub async fn alone() -> Self {
        let place = Self::bare(Presence::Alone(CLUSTER.write().await));
        place.create(&place.initial, &json!({"dynamic": false})).await;
        place.create(&place.augmented, &reference_mapping()).await;
        place
    }

    fn bare(presence: Presence) -> Self {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        inference_manager::tls::install();
        let url = std::env::var("TEST_ELASTICSEARCH_URL")
            .expect("TEST_ELASTICSEARCH_URL names no server: run ./test, which starts one");
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_nanos();
        let own = format!("{now}-{}", PLACES.fetch_add(1, Ordering::Relaxed));
        Self {
            initial: format!("images-initial-{own}"),
            augmented: format!("images-augmented-{own}"),
            url: url.parse().expect("it is a URL"),
            http: reqwest::Client::new(),
            _presence: presence,
        }
    }

    pub fn settings(&self) -> ElasticsearchSettings {
        ElasticsearchSettings {
            // Before everything that is written, so that nothing depends on how fast a test is.
            verify_after: Duration::ZERO,
            wait_for_shards: Duration::from_millis(100),
            ..ElasticsearchSettings::new(self.url.clone(), &self.initial, &self.augmented)
        }
    }

    pub async fn engines(&self) -> Opened {
        open(&self.settings(), &specs()).await.expect("both indices are as they should be")
    }

    /// The augmented index anew, with another mapping. A second place would wait for whoever waits for
    /// this one to end.
    pub async fn remap(&self, mapping: &Value) {
        self.ok("DELETE", &self.augmented, &Value::Null).await;
        self.create(&self.augmented, mapping).await;
    }

    pub async fn create(&self, index: &str, mapping: &Value) {
        let mut settings = json!({"number_of_shards": 1, "number_of_replicas": 0});
        // OpenSearch builds no graph of vectors without it, and Elasticsearch does not know it.
        if mapping.to_string().contains("knn_vector") {
            settings["index.knn"] = json!(true);
        }
        let body = json!({"settings": settings, "mappings": mapping});
        self.ok("PUT", index, &body).await;
    }

    /// Puts initial documents there, searchable or not: a lookup by id sees them at once.
    pub async fn publish(&self, names: &[&str], modified: &str) {
        for name in names {
            self.publish_as(name, &initial(name, modified)).await;
        }
    }

    pub async fn publish_as(&self, name: &str, document: &Value) {
        let mut url = self.url.clone();
        url.path_segments_mut().expect("it is http").extend([
            &self.initial,
            "_doc",
            id(name).as_str(),
        ]);
        let request = self.http.put(url).header("content-type", "application/json");
        let response = request.body(document.to_string()).send().await.expect("it answers");
        assert!(response.status().is_success(), "{:?}", response.text().await);
    }

    /// The augmented document as it is stored, vectors included.
    pub async fn stored(&self, name: &str) -> Option<Value> {
        let path = format!("{}/_mget?_source_exclude_vectors=false", self.augmented);
        let (status, answer) = self.call("POST", &path, &json!({"ids": [name]})).await;
        let answer = match status {
            400 => {
                self.ok("POST", &format!("{}/_mget", self.augmented), &json!({"ids": [name]})).await
            }
            _ => answer,
        };
        answer["docs"][0].get("_source").cloned()
    }

    pub async fn exists(&self, index: &str) -> bool {
        self.call("GET", index, &Value::Null).await.0 == 200
    }

    pub async fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = self.url.join(path).expect("it is a path");
        let method = method.parse().expect("it is a method");
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("it answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("it answers whole");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}
