//! The whole embedded pipeline over copies of the samples.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use super::{BenchOptions, Measured};
use crate::config::options::{FolderOptions, Options};
use crate::config::{Config, Engines};
use crate::exit::Stopped;
use crate::run::{self, Models};

/// Runs the pipeline over copies of the pictures of `options`, in a folder of its own.
///
/// # Errors
/// [`Stopped`] as usage when they cannot be copied or none of them can be augmented, so that there is
/// nothing to measure; else as for [`run::embedded::measure`].
pub fn measure(options: &BenchOptions, models: &Models) -> Result<Measured, Stopped> {
    let folder = tempfile::tempdir().map_err(Stopped::unavailable)?;
    let copies = folder.path().join("images");
    let unfit = |why: &dyn Display| Stopped::usage(format!("{}: {why}", options.images.display()));
    copy(&options.images, &copies, options.copies).map_err(|error| unfit(&error))?;
    let text = |path: PathBuf| Some(path.to_string_lossy().into_owned());
    let run_options = Options {
        folder: FolderOptions {
            images: text(copies),
            out: text(folder.path().join("out")),
            no_page: true,
            fail_on_parked: false,
        },
        models: options.models.clone(),
        ..Options::defaults()
    };
    let config = Config::new(&run_options).map_err(Stopped::usage)?;
    let Engines::Folder(place) = &config.engines else {
        return Err(Stopped::unexpected("a folder of pictures is no production run"));
    };
    let workers = config.models.workers("features");
    let images_per_second = run::embedded::measure(&config, place, models)?;
    if images_per_second == 0.0 {
        return Err(unfit(&"no picture in it can be augmented"));
    }
    Ok(Measured { images_per_second, workers, batch: config.models.batch })
}

/// Puts `copies` of every file of `from` into the new folder `into`: links, where the system has them.
fn copy(from: &Path, into: &Path, copies: u32) -> std::io::Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let path = fs::canonicalize(&path)?; // a link to a relative link would lead nowhere
        for copy in 0..copies {
            let copy = into.join(format!("{copy}-{}", name.to_string_lossy()));
            fs::hard_link(&path, &copy).or_else(|_| fs::copy(&path, &copy).map(drop))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_there_as_often_as_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a folder")).unwrap();
        fs::write(from.join("a.jpg"), "one").unwrap();
        std::os::unix::fs::symlink("a.jpg", from.join("link.jpg")).unwrap();

        let into = folder.path().join("into");
        copy(&from, &into, 3).unwrap();

        let copies = fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = copies
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
            .collect();
        names.sort();
        let expected = ["0-a.jpg", "0-link.jpg", "1-a.jpg", "1-link.jpg", "2-a.jpg", "2-link.jpg"];
        assert_eq!(names, expected.map(|name| (name.into(), "one".to_owned())));
    }
}
