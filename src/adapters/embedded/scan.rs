//! Finds the pictures of a folder.
//!
//! A picture is every entry, at any depth, whose name ends in one of [`EXTENSIONS`], whatever it is:
//! a folder or a FIFO so named is received, fails and is parked; such a folder is not entered. Names
//! that begin with a dot and all other names are ignored and counted.
//!
//! Symbolic links: one that is named as a picture is followed when it is read, wherever it leads,
//! out of the folder too: whoever may write links into the folder may as well copy files into it.
//! One that leads to a folder is not entered, so that no loop is ever walked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use walkdir::{DirEntry, WalkDir};

use super::failure::EmbeddedError;
use crate::wire::local_document::{LocalId, file_url, local_document};
use crate::wire::timestamp;

/// How names of pictures end, in any case. The decoder goes by content, never by name.
pub const EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "jp2", "j2k"];

/// One picture: about 120 bytes of memory with its path.
#[derive(Debug)]
pub(super) struct Picture {
    /// Its path, relative to the folder.
    pub relative: Box<Path>,
    /// When its content changed last, at the time of the scan; of a link, its target's.
    pub modified: Timestamp,
    /// The id made from its path.
    pub id: LocalId,
}

impl Picture {
    fn path_bytes(&self) -> &[u8] {
        self.relative.as_os_str().as_bytes()
    }
}

/// The pictures of one folder, in the order of their paths. A picture's number is its place in it.
#[derive(Debug)]
pub(super) struct Pictures {
    root: PathBuf,
    in_order: Vec<Picture>,
    numbers: HashMap<LocalId, u32>,
}

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scan {
    pub pictures: Pictures,
    /// Names that are no pictures' or begin with a dot.
    pub ignored: usize,
    /// Folders whose entries could not be listed.
    pub unreadable: usize,
}

impl Pictures {
    fn new(root: PathBuf, mut in_order: Vec<Picture>) -> Result<Self, EmbeddedError> {
        in_order.sort_unstable_by(|a, b| a.path_bytes().cmp(b.path_bytes()));
        let mut numbers = HashMap::with_capacity(in_order.len());
        for (number, picture) in (0..).zip(&in_order) {
            match numbers.entry(picture.id) {
                Entry::Vacant(free) => drop(free.insert(number)),
                Entry::Occupied(taken) => return Err(collision(&in_order, *taken.get(), number)),
            }
        }
        Ok(Self { root, in_order, numbers })
    }

    pub fn len(&self) -> usize {
        self.in_order.len()
    }

    pub fn get(&self, number: u32) -> &Picture {
        &self.in_order[number as usize]
    }

    /// The number of the picture with this id.
    pub fn number(&self, id: &str) -> Option<u32> {
        self.numbers.get(&LocalId::parse(id)?).copied()
    }

    pub fn document(&self, number: u32) -> serde_json::Value {
        let picture = self.get(number);
        local_document(&self.root, &picture.relative, picture.modified)
    }

    pub fn url(&self, number: u32) -> String {
        file_url(&self.root.join(&self.get(number).relative))
    }
}

