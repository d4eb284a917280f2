//! The whole embedded pipeline over copies of the samples.

use std::fs;
use std::path::{Path, PathBuf};

use super::Measured;
use crate::config::options::{FolderOptions, ModelOptions, Options};
use crate::config::{Config, Engines, cores};
use crate::exit::Stopped;
use crate::run::{self, Models};

/// How often each picture is copied: two hundred pictures outlast the start of the pipeline.
const COPIES: usize = 10;

/// Runs the pipeline over copies of the pictures in `images`, in a folder of its own.
pub fn measure(
    images: &Path,
    models: &Models,
    options: &ModelOptions,
) -> Result<Measured, Stopped> {
    let folder = tempfile::tempdir().map_err(Stopped::unavailable)?;
    let copies = folder.path().join("images");
    copy(images, &copies)
        .map_err(|error| Stopped::usage(format!("{}: {error}", images.display())))?;
    let text = |path: PathBuf| Some(path.to_string_lossy().into_owned());
    let options = Options {
        folder: FolderOptions {
            images: text(copies),
            out: text(folder.path().join("out")),
            no_page: true,
            fail_on_parked: false,
        },
        models: options.clone(),
        ..Options::defaults()
    };
    let config = Config::new(&options).map_err(Stopped::usage)?;
    let Engines::Folder(place) = &config.engines else {
        return Err(Stopped::unexpected("a folder of pictures is no production run"));
    };
    let images_per_second = run::embedded::measure(&config, place, models)?;
    Ok(Measured { images_per_second, workers: cores(), batch: config.models.batch })
}

fn copy(from: &Path, into: &Path) -> std::io::Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        for copy in 0..COPIES {
            fs::copy(&path, into.join(format!("{copy}-{}", name.to_string_lossy())))?;
        }
    }
    Ok(())
}
