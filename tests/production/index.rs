//! Elasticsearch as the tests see it: over its own interface, without any code of the program.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// The cluster.
pub struct Index {
    /// Where it is.
    pub url: String,
    client: Client,
}

impl Index {
    /// The one that `./test` started.
    pub fn at_test_server() -> Self {
        inference_manager::tls::install();
        let url = std::env::var("TEST_ELASTICSEARCH_URL");
        let url = url.expect("TEST_ELASTICSEARCH_URL names a server: ./test starts one");
        Self { url, client: Client::new() }
    }

    /// An index that takes any document without looking into it, as the reference's does.
    pub async fn create(&self, name: &str) {
        let settings = json!({
            "settings": {"number_of_shards": 1, "number_of_replicas": 0},
            "mappings": {"dynamic": false, "properties": {"modifiedTime": {"type": "date"}}},
        });
        self.create_with(name, &settings).await;
    }

    /// An index with these settings and mappings.
    pub async fn create_with(&self, name: &str, settings: &Value) {
        let url = format!("{}/{name}", self.url);
        self.expect(self.client.put(url).body(settings.to_string())).await;
    }

    /// Makes what was written findable.
    pub async fn refresh(&self, name: &str) {
        self.expect(self.client.post(format!("{}/{name}/_refresh", self.url))).await;
    }

    /// Deletes an index.
    pub async fn delete(&self, name: &str) {
        self.expect(self.client.delete(format!("{}/{name}", self.url))).await;
    }

    /// Writes a document of this version.
    pub async fn put(&self, index: &str, id: &str, document: &Value, version: i64) {
        let url = format!("{}?version={version}&version_type=external", self.document(index, id));
        self.expect(self.client.put(url).body(document.to_string())).await;
    }

    /// The document, if it is there.
    pub async fn get(&self, index: &str, id: &str) -> Option<Value> {
        let answer = self.client.get(self.document(index, id)).send().await.expect("it answers");
        if answer.status() == StatusCode::NOT_FOUND {
            return None;
        }
        let answer: Value = answer.text().await.expect("text").parse().expect("JSON");
        Some(answer["_source"].clone()).filter(|source| !source.is_null())
    }

    /// The version of a document.
    pub async fn version(&self, index: &str, id: &str) -> Option<i64> {
        let answer = self.client.get(self.document(index, id)).send().await.expect("it answers");
        let answer: Value = answer.text().await.expect("text").parse().expect("JSON");
        answer["_version"].as_i64()
    }

    /// Settings and mapping of an index, how many documents it holds, and how often it was written to.
    pub async fn described(&self, name: &str) -> Value {
        self.refresh(name).await;
        let ask = async |path: &str| {
            let answer = self.client.get(format!("{}/{name}{path}", self.url)).send().await;
            let answer = answer.expect("it answers").text().await.expect("text");
            answer.parse::<Value>().expect("JSON")
        };
        let stats = ask("/_stats/indexing").await;
        json!({
            "index": ask("").await,
            "count": ask("/_count").await["count"],
            "writes": stats["_all"]["primaries"]["indexing"]["index_total"],
            "deletes": stats["_all"]["primaries"]["indexing"]["delete_total"],
        })
    }

    fn document(&self, index: &str, id: &str) -> String {
        format!("{}/{index}/_doc/{}", self.url, utf8_percent_encode(id, NON_ALPHANUMERIC))
    }

    async fn expect(&self, request: reqwest::RequestBuilder) {
        let request = request.header("Content-Type", "application/json");
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
    }
}
