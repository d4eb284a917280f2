//! Model sets in S3: fetched once, kept by digest, laid out as a folder that `models` can open.
//!
//! ```text
//!  s3://bucket/prefix/<inferrer>/manifest.json      <cache>/weights/<sha256>          by digest
//!                               weights.…      ──►  <cache>/sets/<sha256>/<inferrer>/ manifest.json, golden
//!                               golden.png                                            picture, link to the weights
//! ```
//!
//! A file in the cache is whole and has the digest of its name, or it has another name: it is written
//! under `….partial`, resumed there after a crash, and renamed when its digest was proven.

mod bucket;
mod download;
mod failure;
mod layout;

use std::io;
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use models::set::{Manifest, WeightsFile};
use sha2::{Digest, Sha256};

use bucket::Bucket;
pub use failure::S3ModelsError;
use failure::refused;

/// A folder in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// The folder's key with the slash at its end; empty for the bucket's root.
    pub prefix: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Fetches the set at `place` into `cache`, as far as it is not there, and answers the folder to open.
///
/// # Errors
/// [`S3ModelsError`]. What was fetched of the weights is kept and the next call goes on from there.
pub async fn fetch(client: &Client, place: &Place, cache: &Path) -> Result<PathBuf, S3ModelsError> {
    let s3 = Bucket { client, place };
    let mut inferrers = Vec::new();
    for name in s3.inferrers().await? {
        inferrers.push(s3.inferrer(name).await?);
    }
    if inferrers.is_empty() {
        return Err(S3ModelsError::NoManifest(place.clone()));
    }
    for inferrer in &inferrers {
        if let Some(weights) = &inferrer.manifest.weights {
            s3.weights(&inferrer.name, weights, cache).await?;
        }
    }
    let cache = cache.to_owned();
    blocking(move || layout::lay_out(&inferrers, &cache)).await
}

/// What a manifest in a bucket promises.
#[derive(Clone, Debug)]
pub struct Promised {
    /// The manifest.
    pub manifest: Manifest,
    /// SHA-256 in hex, for documents: of the weights, or of the manifest itself where there are none.
    pub sha256: String,
}

/// The manifests under `place`, for `check`: what would be fetched, without fetching it. Of the weights
/// the length alone is compared.
///
/// # Errors
/// [`S3ModelsError`].
pub async fn look(client: &Client, place: &Place) -> Result<Vec<Promised>, S3ModelsError> {
    let s3 = Bucket { client, place };
    let mut promised = Vec::new();
    for name in s3.inferrers().await? {
        let (json, manifest) = s3.manifest(&name).await?;
        if let Some(weights) = &manifest.weights {
            s3.length(&name, weights).await?;
        }
        let own = || format!("{:x}", Sha256::digest(&json));
        let sha256 = manifest.weights.as_ref().map_or_else(own, |weights| weights.sha256.clone());
        promised.push(Promised { manifest, sha256 });
    }
    if promised.is_empty() {
        return Err(S3ModelsError::NoManifest(place.clone()));
    }
    Ok(promised)
}

/// What the cache has of some weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing yet: they are fetched at the start.
    Nothing,
    /// All of them, with their digest.
    Whole,
    /// A file with another digest: they are fetched again at the start.
    Damaged {
        /// Its digest.
        found: String,
    },
}

/// Reads what `cache` has of `weights`, for `check`.
///
/// # Errors
/// [`S3ModelsError::Cache`].
pub async fn kept(cache: &Path, weights: &WeightsFile) -> Result<Kept, S3ModelsError> {
    let path = layout::weights_path(cache, &weights.sha256);
    let digest = blocking({
        let path = path.clone();
        move || download::digest(&path)
    });
    match digest.await {
        Ok(found) if found == weights.sha256 => Ok(Kept::Whole),
        Ok(found) => Ok(Kept::Damaged { found }),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Kept::Nothing),
        Err(cause) => Err(refused(&path)(cause)),
    }
}

/// Whether `cache` has the weights of `manifests` or can take them, for `check`: tried with a file that
/// never has a name, where the cache is or would be made.
///
/// # Errors
/// [`S3ModelsError::Cache`].
pub fn try_cache(cache: &Path, manifests: &[Manifest]) -> Result<(), S3ModelsError> {
    let mut digests =
        manifests.iter().filter_map(|manifest| Some(&manifest.weights.as_ref()?.sha256));
    if digests.all(|sha256| layout::weights_path(cache, sha256).is_file()) {
        return Ok(());
    }
    let absolute = std::path::absolute(cache).map_err(refused(cache))?;
    let there = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(&absolute);
    tempfile::tempfile_in(there).map(|_| ()).map_err(refused(there))
}

/// Runs `work` on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_tried_where_it_is_or_would_be_made_and_nothing_stays() {
        let set = models::ModelSet::bundled().expect("it is compiled in");
        let manifests: Vec<Manifest> =
            set.inferrers().iter().map(|inferrer| inferrer.manifest().clone()).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("file"), "").expect("it can be written");

        assert!(try_cache(&folder.path().join("not/yet/there"), &manifests).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1);

        // Even root can make no file below a file.
        let refused = try_cache(&folder.path().join("file/cache"), &manifests).unwrap_err();
        assert!(refused.to_string().contains("--models-cache"), "{refused}");
        assert!(try_cache(&folder.path().join("file/cache"), &[]).is_ok(), "nothing is to be kept");
    }

    #[tokio::test]
    async fn what_is_cached_is_known_by_its_digest() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let sha256 = format!("{:x}", Sha256::digest("weights"));
        let set = models::ModelSet::bundled().expect("it is compiled in");
        let bundled = set.inferrer("features").and_then(|f| f.manifest().weights.clone());
        let weights = WeightsFile { sha256, ..bundled.expect("the network has weights") };
        let path = layout::weights_path(cache.path(), &weights.sha256);
        let look = async || kept(cache.path(), &weights).await.expect("it can be read");

        assert_eq!(look().await, Kept::Nothing);
        std::fs::create_dir(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(&path, "weights").expect("it can be written");
        assert_eq!(look().await, Kept::Whole);
        std::fs::write(&path, "weighty").expect("it can be written");
        assert!(matches!(look().await, Kept::Damaged { .. }));
    }
}
