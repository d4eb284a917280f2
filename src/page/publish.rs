//! Puts pages where readers look for them: each one whole, and none that no longer belongs there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file at `path`: whoever reads it finds the old text or the new one.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}-{}", std::process::id()));
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

/// Removes the further pages in `folder` that follow the `count`-th: an earlier run had more.
pub fn remove_stale(folder: &Path, count: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().and_then(number).is_some_and(|number| number > count) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The number of a further page, from its file's name.
fn number(name: &str) -> Option<usize> {
    let number = name.strip_prefix("index-")?.strip_suffix(".html")?;
    let number = number.parse().ok().filter(|parsed: &usize| parsed.to_string() == number)?;
    (number > 1).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_further_pages_beyond_the_last_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "index.html",
            "index-1.html",
            "index-2.html",
            "index-3.html",
            "index-04.html",
            "index-10.html",
            "index-a.html",
            "my-index-9.html",
            "index-9.htm",
        ];
        names.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());

        remove_stale(folder.path(), 2).unwrap();

        let left: Vec<_> =
            names.iter().filter(|name| folder.path().join(name).exists()).copied().collect();
        assert_eq!(
            left,
            [
                "index.html",
                "index-1.html",
                "index-2.html",
                "index-04.html",
                "index-a.html",
                "my-index-9.html",
                "index-9.htm",
            ]
        );
    }

    #[test]
    fn a_page_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.html");
        replace(&path, b"old").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");

        let occupied = folder.path().join("index-2.html");
        fs::create_dir(&occupied).unwrap();
        assert!(replace(&occupied, b"new").is_err());

        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["index-2.html", "index.html"]);
    }
}
