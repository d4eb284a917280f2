//! Puts a file where readers look for it, whole.
//!
//! The names of drafts are fixed, so that the next run finds that of one that was killed; the lock of
//! the folder sees to it that no two processes write at the same time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path`: whoever reads it finds the old text or the new one.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = draft(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // The disk may be full: what is there of the page must not keep it so.
        _ = fs::remove_file(&beside);
    }
    written
}

/// Removes what a run left that was killed while it wrote the file at `path`.
pub fn remove_draft(path: &Path) -> io::Result<()> {
    match fs::remove_file(draft(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.draft"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.html");
        replace(&path, b"old").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");

        let occupied = folder.path().join("occupied.html");
        fs::create_dir(&occupied).unwrap();
        assert!(replace(&occupied, b"new").is_err());

        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["index.html", "occupied.html"]);
    }

    #[test]
    fn a_draft_that_was_left_is_removed_and_its_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.html");
        remove_draft(&path).unwrap();
        replace(&path, b"old").unwrap();
        fs::write(folder.path().join(".index.html.draft"), "half").unwrap();

        remove_draft(&path).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
