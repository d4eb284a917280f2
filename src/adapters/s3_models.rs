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

mod download;

use std::io;
use std::path::{Path, PathBuf};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use models::set::{Manifest, ManifestError, WeightsFile};
use sha2::{Digest, Sha256};

use download::Download;

/// The largest manifest that is read: its golden vectors take some ten kilobytes.
const LARGEST_MANIFEST: usize = 4 << 20;

/// The largest golden picture that is read.
const LARGEST_PICTURE: usize = 64 << 20;

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

/// Why a set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum S3ModelsError {
    /// S3 did not answer, or refused.
    #[error("{what}: {cause}")]
    Unavailable {
        /// The object or folder.
        what: String,
        /// What S3 said.
        cause: String,
    },
    /// There is no manifest below the place.
    #[error("{0} is no model set: it has no <inferrer>/manifest.json")]
    NoManifest(Place),
    /// A manifest that cannot be followed.
    #[error("{what}: {cause}")]
    Manifest {
        /// The manifest.
        what: String,
        /// What is wrong with it.
        cause: ManifestError,
    },
    /// A manifest names a file outside its folder.
    #[error("{what} names the file {file:?}, which is no plain name")]
    FileName {
        /// The manifest.
        what: String,
        /// The name.
        file: String,
    },
    /// An object of another length or digest than its manifest says.
    #[error("{what} has the {property} {found}, its manifest says {expected}")]
    Digest {
        /// The object.
        what: String,
        /// Length in bytes, or SHA-256.
        property: &'static str,
        /// That of the object.
        found: String,
        /// That of the manifest.
        expected: String,
    },
    /// An object that should be small is not.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The object.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// The cache cannot be written.
    #[error("the cache of models {path} (--models-cache): {cause}")]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
}

impl S3ModelsError {
    /// Whether the set itself is at fault, and not a server, a transfer or a disk.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NoManifest(_) | Self::Manifest { .. } | Self::FileName { .. })
    }
}

/// A client for S3. At an endpoint of one's own the bucket goes into the path: other servers than
/// Amazon's rarely have a name for each bucket.
#[must_use]
pub fn client(config: &SdkConfig) -> Client {
    let own_endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
    let own_endpoint = own_endpoint.iter().any(|name| std::env::var_os(name).is_some());
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint).build();
    Client::from_conf(config)
}

/// One inferrer's files, weights aside.
struct Inferrer {
    name: String,
    json: Vec<u8>,
    manifest: Manifest,
    picture: Vec<u8>,
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
    let laid_out = tokio::task::spawn_blocking(move || lay_out(&inferrers, &cache));
    laid_out.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
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

struct Bucket<'a> {
    client: &'a Client,
    place: &'a Place,
}

impl Bucket<'_> {
    /// The folders below the place that hold a manifest.
    async fn inferrers(&self) -> Result<Vec<String>, S3ModelsError> {
        let Place { bucket, prefix } = self.place;
        let mut pages =
            self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unavailable(&self.place, &error))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let inferrer = |key: &str| {
                let name = key.strip_prefix(prefix.as_str())?.strip_suffix("/manifest.json")?;
                (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
            };
            names.extend(keys.filter_map(inferrer));
        }
        Ok(names)
    }

    async fn inferrer(&self, name: String) -> Result<Inferrer, S3ModelsError> {
        let (json, manifest) = self.manifest(&name).await?;
        let picture = self.object(&name, &manifest.golden.input, LARGEST_PICTURE).await?;
        Ok(Inferrer { name, json, manifest, picture })
    }

    async fn manifest(&self, name: &str) -> Result<(Vec<u8>, Manifest), S3ModelsError> {
        let json = self.object(name, "manifest.json", LARGEST_MANIFEST).await?;
        let what = self.url(name, "manifest.json");
        let manifest = Manifest::from_json(&json)
            .and_then(|manifest| manifest.in_folder(name))
            .map_err(|cause| S3ModelsError::Manifest { what: what.clone(), cause })?;
        let weights = manifest.weights.iter().map(|weights| &weights.file);
        for file in weights.chain([&manifest.golden.input]) {
            if Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
                return Err(S3ModelsError::FileName { what, file: file.clone() });
            }
        }
        Ok((json, manifest))
    }

    /// A small object, whole.
    async fn object(
        &self,
        inferrer: &str,
        file: &str,
        limit: usize,
    ) -> Result<Vec<u8>, S3ModelsError> {
        let what = self.url(inferrer, file);
        let get = self.client.get_object().bucket(&self.place.bucket).key(self.key(inferrer, file));
        let mut answer = get.send().await.map_err(|error| unavailable(&what, &error))?;
        let mut bytes = Vec::new();
        while let Some(chunk) =
            answer.body.try_next().await.map_err(|error| unavailable(&what, &error))?
        {
            if bytes.len() + chunk.len() > limit {
                return Err(S3ModelsError::TooLarge { what, limit });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Brings the weights into the cache unless they are there.
    async fn weights(
        &self,
        inferrer: &str,
        weights: &WeightsFile,
        cache: &Path,
    ) -> Result<(), S3ModelsError> {
        let download = Download {
            client: self.client,
            bucket: &self.place.bucket,
            key: self.key(inferrer, &weights.file),
            what: self.url(inferrer, &weights.file),
            bytes: weights.bytes,
            sha256: &weights.sha256,
        };
        download.bring_to(&weights_path(cache, &weights.sha256)).await
    }

    /// Refuses weights of another length than the manifest says.
    async fn length(&self, inferrer: &str, weights: &WeightsFile) -> Result<(), S3ModelsError> {
        let what = self.url(inferrer, &weights.file);
        let key = self.key(inferrer, &weights.file);
        let head = self.client.head_object().bucket(&self.place.bucket).key(key).send();
        let found = head.await.map_err(|error| unavailable(&what, &error))?.content_length();
        let found = found.and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        if found == weights.bytes {
            return Ok(());
        }
        let (found, expected) = (found.to_string(), weights.bytes.to_string());
        Err(S3ModelsError::Digest { what, property: "length", found, expected })
    }

    fn key(&self, inferrer: &str, file: &str) -> String {
        format!("{}{inferrer}/{file}", self.place.prefix)
    }

    fn url(&self, inferrer: &str, file: &str) -> String {
        format!("{}{inferrer}/{file}", self.place)
    }
}

fn unavailable(
    what: &impl std::fmt::Display,
    error: &(impl std::error::Error + 'static),
) -> S3ModelsError {
    S3ModelsError::Unavailable {
        what: what.to_string(),
        cause: DisplayErrorContext(error).to_string(),
    }
}

fn weights_path(cache: &Path, sha256: &str) -> PathBuf {
    cache.join("weights").join(sha256)
}

/// Makes the set's folder from `inferrers` and the weights in `cache`, unless it is there: its name is
/// the digest of what it was made from.
fn lay_out(inferrers: &[Inferrer], cache: &Path) -> Result<PathBuf, S3ModelsError> {
    let sets = cache.join("sets");
    let refused = |path: &Path| {
        let path = path.to_owned();
        |cause| S3ModelsError::Cache { path, cause }
    };
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
