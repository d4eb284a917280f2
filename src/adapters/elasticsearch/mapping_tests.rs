//! Mappings that agree with what is written and mappings that do not, one line each.

use actors::inference::{InferrerName, ModelStamp};
use serde_json::json;

use super::*;

fn spec(name: &str, field: &str, kind: FieldKind) -> Arc<InferrerSpec> {
    let model = ModelStamp { name: "m".into(), version: "1".into(), sha256: "0".into() };
    let fields = vec![FieldSpec { name: field.into(), kind }];
    Arc::new(InferrerSpec { name: InferrerName::new(name), model, fields, engine: String::new() })
}

fn specs() -> Vec<Arc<InferrerSpec>> {
    vec![
        spec("features", "features", FieldKind::Vector { dimensions: 4096, unit: true }),
        spec("palette", "averageColorHex", FieldKind::Text),
        spec("aspect-ratio", "aspectRatio", FieldKind::Number),
    ]
}

fn mapping(mappings: &Value) -> Mapping {
    let body = json!({"augmented-2026": {"mappings": mappings}}).to_string();
    Mapping::read(body.as_bytes()).unwrap()
}

fn inferred(fields: &Value) -> Value {
    json!({"dynamic": "false", "properties": {"state": {"properties": {"inferredData": {"properties": fields}}}}})
}

fn disagreements(mappings: &Value) -> Vec<String> {
    mapping(mappings).disagreements(&specs())
}

#[test]
fn mappings_that_take_our_documents_are_fine() {
    let stamp = json!({"type": "object", "enabled": false});
    let fine = [
        json!({}),
        json!({"dynamic": "false", "properties": {"modifiedTime": {"type": "date"}, "state": {"properties": {"augmentedTime": {"type": "date"}}}}}),
        inferred(
            &json!({"features": {"type": "dense_vector", "dims": 4096, "similarity": "dot_product", "index_options": {"type": "flat"}}}),
        ),
        inferred(&json!({"features": {"type": "dense_vector"}})),
        inferred(&json!({"features": {"type": "knn_vector", "dimension": 4096}})),
        inferred(
            &json!({"features": {"type": "float", "index": false}, "averageColorHex": {"type": "keyword"}, "aspectRatio": {"type": "float"}}),
        ),
        json!({"dynamic": "strict", "enabled": false}),
        json!({"dynamic": "strict", "properties": {"state": {"type": "flattened"}}}),
        json!({"dynamic": "strict", "properties": {"state": {"dynamic": "false", "properties": {}}}}),
        json!({"dynamic": "strict", "properties": {"state": {"properties": {
            "inferredData": {"properties": {
                "features": {"type": "dense_vector", "dims": 4096}, "averageColorHex": {"type": "keyword"}, "aspectRatio": {"type": "float"},
            }},
            "augmentedTime": {"type": "date"},
            "inferenceModels": stamp,
        }}}}),
    ];
    for mappings in fine {
        assert_eq!(disagreements(&mappings), Vec::<String>::new(), "{mappings}");
    }
}

#[test]
fn whatever_would_refuse_or_lose_documents_is_told() {
    let vector = |more: Value| {
        let mut field = json!({"type": "dense_vector", "dims": 4096});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        inferred(&json!({ "features": field }))
    };
    let cases = [
        (vector(json!({"dims": 1280})), "1280 dimensions; the model has 4096"),
        (vector(json!({"element_type": "byte"})), "elements of type byte"),
        (inferred(&json!({"features": {"type": "knn_vector", "dimension": 1}})), "1 dimensions"),
        (
            inferred(&json!({"features": {"type": "boolean"}})),
            "as boolean, which does not take a vector",
        ),
        (
            inferred(&json!({"features": {"properties": {}}})),
            "as an object, which does not take a vector",
        ),
        (inferred(&json!({"averageColorHex": {"type": "float"}})), "does not take a text"),
        (inferred(&json!({"aspectRatio": {"type": "date"}})), "does not take a number"),
        (inferred(&json!({"aspectRatio": {"type": "alias", "path": "a"}})), "as an alias"),
        (
            json!({"properties": {"state": {"type": "keyword"}}}),
            "state is declared as keyword, not as an object",
        ),
        (
            json!({"properties": {"state": {"properties": {"augmentedTime": {"type": "long"}}}}}),
            "does not take a time",
        ),
        (json!({"_source": {"enabled": false}}), "keeps no _source"),
        (json!({"_routing": {"required": true}}), "requires a routing"),
        (
            json!({"dynamic": "strict", "properties": {"version": {"type": "long"}}}),
            "does not declare state",
        ),
        (
            json!({"properties": {"state": {"dynamic": "strict", "properties": {
                "inferredData": {"dynamic": "true", "properties": {}}, "augmentedTime": {"type": "date"}}}}}),
            "does not declare state.inferenceModels",
        ),
    ];
    for (mappings, part) in cases {
        let found = disagreements(&mappings);
        assert_eq!(found.len(), 1, "{mappings}: {found:?}");
        assert!(found[0].contains(part), "{found:?}");
    }
}

#[test]
fn a_similarity_of_unit_vectors_needs_unit_vectors() {
    let kind = |unit| FieldKind::Vector { dimensions: 2, unit };
    for (similarity, unit, fine) in [
        ("dot_product", true, true),
        ("dot_product", false, false),
        ("max_inner_product", false, true),
        ("cosine", false, true),
    ] {
        let field = json!({"v": {"type": "dense_vector", "dims": 2, "similarity": similarity}});
        let found = mapping(&inferred(&field)).disagreements(&[spec("n", "v", kind(unit))]);
        assert_eq!(found.is_empty(), fine, "{similarity}, unit: {unit}: {found:?}");
    }
}

#[test]
fn only_a_dense_vector_of_floats_may_be_packed() {
    let specs = specs();
    let packed = |field: Value| {
        let fields = json!({"features": field, "averageColorHex": {"type": "dense_vector"}});
        let names = mapping(&inferred(&fields)).dense_vectors(&specs);
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(packed(json!({"type": "dense_vector", "dims": 4096})), ["features"]);
    assert_eq!(packed(json!({"type": "dense_vector", "element_type": "bfloat16"})), [""; 0]);
    assert_eq!(packed(json!({"type": "float"})), [""; 0]);
    assert!(mapping(&json!({})).dense_vectors(&specs).is_empty());
}

#[test]
fn an_alias_of_several_indices_and_anything_else_are_no_mapping() {
    let two = json!({"a": {"mappings": {}}, "b": {"mappings": {}}}).to_string();
    assert!(Mapping::read(two.as_bytes()).unwrap_err().contains("a, b"));
    for body in ["{}", "[]", "<html>", r#"{"a":{}}"#] {
        assert!(Mapping::read(body.as_bytes()).unwrap_err().contains("not a mapping"), "{body}");
    }
}
