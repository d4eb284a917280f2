//! Reads the parked records back and groups them by class.

use std::collections::BTreeMap;
use std::path::Path;

use actors::failure::Class;
use serde::Deserialize;

use super::PageError;

/// One parked picture, as its record tells it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(default)]
pub struct Record {
    /// The file's path relative to the folder.
    pub path: Option<String>,
    /// Where it was to be had, if it was no file.
    pub url: Option<String>,
    /// The canonical id.
    pub id: Option<String>,
    /// The failure's class.
    pub class: String,
    /// Where it was found.
    pub stage: String,
    /// The failure in words.
    pub cause: String,
}

impl Record {
    /// What the picture is called on the page.
    pub fn name(&self) -> &str {
        let name = self.path.as_ref().or(self.url.as_ref()).or(self.id.as_ref());
        name.map_or("without a name", String::as_str)
    }
}

/// The records of one class, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The class's label.
    pub class: String,
    /// Its records, at least one.
    pub records: Vec<Record>,
}

impl Group {
    /// The class, if this program knows it.
    pub fn known(&self) -> Option<Class> {
        Class::ALL.iter().find(|class| class.as_str() == self.class).copied()
    }
}

/// Reads the records at `path`, the largest group first; none where there is no such file.
pub fn read(path: &Path) -> Result<Vec<Group>, PageError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(PageError::io(path)(error)),
    };
    let mut classes = BTreeMap::<String, Vec<Record>>::new();
    for (line, text) in text.lines().enumerate() {
        let record: Record = serde_json::from_str(text).map_err(|cause| PageError::Malformed {
            path: path.into(),
            line: line + 1,
            cause,
        })?;
        classes.entry(record.class.clone()).or_default().push(record);
    }
    let mut groups: Vec<_> =
        classes.into_iter().map(|(class, records)| Group { class, records }).collect();
    groups.iter_mut().for_each(|group| group.records.sort());
    groups.sort_by_key(|group| std::cmp::Reverse(group.records.len()));
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_grouped_by_class_and_the_largest_group_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parked.ndjson");
        let lines = [
            r#"{"path":"b.jpg","class":"empty_body","stage":"downloader","cause":"c","models":[]}"#,
            r#"{"path":"d.jpg","class":"of_the_future","stage":"s","cause":"c"}"#,
            r#"{"path":"a.jpg","class":"empty_body","stage":"downloader","cause":"c","at":"t"}"#,
        ];
        std::fs::write(&path, lines.join("\n")).unwrap();

        let groups = read(&path).unwrap();

        let names: Vec<Vec<_>> =
            groups.iter().map(|g| g.records.iter().map(Record::name).collect()).collect();
        assert_eq!(names, [vec!["a.jpg", "b.jpg"], vec!["d.jpg"]]);
        assert_eq!(groups[0].known(), Some(Class::EmptyBody));
        assert_eq!(groups[1].known(), None);
        assert_eq!(read(&folder.path().join("none")).unwrap(), []);
    }

    #[test]
    fn a_record_is_called_by_its_path_its_address_or_its_id() {
        let record = |path: Option<&str>, url: Option<&str>, id: Option<&str>| {
            let [path, url, id] = [path, url, id].map(|text| text.map(str::to_owned));
            Record { path, url, id, ..Record::default() }
        };

        assert_eq!(record(Some("p"), Some("u"), Some("i")).name(), "p");
        assert_eq!(record(None, Some("u"), Some("i")).name(), "u");
        assert_eq!(record(None, None, Some("i")).name(), "i");
        assert_eq!(record(None, None, None).name(), "without a name");
    }
}
