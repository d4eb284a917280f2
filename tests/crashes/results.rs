//! What a run left in `--out`, and in what it differs from what another one left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

pub const AUGMENTED: &str = "augmented.ndjson";
pub const PARKED: &str = "parked.ndjson";

/// Everything that a finished run with a page leaves.
const LEFT: [&str; 5] = [".lock", AUGMENTED, PARKED, "index.html", "thumbnails"];

/// The lines by id, to the byte, but for the time at which they were made.
#[derive(Debug, PartialEq, Eq)]
pub struct Results {
    pub documents: BTreeMap<String, String>,
    pub parked: BTreeMap<String, String>,
}

impl Results {
    /// Reads both files.
    ///
    /// # Panics
    /// If a line is half written, an id is there twice, or both augmented and parked.
    pub fn of(out: &Path) -> Self {
        let documents =
            keyed(&out.join(AUGMENTED), "/state/canonicalId", "augmentedTime", |line| {
                line.pointer("/state/augmentedTime").cloned()
            });
        let parked = keyed(&out.join(PARKED), "/id", "at", |line| line.get("at").cloned());
        let twice = documents.keys().find(|id| parked.contains_key(*id));
        assert_eq!(twice, None, "augmented and parked");
        Self { documents, parked }
    }

    /// The ids that the two do not have alike.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let differ = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
            let ids = these.keys().chain(those.keys());
            ids.filter(|id| these.get(*id) != those.get(*id)).cloned().collect::<Vec<_>>()
        };
        let mut ids = differ(&self.documents, &other.documents);
        ids.extend(differ(&self.parked, &other.parked));
        ids.sort();
        ids.dedup();
        ids
    }
}

/// The text of a file that a reader may open at any time, or why it should never have seen it.
pub fn whole(content: &[u8]) -> Result<Vec<&str>, String> {
    let content = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    if !content.is_empty() && !content.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    let lines: Vec<_> = content.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        serde_json::from_str::<serde::de::IgnoredAny>(line)
            .map_err(|error| format!("line {}: {error}", number + 1))?;
    }
    Ok(lines)
}

fn keyed(
    path: &Path,
    id: &str,
    time: &str,
    made: impl Fn(&Value) -> Option<Value>,
) -> BTreeMap<String, String> {
    let content = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = whole(&content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut by_id = BTreeMap::new();
    for line in lines {
        let value: Value = serde_json::from_str(line).expect("it was parsed before");
        let id = value.pointer(id).and_then(Value::as_str).expect("every line has an id");
        let at = made(&value).expect("every line has its time");
        let timeless = line.replacen(&format!("\"{time}\":{at}"), "", 1);
        assert_ne!(timeless, line, "the time stands elsewhere");
        let first = by_id.insert(id.to_owned(), timeless);
        assert_eq!(first, None, "{id} is there twice in {}", path.display());
    }
    by_id
}

/// Asserts that a finished run left its results, its page with a thumbnail for each document, and
/// nothing else.
pub fn assert_nothing_else_is_left(out: &Path) {
    let left = names_in(out);
    for name in LEFT {
        assert!(left.iter().any(|left| left == name), "{name} is not in {left:?}");
    }
    let other = left.iter().find(|name| !LEFT.contains(&name.as_str()));
    assert_eq!(other, None, "left over");
    let thumbnails = names_in(&out.join("thumbnails"));
    assert_eq!(thumbnails.len(), Results::of(out).documents.len(), "{thumbnails:?}");
    assert!(thumbnails.iter().all(|name| !name.starts_with('.')), "{thumbnails:?}");
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a run has results");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn half_a_line_is_not_whole() {
    assert_eq!(whole(b"").unwrap(), [""; 0]);
    assert_eq!(whole(b"{\"a\":1}\n[]\n").unwrap(), ["{\"a\":1}", "[]"]);
    for torn in [&b"{}\n{\"a\":"[..], b"{}\n{}", b"{}\n{\"a\":\n", b"{}\n\n", b"{}\n\0\0\n"] {
        assert!(whole(torn).is_err(), "{}", String::from_utf8_lossy(torn));
    }
}
