//! Puts a file where readers look for it, whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::draft;

/// Replaces the file at `path`: whoever reads it finds the old text or the new one.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = draft::beside(path);
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // The disk may be full: what is there of the page must not keep it so.
        _ = fs::remove_file(&draft);
    }
    written
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
}
