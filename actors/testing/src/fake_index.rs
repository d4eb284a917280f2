//! An index in memory with external versions, refusals and limits.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use actors::ports::{Augmented, Index, IndexError, Prepared, Verdict};

use crate::conduct::Conduct;

/// The fake index.
#[derive(Default)]
pub struct FakeIndex {
    /// How its calls behave.
    pub conduct: Conduct,
    /// Documents that it refuses.
    pub rejected: HashSet<String>,
    /// Documents that it puts off once.
    pub put_off: Mutex<HashSet<String>>,
    /// Documents that cannot be rendered: the rendering panics.
    pub unrenderable: HashSet<String>,
    /// Documents that make every request too large.
    pub oversized: HashSet<String>,
    /// The most documents that a request may hold; unlimited if zero.
    pub largest_request: usize,
    documents: Mutex<BTreeMap<String, i64>>,
    requests: Mutex<Vec<usize>>,
}

impl FakeIndex {
    /// Ids of the documents in it.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        lock(&self.documents).keys().cloned().collect()
    }

    /// Puts a document of a version in it.
    pub fn put(&self, id: &str, version: i64) {
        lock(&self.documents).insert(id.to_owned(), version);
    }

    /// How many documents each request held.
    #[must_use]
    pub fn requests(&self) -> Vec<usize> {
        lock(&self.requests).clone()
    }

    fn write(&self, document: &Prepared) -> Verdict {
        let id = document.id.as_str();
        if self.rejected.contains(id) {
            return Verdict::Rejected("as the test has it".to_owned());
        }
        if lock(&self.put_off).remove(id) {
            return Verdict::Again("429".to_owned());
        }
        let mut documents = lock(&self.documents);
        if documents.get(id).is_some_and(|version| *version > document.version) {
            return Verdict::Superseded;
        }
        documents.insert(id.to_owned(), document.version);
        Verdict::Indexed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Index for FakeIndex {
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String> {
        let id = augmented.record.id.clone();
        assert!(!self.unrenderable.contains(id.as_str()), "rendering {id} panics");
        let body = Bytes::from(augmented.record.document.to_string());
        Ok(Prepared { id, version: augmented.record.version, body })
    }

    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError> {
        lock(&self.requests).push(documents.len());
        self.conduct.act().await.map_err(IndexError::Unavailable)?;
        let oversized = documents.iter().any(|d| self.oversized.contains(d.id.as_str()));
        if oversized || (self.largest_request > 0 && documents.len() > self.largest_request) {
            return Err(IndexError::TooLarge(documents.len()));
        }
        Ok(documents.iter().map(|document| self.write(document)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors::record::RecordId;

    #[tokio::test]
    async fn an_oversized_document_makes_its_request_too_large() {
        let index = FakeIndex { oversized: ["a".to_owned()].into(), ..Default::default() };
        let document =
            |id| Prepared { id: RecordId::new(id).expect("valid"), version: 1, body: Bytes::new() };

        let answer = index.index(&[document("a"), document("b")]).await;

        assert_eq!(answer, Err(IndexError::TooLarge(2)));
        assert_eq!(index.index(&[document("b")]).await, Ok(vec![Verdict::Indexed]));
    }

    #[tokio::test]
    async fn an_older_version_does_not_replace_a_newer_and_an_equal_one_does() {
        let index = FakeIndex::default();
        let id = RecordId::new("a").expect("valid");
        let document = |version| Prepared { id: id.clone(), version, body: Bytes::new() };

        let verdicts = index.index(&[document(2), document(1), document(2)]).await;

        let expected = vec![Verdict::Indexed, Verdict::Superseded, Verdict::Indexed];
        assert_eq!(verdicts, Ok(expected));
    }
}
