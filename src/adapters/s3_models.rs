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

use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use models::set::Manifest;

use bucket::Bucket;
pub use failure::S3ModelsError;

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

/// The manifests' digests under `place`, for `check`: what would be fetched, without fetching it.
///
/// # Errors
/// [`S3ModelsError`].
pub async fn look(client: &Client, place: &Place) -> Result<Vec<Manifest>, S3ModelsError> {
    let s3 = Bucket { client, place };
    let mut manifests = Vec::new();
    for name in s3.inferrers().await? {
        let manifest = s3.manifest(&name).await?.1;
        if let Some(weights) = &manifest.weights {
            s3.length(&name, weights).await?;
        }
        manifests.push(manifest);
    }
    if manifests.is_empty() {
        return Err(S3ModelsError::NoManifest(place.clone()));
    }
    Ok(manifests)
}

/// Runs `work` on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