fn collision(pictures: &[Picture], first: u32, second: u32) -> EmbeddedError {
    let path = |number: u32| pictures[number as usize].relative.to_path_buf();
    let id = pictures[first as usize].id;
    EmbeddedError::Collision { first: path(first), second: path(second), id }
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
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn touch(folder: &Path, name: &[u8]) {
        let path = folder.join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    fn scan(images: &Path, out: &Path) -> Result<Scan, EmbeddedError> {
        super::scan(root(images)?, &fs::canonicalize(out).unwrap())
    }

    fn found(scan: &Scan) -> Vec<&[u8]> {
        scan.pictures.in_order.iter().map(Picture::path_bytes).collect()
    }

    #[test]
    fn pictures_are_known_by_their_names_at_any_depth_and_come_in_order_of_their_paths() {
        let folder = tempfile::tempdir().unwrap();
        let names = "z.JPG|a.jpeg|b/c/d.Png|b.webp|b!.gif|e.tif|f.tiff|g.bmp|h.jp2|i.j2k|\
                     quote\"'.png|line\nbreak.png|a..b.jpg|画.jpg";
        let others = "notes.txt|jpg|x.jpg.txt|.hidden.jpg|.git/a.jpg|.git/b.jpg";
        for name in names.split('|').chain(others.split('|')) {
            touch(folder.path(), name.as_bytes());
        }
        touch(folder.path(), b"\xff.png");

        let scan = scan(folder.path(), folder.path()).unwrap();

        let mut expected: Vec<_> = names.split('|').map(str::as_bytes).collect();
        expected.push(b"\xff.png");
        expected.sort_unstable();
        assert_eq!(found(&scan), expected);
        assert_eq!((scan.ignored, scan.unreadable), (5, 0), "notes.txt jpg x.jpg.txt .hidden .git");
        for (number, _) in (0..).zip(&expected) {
            let id = scan.pictures.get(number).id;
            assert_eq!(scan.pictures.number(id.as_str()), Some(number));
        }
    }

    #[test]
    fn whatever_is_named_as_a_picture_is_one_and_no_folder_so_named_is_entered() {
        let folder = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        touch(folder.path(), b"folder.png/inside.png");
        touch(folder.path(), b"real/a.png");
        symlink("nowhere", folder.path().join("dangling.png")).unwrap();
        symlink("loop.png", folder.path().join("loop.png")).unwrap();
        symlink(folder.path(), folder.path().join("up.png")).unwrap();
        symlink(folder.path(), folder.path().join("up")).unwrap();
        symlink("real/a.png", folder.path().join("link.png")).unwrap();

        let scan = scan(folder.path(), out.path()).unwrap();

        let expected =
            ["dangling.png", "folder.png", "link.png", "loop.png", "real/a.png", "up.png"];
        assert_eq!(found(&scan), expected.map(str::as_bytes));
        assert_eq!(scan.ignored, 1, "the link named up");
    }

    #[test]
    fn a_links_modification_time_is_its_targets() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), b"a.png");
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
        fs::File::options()
            .append(true)
            .open(folder.path().join("a.png"))
            .and_then(|file| file.set_modified(old))
            .unwrap();
        symlink("a.png", folder.path().join("b.png")).unwrap();

        let scan = scan(folder.path(), folder.path()).unwrap();

        assert_eq!(scan.pictures.get(1).modified, timestamp::from_system(old));
    }

    #[test]
    fn the_out_folder_is_left_out_wherever_it_lies_and_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), b"a.png");
        touch(folder.path(), b"deep/out.png/b.png");
        let out = folder.path().join("deep/../deep/out.png");

        let inside = scan(folder.path(), &out).unwrap();
        let same = scan(folder.path(), folder.path()).unwrap();

        assert_eq!(found(&inside), [b"a.png"]);
        assert_eq!(inside.ignored, 0);
        assert_eq!(found(&same), ["a.png", "deep/out.png"].map(str::as_bytes));
    }

    #[test]
    fn a_folder_that_is_missing_or_none_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), b"a.png");

        for name in ["missing", "a.png"] {
            let path = folder.path().join(name);
            let refusal = scan(&path, folder.path()).unwrap_err();
            assert!(refusal.is_usage());
            assert!(refusal.to_string().contains(path.to_str().unwrap()), "{refusal}");
        }
    }

    #[test]
    fn two_pictures_with_one_id_are_an_error_that_names_both() {
        let picture = |name: &str| Picture {
            relative: Path::new(name).into(),
            modified: Timestamp::UNIX_EPOCH,
            id: LocalId::of_picture(Path::new("a.png")),
        };

        let refusal = Pictures::new("/p".into(), vec![picture("b.png"), picture("a.png")]);

        let message = refusal.unwrap_err().to_string();
        assert!(message.starts_with("a.png and b.png have the same id "), "{message}");
    }
}
