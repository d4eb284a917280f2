//! What the credentials may do, as the cluster tells it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::index_name::IndexName;

/// What is needed of the initial index.
const READING: [&str; 1] = ["read"];
/// What is needed of the augmented index: writing it, and seeing its mapping.
const WRITING: [&str; 2] = ["index", "view_index_metadata"];

/// The question, for `POST /_security/user/_has_privileges`.
#[must_use]
pub fn question(initial: &IndexName, augmented: &IndexName) -> Value {
    json!({"index": [
        {"names": [initial.as_str()], "privileges": READING},
        {"names": [augmented.as_str()], "privileges": WRITING},
    ]})
}

/// The privileges that are missing, as `INDEX: PRIVILEGE`.
///
/// # Errors
/// A sentence where the answer is something else.
pub fn missing(body: &[u8]) -> Result<Vec<String>, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| "the cluster's answer is not about privileges".to_owned())?;
    let mut missing = Vec::new();
    for (index, privileges) in answer.index {
        let absent = privileges.as_object().into_iter().flatten();
        let absent = absent.filter(|(_, held)| held.as_bool() != Some(true));
        missing.extend(absent.map(|(privilege, _)| format!("{index}: {privilege}")));
    }
    Ok(missing)
}

#[derive(Deserialize)]
struct Answer {
    index: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_told() {
        let body = json!({"has_all_requested": false, "cluster": {}, "index": {
            "initial": {"read": true},
            "augmented": {"index": false, "view_index_metadata": true},
        }});

        assert_eq!(missing(body.to_string().as_bytes()), Ok(vec!["augmented: index".to_owned()]));
        assert!(missing(b"{}").is_err());
    }
}
