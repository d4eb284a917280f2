//! Where an inferrer's files come from: a folder on disk, or the program itself.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SetError;
use crate::weights::Stored;

/// The name of the file that describes an inferrer.
const MANIFEST: &str = "manifest.json";

/// Names of files that are compiled in, and their bytes.
type Files = [(&'static str, &'static [u8])];

/// One inferrer's files.
#[derive(Clone, Debug)]
pub(super) enum Folder {
    OnDisk(PathBuf),
    Bundled { name: &'static str, files: &'static Files },
}

/// Compiles the named files of `sets/default/<inferrer>/` into the program.
macro_rules! bundle {
    ($inferrer:literal: $($file:literal),+) => {
        Folder::Bundled {
            name: $inferrer,
            files: &[$((
                $file,
                include_bytes!(concat!("../../sets/default/", $inferrer, "/", $file)),
            )),+],
        }
    };
}

impl Folder {
    /// The folders below `set` that hold a manifest, by name.
    pub fn on_disk(set: &Path) -> Result<Vec<Self>, SetError> {
        let unreadable = |cause| SetError::Unreadable { path: set.to_owned(), cause };
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(set).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.join(MANIFEST).is_file() {
                folders.push(path);
            }
        }
        folders.sort();
        Ok(folders.into_iter().map(Self::OnDisk).collect())
    }

    /// The inferrers that the program carries.
    pub fn bundled() -> Vec<Self> {
        vec![
            bundle!("aspect-ratio": "manifest.json", "golden.png"),
            bundle!("features": "manifest.json", "weights.safetensors", "golden.png"),
            bundle!("palette": "manifest.json", "golden.png"),
        ]
    }

    /// The folder's name, which is its inferrer's.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::OnDisk(path) => path.file_name().unwrap_or_default().to_string_lossy(),
            Self::Bundled { name, .. } => Cow::Borrowed(name),
        }
    }

    /// Where `file` lies, to be shown to a person.
    pub fn path(&self, file: &str) -> PathBuf {
        match self {
            Self::OnDisk(path) => path.join(file),
            Self::Bundled { name, .. } => Path::new("(bundled)").join(name).join(file),
        }
    }

    /// Reads the manifest.
    pub fn manifest(&self) -> Result<Cow<'static, [u8]>, SetError> {
        self.read(MANIFEST)
    }

    /// Where the manifest lies.
    pub fn manifest_path(&self) -> PathBuf {
        self.path(MANIFEST)
    }

    /// Reads one of the folder's files whole.
    pub fn read(&self, file: &str) -> Result<Cow<'static, [u8]>, SetError> {
        match self {
            Self::OnDisk(path) => std::fs::read(path.join(file))
                .map(Cow::Owned)
                .map_err(|cause| self.unreadable(file, cause)),
            Self::Bundled { files, .. } => self.compiled_in(files, file).map(Cow::Borrowed),
        }
    }

    /// Opens the folder's weights without reading them.
    pub fn weights(&self, file: &str) -> Result<Stored, SetError> {
        match self {
            Self::OnDisk(path) => File::open(path.join(file))
                .map(|file| Stored::File(Arc::new(file)))
                .map_err(|cause| self.unreadable(file, cause)),
            Self::Bundled { files, .. } => self.compiled_in(files, file).map(Stored::Bundled),
        }
    }

    fn compiled_in(&self, files: &Files, file: &str) -> Result<&'static [u8], SetError> {
        let found = files.iter().find(|(name, _)| *name == file);
        let missing = || self.unreadable(file, std::io::ErrorKind::NotFound.into());
        found.map(|(_, bytes)| *bytes).ok_or_else(missing)
    }

    fn unreadable(&self, file: &str, cause: std::io::Error) -> SetError {
        SetError::Unreadable { path: self.path(file), cause }
    }
}
