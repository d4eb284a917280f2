//! A set as it lies in the cache, as a folder that `models` can open.

use std::io;
use std::path::{Path, PathBuf};

use models::set::Manifest;
use sha2::{Digest, Sha256};

use super::failure::{S3ModelsError, refused};

/// One inferrer's files, weights aside.
pub(super) struct Inferrer {
    pub name: String,
    pub json: Vec<u8>,
    pub manifest: Manifest,
    pub picture: Vec<u8>,
}

/// Where weights of this digest are kept.
pub(super) fn weights_path(cache: &Path, sha256: &str) -> PathBuf {
    cache.join("weights").join(sha256)
}

/// Makes the set's folder from `inferrers` and the weights in `cache`, unless it is there: its name is
/// the digest of what it was made from.
pub(super) fn lay_out(inferrers: &[Inferrer], cache: &Path) -> Result<PathBuf, S3ModelsError> {
    let sets = cache.join("sets");
    let set = sets.join(digest(inferrers));
    if inferrers.iter().all(|inferrer| is_whole(&set.join(&inferrer.name), inferrer)) {
        return Ok(set);
    }
    // A disk forgets; what is not whole is made anew.
    match std::fs::remove_dir_all(&set) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(refused(&set)(cause)),
        _ => {}
    }
    std::fs::create_dir_all(&sets).map_err(refused(&sets))?;
    let draft = tempfile::tempdir_in(&sets).map_err(refused(&sets))?;
    for inferrer in inferrers {
        fill(&draft.path().join(&inferrer.name), inferrer, cache).map_err(refused(draft.path()))?;
    }
    match std::fs::rename(draft.path(), &set) {
        Ok(()) => {
            let _ = draft.keep(); // it has another name now
            Ok(set)
        }
        // Another process was faster.
        Err(_) if set.is_dir() => Ok(set),
        Err(cause) => Err(S3ModelsError::Cache { path: set, cause }),
    }
}

/// Whether `folder` still holds what it was made from. The weights prove themselves when they are read.
fn is_whole(folder: &Path, inferrer: &Inferrer) -> bool {
    let holds = |name: &str, bytes: &[u8]| {
        std::fs::read(folder.join(name)).is_ok_and(|found| found == bytes)
    };
    let weights = inferrer.manifest.weights.as_ref();
    holds("manifest.json", &inferrer.json)
        && holds(&inferrer.manifest.golden.input, &inferrer.picture)
        && weights.is_none_or(|weights| folder.join(&weights.file).is_file())
}

fn fill(folder: &Path, inferrer: &Inferrer, cache: &Path) -> io::Result<()> {
    std::fs::create_dir(folder)?;
    std::fs::write(folder.join("manifest.json"), &inferrer.json)?;
    std::fs::write(folder.join(&inferrer.manifest.golden.input), &inferrer.picture)?;
    if let Some(weights) = &inferrer.manifest.weights {
        let kept = weights_path(cache, &weights.sha256);
        let name = folder.join(&weights.file);
        // Some filesystems have no links.
        std::fs::hard_link(&kept, &name).or_else(|_| std::fs::copy(&kept, &name).map(|_| ()))?;
    }
    Ok(())
}

fn digest(inferrers: &[Inferrer]) -> String {
    let mut digest = Sha256::new();
    for Inferrer { name, json, picture, .. } in inferrers {
        for part in [name.as_bytes(), json, picture] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
    }
    format!("{:x}", digest.finalize())
}
