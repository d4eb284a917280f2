//! A set as it lies in its bucket.

use std::path::Path;

use aws_sdk_s3::Client;
use models::set::{Manifest, WeightsFile};

use super::Place;
use super::download::Download;
use super::failure::S3ModelsError;
use super::layout::{Inferrer, weights_path};
use crate::adapters::aws::fault::Fault;
use crate::adapters::aws::object::{self, Unread};

/// The largest manifest that is read: its golden vectors take some ten kilobytes.
const LARGEST_MANIFEST: usize = 4 << 20;

/// The largest golden picture that is read.
const LARGEST_PICTURE: usize = 64 << 20;

/// One place in S3.
pub(super) struct Bucket<'a> {
    pub client: &'a Client,
    pub place: &'a Place,
}

impl Bucket<'_> {
    /// The folders below the place that hold a manifest.
    pub async fn inferrers(&self) -> Result<Vec<String>, S3ModelsError> {
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

    pub async fn inferrer(&self, name: String) -> Result<Inferrer, S3ModelsError> {
        let (json, manifest) = self.manifest(&name).await?;
        let picture = self.object(&name, &manifest.golden.input, LARGEST_PICTURE).await?;
        Ok(Inferrer { name, json, manifest, picture })
    }

    pub async fn manifest(&self, name: &str) -> Result<(Vec<u8>, Manifest), S3ModelsError> {
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
        let answer = get.send().await.map_err(|error| unavailable(&what, &error))?;
        object::read(answer.body, limit).await.map_err(|unread| match unread {
            Unread::TooLong => S3ModelsError::TooLarge { what, limit },
            Unread::Broken(cause) => S3ModelsError::Unavailable { what, cause },
        })
    }

    /// Brings the weights into the cache unless they are there.
    pub async fn weights(
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
    pub async fn length(&self, inferrer: &str, weights: &WeightsFile) -> Result<(), S3ModelsError> {
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

/// What the refusal of a call about `what` is.
pub(super) fn unavailable(what: &impl std::fmt::Display, fault: impl Into<Fault>) -> S3ModelsError {
    S3ModelsError::Unavailable { what: what.to_string(), cause: fault.into() }
}
