//! The pictures of one folder, by number and by id.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::failure::EmbeddedError;
use crate::wire::local_document::{LocalId, file_url, local_document};

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
    /// Its path as the file system has it.
    pub fn path_bytes(&self) -> &[u8] {
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

impl Pictures {
    /// The pictures `in_order` of the folder `root`, sorted.
    ///
    /// # Errors
    /// [`EmbeddedError::Collision`].
    pub fn new(root: PathBuf, mut in_order: Vec<Picture>) -> Result<Self, EmbeddedError> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
