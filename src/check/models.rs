//! What the models promise. Those in S3 are not fetched: their manifests tell, the lengths of their
//! weights, and the digests of those that are in the cache already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::models::ModelSet;
use ::models::set::WeightsFile;
use actors::inference::InferrerSpec;
use futures_util::future::join_all;

use super::Verdict::{Failure, Fine, Warning};
use super::patience::Patience;
use super::{Finding, Verdict};
use crate::adapters::aws::{self, object};
use crate::adapters::model_inferrers;
use crate::adapters::s3_models::{self, Kept, Place, Promised};
use crate::config::{ModelConfig, SetLocation};
use crate::exit::Stopped;
use crate::run::Models;

/// A model that would serve.
struct Serving {
    spec: Arc<InferrerSpec>,
    files: Files,
}

/// How far its files are known.
enum Files {
    /// It was built, and met its golden vector.
    Proven,
    /// It comes from the bundled set, which the given one lacks it in.
    Bundled,
    /// Its manifest is all there is.
    Manifest,
    /// Its weights lie in S3, and in a cache or not.
    Remote { cache: PathBuf, weights: WeightsFile },
}

/// A line for each model, and what they promise; nothing where that is not known of all.
pub async fn findings(
    config: &ModelConfig,
    patience: Patience,
) -> (Vec<Finding>, Vec<Arc<InferrerSpec>>) {
    let looked = match patience.last(serving(config)).await {
        Ok(Ok(serving)) => Ok(serving),
        Ok(Err(Stopped { message, .. })) => Err(message),
        Err(silence) => Err(silence.to_string()),
    };
    match looked {
        Ok(serving) => {
            let findings = join_all(serving.iter().map(|model| finding(model, patience))).await;
            (findings, serving.into_iter().map(|model| model.spec).collect())
        }
        Err(reason) => (vec![Finding::new("models", Failure, reason)], Vec::new()),
    }
}

async fn serving(config: &ModelConfig) -> Result<Vec<Serving>, Stopped> {
    if let SetLocation::Bucket { place, cache } = &config.set {
        return in_bucket(place, cache).await;
    }
    let config = config.clone();
    let opened = tokio::task::spawn_blocking(move || Models::open(&config)).await;
    let specs = opened.map_err(Stopped::unexpected)??.specs();
    Ok(specs.into_iter().map(|spec| Serving { spec, files: Files::Proven }).collect())
}

/// The set of a bucket, completed as the service completes it.
async fn in_bucket(place: &Place, cache: &Path) -> Result<Vec<Serving>, Stopped> {
    let aws = aws::load().await.map_err(Stopped::usage)?;
    let looked = s3_models::look(&object::client(&aws), place).await;
    let promised = looked.map_err(Stopped::unavailable)?;
    let manifests: Vec<_> = promised.iter().map(|promised| promised.manifest.clone()).collect();
    s3_models::try_cache(cache, &manifests).map_err(Stopped::unavailable)?;
    let given: Vec<String> = manifests.into_iter().map(|manifest| manifest.inferrer).collect();
    let stand_ins = ModelSet::stand_ins(&given).map_err(Stopped::usage)?;
    let remote = |Promised { manifest, sha256 }: Promised| Serving {
        spec: Arc::new(model_inferrers::spec(&manifest, &sha256)),
        files: manifest
            .weights
            .map_or(Files::Manifest, |weights| Files::Remote { cache: cache.to_owned(), weights }),
    };
    let mut serving: Vec<Serving> = promised.into_iter().map(remote).collect();
    serving.extend(stand_ins.iter().map(|inferrer| Serving {
        spec: Arc::new(model_inferrers::spec(inferrer.manifest(), &inferrer.stamp().sha256)),
        files: Files::Bundled,
    }));
    Ok(serving)
}

async fn finding(Serving { spec, files }: &Serving, patience: Patience) -> Finding {
    let (verdict, known) = known(files, patience).await;
    let (name, model) = (&spec.name, &spec.model);
    let text =
        format!("{name}: {} {}, sha256 {}: {known}", model.name, model.version, model.sha256);
    Finding::new("models", verdict, text)
}

/// What is known of the files, in words.
async fn known(files: &Files, patience: Patience) -> (Verdict, String) {
    let (cache, weights) = match files {
        Files::Proven => return (Fine, "proven on its golden picture".to_owned()),
        Files::Bundled => return (Fine, "the bundled one, which the set lacks".to_owned()),
        Files::Manifest => return (Fine, "without weights".to_owned()),
        Files::Remote { cache, weights } => (cache, weights),
    };
    match patience.last(s3_models::kept(cache, weights)).await {
        Ok(Ok(Kept::Whole)) => (Fine, "cached with that digest".to_owned()),
        Ok(Ok(Kept::Nothing)) => {
            (Fine, "not cached: fetched, and its digest proven, at the start".to_owned())
        }
        Ok(Ok(Kept::Damaged { found })) => {
            (Warning, format!("what is cached has the digest {found}: fetched again at the start"))
        }
        Ok(Err(error)) => (Failure, error.to_string()),
        Err(silence) => (
            Warning,
            format!("cached, but not read whole ({silence}): its digest is proven at the start"),
        ),
    }
}
