//! The thumbnails of a run: `out/thumbnails/`, a file for each picture.
//!
//! A file is called `<id>-<version>-<width>x<height>.jpg`, so that one look into the folder tells
//! which pictures have a thumbnail, of which version, and how large: a changed picture's old one is
//! never taken for its new one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::thumbnail::Thumbnail;
use crate::wire::local_document::LocalId;

/// The folder's name in `--out`.
pub const FOLDER: &str = "thumbnails";

/// Which picture a thumbnail is of: its id and its version.
pub type Key = (LocalId, i64);

/// A folder of thumbnails.
#[derive(Clone, Debug)]
pub struct Album {
    folder: PathBuf,
}

/// A thumbnail in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its file's name.
    pub name: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl Album {
    /// The album of the results in `out`.
    #[must_use]
    pub fn of(out: &Path) -> Self {
        Self { folder: out.join(FOLDER) }
    }

    /// Files a thumbnail: there is a whole one under its name, or none.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn file(&self, (id, version): Key, thumbnail: &Thumbnail) -> io::Result<Filed> {
        let Thumbnail { jpeg, width, height } = thumbnail;
        let name = format!("{id}-{version}-{width}x{height}.jpg");
        let draft = self.folder.join(format!(".{name}"));
        // The folder is there for all but the first. Not synced: what a crash of the machine loses is drawn
        // again.
        let written = match fs::write(&draft, jpeg) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder).and_then(|()| fs::write(&draft, jpeg))
            }
            written => written,
        }
        .and_then(|()| fs::rename(&draft, self.folder.join(&name)));
        if let Err(error) = written {
            _ = fs::remove_file(&draft);
            return Err(error);
        }
        Ok(Filed { name, width: *width, height: *height })
    }

    /// What lies in the folder.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn contents(&self) -> io::Result<HashMap<Key, Filed>> {
        let filed = self.names()?.into_iter().filter_map(|name| parse(&name));
        Ok(filed.collect())
    }

    /// Removes all thumbnails but those called `kept`, and what a killed run left half written.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep_only<'a>(&self, kept: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let kept: std::collections::HashSet<&str> = kept.collect();
        for name in self.names()? {
            let ours = parse(name.strip_prefix('.').unwrap_or(&name)).is_some();
            if ours && !kept.contains(name.as_str()) {
                fs::remove_file(self.folder.join(name))?;
            }
        }
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            removed => removed,
        }
    }

    /// Removes what a killed run left half written.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn remove_drafts(&self) -> io::Result<()> {
        let drafts = self
            .names()?
            .into_iter()
            .filter(|name| name.strip_prefix('.').is_some_and(|name| parse(name).is_some()));
        drafts.into_iter().try_for_each(|name| fs::remove_file(self.folder.join(name)))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries?,
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string()));
        let names: io::Result<Vec<_>> = names.collect();
        Ok(names?.into_iter().filter_map(Result::ok).collect())
    }
}

/// Reads a file's name; `None` for one that is not ours.
fn parse(name: &str) -> Option<(Key, Filed)> {
    let (id, rest) = name.strip_suffix(".jpg")?.split_once('-')?;
    let (version, size) = rest.rsplit_once('-')?;
    let (width, height) = size.split_once('x')?;
    let key = (LocalId::parse(id)?, version.parse().ok()?);
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    Some((key, Filed { name: name.to_owned(), width, height }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, version: i64) -> Key {
        (LocalId::of_picture(Path::new(name)), version)
    }

    fn thumbnail() -> Thumbnail {
        Thumbnail { jpeg: vec![1, 2, 3], width: 4, height: 3 }
    }

    #[test]
    fn what_was_filed_is_found_by_its_version() {
        let out = tempfile::tempdir().unwrap();
        let album = Album::of(out.path());
        assert_eq!(album.contents().unwrap(), HashMap::new());

        let filed = album.file(key("a.jpg", -5), &thumbnail()).unwrap();

        let found = album.contents().unwrap();
        assert_eq!(found, HashMap::from([(key("a.jpg", -5), filed.clone())]));
        assert_eq!(fs::read(out.path().join(FOLDER).join(filed.name)).unwrap(), [1, 2, 3]);
        assert!(!found.contains_key(&key("a.jpg", 5)), "another version");
    }

    #[test]
    fn others_and_drafts_are_removed_and_what_is_not_ours_stays() {
        let out = tempfile::tempdir().unwrap();
        let album = Album::of(out.path());
        album.keep_only([].into_iter()).unwrap();
        let kept = album.file(key("a.jpg", 2), &thumbnail()).unwrap();
        let old = album.file(key("a.jpg", 1), &thumbnail()).unwrap();
        let folder = out.path().join(FOLDER);
        [&format!(".{}", old.name), "mine.jpg", ".hidden"]
            .iter()
            .for_each(|name| fs::write(folder.join(name), "").unwrap());

        album.keep_only([kept.name.as_str()].into_iter()).unwrap();

        let mut left = album.names().unwrap();
        left.sort();
        assert_eq!(left, [".hidden", &kept.name, "mine.jpg"]);
    }

    #[test]
    fn only_drafts_are_removed_as_drafts() {
        let out = tempfile::tempdir().unwrap();
        let album = Album::of(out.path());
        album.remove_drafts().unwrap();
        let filed = album.file(key("a.jpg", 2), &thumbnail()).unwrap();
        let folder = out.path().join(FOLDER);
        fs::write(folder.join(format!(".{}", filed.name)), "half").unwrap();
        fs::write(folder.join(".hidden"), "not ours").unwrap();

        album.remove_drafts().unwrap();

        let mut left = album.names().unwrap();
        left.sort();
        assert_eq!(left, [".hidden", &filed.name]);
    }

    #[test]
    fn an_album_of_nothing_is_no_folder() {
        let out = tempfile::tempdir().unwrap();
        let album = Album::of(out.path());
        album.file(key("a.jpg", 1), &thumbnail()).unwrap();

        album.keep_only([].into_iter()).unwrap();

        assert!(!out.path().join(FOLDER).exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_and_nothing_is_left() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join(FOLDER), "a file in its place").unwrap();

        assert!(Album::of(out.path()).file(key("a.jpg", 1), &thumbnail()).is_err());
    }
}
