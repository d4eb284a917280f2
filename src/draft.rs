//! What a file is written as before it is put in its place, whole.
//!
//! The names of drafts are fixed, so that the next run finds that of one that was killed; the lock of
//! the folder sees to it that no two processes write at the same time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The draft of the file at `path`: beside it, so that a rename puts it in its place.
pub fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.draft"))
}

/// Removes the `draft` that a killed run left, if one did.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(draft: &Path) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_was_left_is_removed_and_its_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.html");
        let draft = beside(&path);
        remove(&draft).unwrap();
        fs::write(&path, "old").unwrap();
        fs::write(folder.path().join(".index.html.draft"), "half").unwrap();

        remove(&draft).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }
}
