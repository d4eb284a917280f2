//! Where thumbnails wait for their page: a file without a name, so that they take no memory and
//! nothing is left behind, not even by a process that is killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes put aside, to be read back piece by piece.
pub struct Spool {
    file: File,
    end: AtomicU64,
}

/// A piece of what was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    offset: u64,
    length: usize,
}

impl Spool {
    /// An empty spool on the disk that `folder` is on.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!(".thumbnails-{}", std::process::id()));
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self { file, end: AtomicU64::new(0) })
    }

    /// Puts `bytes` aside. Any number of threads may at the same time.
    pub fn append(&self, bytes: &[u8]) -> io::Result<Piece> {
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, offset)?;
        Ok(Piece { offset, length: bytes.len() })
    }

    /// Reads a piece back.
    pub fn read(&self, piece: Piece) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; piece.length];
        self.file.read_exact_at(&mut bytes, piece.offset)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_as_they_went_in_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path()).unwrap();

        let pieces: Vec<_> =
            ["one", "", "three"].map(|text| spool.append(text.as_bytes()).unwrap()).into();

        assert_eq!(spool.read(pieces[2]).unwrap(), b"three");
        assert_eq!(spool.read(pieces[0]).unwrap(), b"one");
        assert_eq!(spool.read(pieces[1]).unwrap(), b"");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
