//! Which engines are meant: those over a folder, or the production ones. The locations decide.

use std::path::PathBuf;

use super::options::{FolderOptions, LocationOptions, Options};
use super::values::given;
use super::{Problems, ServiceConfig};

/// The folder of pictures unless another is named: the repository's.
const IMAGES: &str = "samples";

/// The folder of results unless another is named.
const OUT: &str = "out";

/// What the pipeline works on.
#[derive(Clone, Debug)]
pub enum Engines {
    /// A folder of pictures: an embedded run.
    Folder(FolderConfig),
    /// Queues, indices and a topic: the production service.
    Service(Box<ServiceConfig>),
}

/// Pictures and results of an embedded run.
#[derive(Clone, Debug)]
pub struct FolderConfig {
    /// The folder of pictures.
    pub images: PathBuf,
    /// The folder of results.
    pub out: PathBuf,
    /// Whether a page is written.
    pub page: bool,
    /// Whether parked pictures change the exit code.
    pub fail_on_parked: bool,
}

impl Engines {
    /// Which engines `options` mean. Where they are contradictory, something that is never used stands
    /// in: there is a problem then.
    pub(super) fn new(options: &Options, problems: &mut Problems) -> Self {
        if is_service(&options.locations) {
            refuse_folders(&options.folder, problems);
            if options.models.models.is_none() {
                let remedy = "it is missing: a production run must be told its model set; write a \
                              folder, s3://bucket/prefix/ or bundled";
                problems.note("models", "", remedy);
            }
            Self::Service(Box::new(ServiceConfig::new(options, problems)))
        } else {
            Self::Folder(FolderConfig::new(&options.folder, problems))
        }
    }
}

/// A topic alone is no location to work from, but nobody who names one means the samples.
fn is_service(locations: &LocationOptions) -> bool {
    let named = [
        &locations.queue_url,
        &locations.dead_letter_queue_url,
        &locations.elasticsearch_url,
        &locations.initial_index,
        &locations.augmented_index,
    ];
    let announces = given(locations.topic_arn.as_deref()).is_some();
    locations.production || announces || named.into_iter().any(Option::is_some)
}

fn refuse_folders(folder: &FolderOptions, problems: &mut Problems) {
    for (option, folder) in [("images", &folder.images), ("out", &folder.out)] {
        if let Some(folder) = folder {
            let remedy = "a production run has no folders: drop it or the locations";
            problems.note(option, folder, remedy);
        }
    }
}

impl FolderConfig {
    fn new(options: &FolderOptions, problems: &mut Problems) -> Self {
        let images: PathBuf = options.images.as_deref().unwrap_or(IMAGES).into();
        if !images.is_dir() {
            let remedy = "there is no such folder; name the folder of your pictures";
            problems.note("images", &images.to_string_lossy(), remedy);
        }
        Self {
            images,
            out: options.out.as_deref().unwrap_or(OUT).into(),
            page: !options.no_page,
            fail_on_parked: options.fail_on_parked,
        }
    }
}
