//! What a file is written as before it is put in its place, whole.
//!
//! The names of drafts are fixed, so that the next run finds that of one that was killed; the lock of
//! the folder sees to it that no two processes write at the same time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file's next content, durable under another name; removed on drop if it is not used.
pub struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// The draft of the file at `target`: what `fill` writes, synced.
    ///
    /// # Errors
    /// When it cannot be written; the disk may be full, so nothing of it stays there.
    pub fn write(target: &Path, fill: impl FnOnce(&File) -> io::Result<()>) -> io::Result<Self> {
        let draft = Self { path: beside(target), target: target.to_owned() };
        let file = File::create(&draft.path)?;
        fill(&file)?;
        file.sync_all()?;
        Ok(draft)
    }

    /// The file that it is the draft of.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it in its place: whoever reads the file finds the old content or the new one.
    ///
    /// # Errors
    /// When that cannot be done; the file is as it was.
    pub fn replace(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // it is not there any more if it was used
    }
}

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
    use std::io::Write;

    use super::*;

    #[test]
    fn what_cannot_be_put_in_its_place_leaves_nothing_beside_it() {
        let replace = |path: &Path, text: &[u8]| {
            Draft::write(path, |mut file| file.write_all(text)).and_then(Draft::replace)
        };
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
        let draft = beside(&path);
        remove(&draft).unwrap();
        fs::write(&path, "old").unwrap();
        fs::write(folder.path().join(".index.html.draft"), "half").unwrap();

        remove(&draft).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }
}
