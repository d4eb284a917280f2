//! Finds the pictures of a folder.
//!
//! A picture is every entry, at any depth, whose name ends in one of [`EXTENSIONS`], whatever it is:
//! a folder or a FIFO so named is received, fails and is parked; such a folder is not entered. Names
//! that begin with a dot and all other names are ignored and counted.
//!
//! Symbolic links: one that is named as a picture is followed when it is read, wherever it leads,
//! out of the folder too: whoever may write links into the folder may as well copy files into it.
//! One that leads to a folder is not entered, so that no loop is ever walked.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::{DirEntry, WalkDir};

use super::failure::EmbeddedError;
use super::pictures::{Picture, Pictures};
use crate::wire::local_document::LocalId;
use crate::wire::timestamp;

/// How names of pictures end, in any case. The decoder goes by content, never by name.
pub const EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "jp2", "j2k"];

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scan {
    pub pictures: Pictures,
    /// Names that are no pictures' or begin with a dot.
    pub ignored: usize,
    /// Folders whose entries could not be listed.
    pub unreadable: usize,
}

/// The folder `images` by its real path.
///
/// # Errors
/// [`EmbeddedError::Images`] if it cannot be listed.
pub(super) fn root(images: &Path) -> Result<PathBuf, EmbeddedError> {
    let root = fs::canonicalize(images).and_then(|root| fs::read_dir(&root).map(|_| root));
    root.map_err(|cause| EmbeddedError::Images {
        path: images.to_owned(),
        cause: cause.to_string(),
    })
}

/// Walks through the folder `root`. The folder `out` is left out wherever it lies. Both are real
/// paths.
///
/// # Errors
/// [`EmbeddedError::Collision`].
pub(super) fn scan(root: PathBuf, out: &Path) -> Result<Scan, EmbeddedError> {
    let mut walk = Walk { root, out, pictures: Vec::new(), ignored: 0, unreadable: 0 };
    walk.through();
    let pictures = Pictures::new(walk.root, walk.pictures)?;
    Ok(Scan { pictures, ignored: walk.ignored, unreadable: walk.unreadable })
}

/// What a name in the folder stands for.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    Out,
    Picture,
    Ignored,
    Folder,
}

struct Walk<'a> {
    root: PathBuf,
    out: &'a Path,
    pictures: Vec<Picture>,
    ignored: usize,
    unreadable: usize,
}

impl Walk<'_> {
    fn through(&mut self) {
        let mut entries = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    if self.meet(&entry) != Named::Folder && entry.file_type().is_dir() {
                        entries.skip_current_dir();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a folder cannot be listed: its pictures are left out");
                    self.unreadable += 1;
                }
            }
        }
    }

    fn meet(&mut self, entry: &DirEntry) -> Named {
        let named = self.judge(entry);
        match named {
            Named::Picture => self.pictures.push(self.picture(entry.path())),
            Named::Ignored => self.ignored += 1,
            Named::Folder | Named::Out => {}
        }
        named
    }

    fn judge(&self, entry: &DirEntry) -> Named {
        let name = entry.file_name();
        if entry.file_type().is_dir() && entry.path() == self.out {
            Named::Out
        } else if name.as_bytes().starts_with(b".") {
            Named::Ignored
        } else if is_picture(name) {
            Named::Picture
        } else if entry.file_type().is_dir() {
            Named::Folder
        } else {
            Named::Ignored
        }
    }

    fn picture(&self, path: &Path) -> Picture {
        let relative = path.strip_prefix(&self.root).expect("the walk began at the root");
        let metadata = fs::metadata(path).or_else(|_| fs::symlink_metadata(path));
        let modified = metadata.and_then(|metadata| metadata.modified());
        Picture {
            relative: relative.into(),
            modified: timestamp::from_system(modified.unwrap_or(SystemTime::UNIX_EPOCH)),
            id: LocalId::of_picture(relative),
        }
    }
}

fn is_picture(name: &OsStr) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
