//! Augmented documents and their versions, in a real server.

use std::time::Duration;

use actors::ports::{Catalogue, Index, IndexError, Prepared, Verdict};
use actors::record::Record;
use actors::sink::shipment::{Next, next};
use inference_manager::adapters::elasticsearch::{ElasticsearchIndex, open};
use serde_json::{Value, json};

use crate::documents::{augmented, ids, initial, prepared, prepared_as, specs};
use crate::fake_server::{Answer, Asked, FakeServer, mget};
use crate::place::{Place, nearest, strict_mapping, vector};

const NOON: &str = "2025-04-01T12:00:00Z";
const LATER: &str = "2025-04-01T12:00:00.001Z";

async fn version_of(place: &Place, name: &str) -> i64 {
    let path = format!("{}/_mget?_source=false", place.augmented);
    let answer = place.ok("POST", &path, &json!({"ids": [name]})).await;
    answer["docs"][0]["_version"].as_i64().expect("the document is there")
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_35_one_document_is_indexed_and_reads_back_key_by_key() {
    let place = Place::new().await;
    place.publish(&["swms7qdx"], NOON).await;
    let engines = place.engines().await;
    let record = engines.catalogue.retrieve(&ids(&["swms7qdx"])).await.unwrap().remove(0).unwrap();

    let document = engines.index.prepare(&augmented(record)).unwrap();
    assert_eq!(engines.index.index(&[document]).await, Ok(vec![Verdict::Indexed]));

    let mut stored = place.stored("swms7qdx").await.unwrap();
    let state = stored["state"].as_object_mut().unwrap();
    let inferred = state.shift_remove("inferredData").unwrap();
    let models = state.shift_remove("inferenceModels").unwrap();
    let time = state.shift_remove("augmentedTime").unwrap();
    assert_eq!(stored.to_string(), initial("swms7qdx", NOON).to_string());
    let expected = json!({"features": [0.6_f32, 0.8_f32, 0.0], "averageColorHex": "#0aa7bc", "aspectRatio": 1.5});
    assert_eq!(numbers_as_f32(inferred), numbers_as_f32(expected));
    assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    let model =
        |name: &str| json!({"name": name, "version": "2026-11-23", "sha256": "ab".repeat(32)});
    let expected = json!({"features": model("features-model"), "averageColorHex": model("palette-model"), "aspectRatio": model("aspect-ratio-model")});
    assert_eq!(models, expected);
}

/// 0.6 as f32 is written as 0.6, which is another f64 than the f32 widened.
fn numbers_as_f32(mut value: Value) -> Value {
    for number in value["features"].as_array_mut().unwrap() {
        let narrow = number.as_f64().unwrap() as f32;
        *number = json!(narrow);
    }
    value
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_36_the_same_document_is_indexed_twice() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    for _ in 0..2 {
        assert_eq!(index.index(&[prepared("a", 5)]).await, Ok(vec![Verdict::Indexed]));
    }
    let twice = index.index(&[prepared("b", 5), prepared("b", 5)]).await;
    assert_eq!(twice, Ok(vec![Verdict::Indexed, Verdict::Indexed]));
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_37_to_39_an_older_version_never_replaces_a_newer_or_equal_one_does() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    let steps = [
        (5, Verdict::Indexed, 5),
        (4, Verdict::Superseded, 5),
        (5, Verdict::Indexed, 5),
        (6, Verdict::Indexed, 6),
    ];
    for (version, verdict, held) in steps {
        assert_eq!(index.index(&[prepared("a", version)]).await, Ok(vec![verdict]));
        assert_eq!(version_of(&place, "a").await, held);
    }
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_40_a_list_of_documents_is_indexed_each_under_its_own_id() {
    let place = Place::new().await;
    let index = place.engines().await.index;
    let names: Vec<String> = (0..100).map(|n| format!("image/{n}ü")).collect();
    let documents: Vec<Prepared> = names.iter().map(|name| prepared(name, 1)).collect();

    assert_eq!(index.index(&documents).await, Ok(vec![Verdict::Indexed; 100]));

    let stored = place.stored("image/77ü").await.unwrap();
    assert_eq!(stored["state"]["canonicalId"], "image/77ü");
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_41_a_document_that_contradicts_the_mapping_fails_alone_with_its_reason() {
    let place = Place::with_mapping(&strict_mapping(&json!({"type": "float"}))).await;
    let index = place.engines().await.index;
    let unknown = prepared_as("b", 1, &json!({"nobodyKnows": 1}));
    let no_date = prepared_as("c", 1, &json!({"modifiedTime": "yesterday"}));

    let verdicts =
        index.index(&[prepared("a", 1), unknown, no_date, prepared("d", 1)]).await.unwrap();

    assert_eq!((&verdicts[0], &verdicts[3]), (&Verdict::Indexed, &Verdict::Indexed));
    let rejected = |verdict: &Verdict, part: &str| match verdict {
        Verdict::Rejected(reason) => assert!(reason.contains(part), "{reason}"),
        other => panic!("{other:?}"),
    };
    rejected(&verdicts[1], "nobodyKnows");
    rejected(&verdicts[2], "modifiedTime");
}

/// The mapping is strict and knows the features alone: what another inferrer would have said is not there,
/// not even as a null.
#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_42_no_optional_field_is_written_that_was_not_inferred() {
    let mut mapping = strict_mapping(&json!({"type": "float"}));
    let inferred = &mut mapping["properties"]["state"]["properties"]["inferredData"];
    inferred["properties"] = json!({"features": {"type": "float"}});
    let place = Place::with_mapping(&mapping).await;
    place.publish(&["swms7qdx"], NOON).await;
    let engines = open(&place.settings(), &specs()[..1]).await.expect("the mapping fits");
    let record = engines.catalogue.retrieve(&ids(&["swms7qdx"])).await.unwrap().remove(0).unwrap();
    let mut augmented = augmented(record);
    augmented.inferences.truncate(1);

    let document = engines.index.prepare(&augmented).unwrap();
    assert_eq!(engines.index.index(&[document]).await, Ok(vec![Verdict::Indexed]));

    let stored = place.stored("swms7qdx").await.unwrap();
    for made in ["inferredData", "inferenceModels"] {
        let fields: Vec<&String> = stored["state"][made].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["features"], "{made}");
    }
}

/// The reference fails; here nothing was asked, so nothing is answered.
#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_43_an_empty_list_writes_nothing() {
    let place = Place::new().await;
    assert_eq!(place.engines().await.index.index(&[]).await, Ok(vec![]));
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_44_to_46_what_is_too_large_together_is_split_and_what_is_too_large_alone_fails() {
    let place = Place::new().await;
    let nodes = place.ok("GET", "_nodes/http", &Value::Null).await;
    let node = nodes["nodes"].as_object().unwrap().values().next().unwrap();
    let limit = node["http"]["max_content_length_in_bytes"].as_u64().unwrap();
    assert!(limit <= 32 << 20, "the server is to be started with http.max_content_length=16mb");
    let document = |name: &str, parts: u64| {
        let text = "x".repeat(usize::try_from(limit / 8 * parts).unwrap());
        prepared_as(name, 1, &json!({"state": {}, "text": text}))
    };
    let index = place.engines().await.index;
    let mostly_small = [document("s1", 3), document("s2", 3), document("s3", 3), document("s4", 3)];
    let one_big = [document("b1", 9)];
    let two_big = [document("b2", 9), document("b3", 9)];
    let mixed = [document("s5", 3), document("b4", 9), document("s6", 3), document("b5", 9)];

    assert_eq!(failed(&index, &mostly_small).await, [""; 0]);
    assert_eq!(failed(&index, &one_big).await, ["b1"]);
    assert_eq!(failed(&index, &two_big).await, ["b2", "b3"]);
    assert_eq!(failed(&index, &mixed).await, ["b4", "b5"]);
    for small in ["s1", "s2", "s3", "s4", "s5", "s6"] {
        assert_eq!(version_of(&place, small).await, 1);
    }
}

/// Ships `documents` as the sink does, splitting where it would, and tells which are too large.
async fn failed(index: &ElasticsearchIndex, documents: &[Prepared]) -> Vec<String> {
    let mut failed = Vec::new();
    let mut to_ship = vec![documents];
    while let Some(part) = to_ship.pop() {
        match next(index.index(part).await, part.len()) {
            Next::Judge(verdicts) => assert!(verdicts.iter().all(|v| *v == Verdict::Indexed)),
            Next::Split => {
                let (left, right) = part.split_at(part.len() / 2);
                to_ship.extend([right, left]);
            }
            Next::TooLarge(_) => failed.push(part[0].id.to_string()),
            Next::Again(cause) => panic!("{cause}"),
        }
    }
    failed
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn case_47_to_49_the_modified_time_of_the_initial_document_is_the_version() {
    let place = Place::new().await;
    let engines = place.engines().await;
    let write = async |modified: &str, mark: u32| {
        let mut document = initial("a", modified);
        document["mark"] = json!(mark);
        place.publish_as("a", &document).await;
        let record: Record =
            engines.catalogue.retrieve(&ids(&["a"])).await.unwrap().remove(0).unwrap();
        let document = engines.index.prepare(&augmented(record)).unwrap();
        let verdicts = engines.index.index(&[document]).await.unwrap();
        (verdicts[0].clone(), place.stored("a").await.unwrap()["mark"].as_u64().unwrap())
    };

    assert_eq!(write(NOON, 1).await, (Verdict::Indexed, 1));
    assert_eq!(write(LATER, 2).await, (Verdict::Indexed, 2), "a higher one overrides");
    assert_eq!(write(NOON, 3).await, (Verdict::Superseded, 2), "a lower one does not");
    assert_eq!(write(LATER, 4).await, (Verdict::Indexed, 4), "an equal one does");
}

/// As base64 where the server takes it and as numbers where not: the vector that is searched is ours.
#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn a_declared_vector_arrives_as_the_same_numbers_however_it_is_written() {
    let place = Place::new().await;
    let server = place.engines().await.server;
    place.remap(&strict_mapping(&vector(server, 3))).await;
    place.publish(&["a", "b"], NOON).await;
    let engines = place.engines().await;
    assert_eq!(engines.index.packed().len(), usize::from(server.takes_base64_vectors()));

    let mut documents = Vec::new();
    for (record, vector) in engines
        .catalogue
        .retrieve(&ids(&["a", "b"]))
        .await
        .unwrap()
        .into_iter()
        .zip([[0.6, 0.8, 0.0], [0.0, 0.0, -1.0]])
    {
        let augmented = crate::documents::augmented_with(record.unwrap(), vector.to_vec());
        documents.push(engines.index.prepare(&augmented).unwrap());
    }
    assert_eq!(engines.index.index(&documents).await, Ok(vec![Verdict::Indexed; 2]));

    place.ok("POST", &format!("{}/_refresh", place.augmented), &Value::Null).await;
    let query = nearest(server, "state.inferredData.features", [0.0, 0.0, -1.0]);
    let hits = place.ok("POST", &format!("{}/_search", place.augmented), &query).await;
    assert_eq!(hits["hits"]["hits"][0]["_id"], "b");
    assert!(hits["hits"]["hits"][0]["_score"].as_f64().unwrap() > 0.999, "{hits}");
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn compressed_requests_are_understood() {
    let place = Place::new().await;
    let mut settings = place.settings();
    settings.compress = true;
    let engines = open(&settings, &[]).await.unwrap();

    assert_eq!(engines.index.index(&[prepared("a", 1)]).await, Ok(vec![Verdict::Indexed]));
    assert!(engines.catalogue.retrieve(&ids(&["a"])).await.unwrap()[0].is_err());
}

#[tokio::test]
#[ignore = "needs Elasticsearch: ./test starts it"]
async fn an_alias_of_one_index_is_as_good_as_its_name() {
    let place = Place::new().await;
    let alias = format!("{}-current", place.augmented);
    let add = json!({"actions": [{"add": {"index": place.augmented, "alias": alias}}]});
    place.ok("POST", "_aliases", &add).await;
    let mut settings = place.settings();
    settings.augmented_index.clone_from(&alias);
    settings.verify_after = Duration::from_hours(1); // the cluster itself forbids it here
    let engines = open(&settings, &[]).await.unwrap();

    assert_eq!(engines.index.index(&[prepared("a", 1)]).await, Ok(vec![Verdict::Indexed]));
    assert!(place.stored("a").await.is_some());

    place.ok("DELETE", &place.augmented, &Value::Null).await;
    let gone = engines.index.index(&[prepared("a", 1)]).await;
    assert!(!place.exists(&alias).await);
    assert!(matches!(gone, Err(IndexError::Unavailable(_))), "{gone:?}");
}

/// What is sent is looked at: versions in seconds would be ordered just as well.
#[tokio::test]
async fn python_writes_with_external_gte_the_version_in_milliseconds_and_the_augmented_time() {
    let catalogue = |asked: &Asked| {
        if asked.path.contains("_mget") {
            let found = |id: &str| json!({"found": true, "_source": initial(id, NOON)});
            return Answer::reply(200, &mget(&asked.body, found));
        }
        Answer::bulk(&asked.body, 201)
    };
    let server = FakeServer::in_service(catalogue).await;
    let engines = server.engines().await;
    let record = engines.catalogue.retrieve(&ids(&["swms7qdx"])).await.unwrap().remove(0).unwrap();

    let document = engines.index.prepare(&augmented(record)).unwrap();
    assert_eq!(engines.index.index(&[document]).await, Ok(vec![Verdict::Indexed]));

    let asked = server.asked("_bulk").remove(0).body;
    let lines: Vec<Value> = asked
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let [action, document] = &lines[..] else { panic!("{lines:?}") };
    let version = json!({"_id": "swms7qdx", "version": 1_743_508_800_000_i64, "version_type": "external_gte"});
    assert_eq!(action, &json!({ "index": version }));
    assert!(document["state"]["augmentedTime"].is_string(), "{document}");
}
