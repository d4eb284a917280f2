//! The page that a person looks at after a run: `out/index.html`, self-contained, and its further
//! pages.
//!
//! ```text
//! augmented.ndjson ─ documents ─► pictures ──── thumbnails ─► spool ─┐
//!                        └ vectors ─ neighbours ─► six and six ──────┼─ layout ─► index.html
//! parked.ndjson ──── parked ────► groups by class, each with a remedy┘            index-2.html …
//! ```
//! It is made from what the run left in `out` as it stands, so it can be made again at any time. A
//! page needs nothing but itself: no script at all, no other file, and a policy that would refuse
//! both. Everything that comes from a file's name or a decoder's message is escaped.

mod crew;
mod documents;
mod entry;
mod escape;
mod layout;
mod neighbours;
mod pagination;
mod palette;
mod parked;
mod publish;
mod remedy;
mod section;
mod spool;
mod thumbnails;

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use neighbours::{Neighbour, Vectors, nearest};
pub use remedy::remedy;

use documents::Picture;
use layout::Layout;
use pagination::Pagination;
use spool::Spool;
use thumbnails::Thumbnail;

/// How many neighbours a picture shows of each kind.
pub const NEIGHBOURS: usize = 6;

/// The most pictures on one page: about 8 MB of HTML.
pub const PICTURES_A_PAGE: usize = 300;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageReport {
    /// How many pages, at least one.
    pub pages: usize,
    /// Augmented pictures on them.
    pub pictures: usize,
    /// Parked ones.
    pub parked: usize,
    /// Augmented pictures whose file could no longer be shown.
    pub without_thumbnail: usize,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Reading the run's outcome or writing the page failed.
    #[error("{path}: {cause}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A line of the run's outcome is not what a run writes.
    #[error("{path}, line {line}: {cause}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
}

impl PageError {
    /// For `map_err`: what happened to the file at `path`.
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |cause| Self::Io { path, cause }
    }
}

/// Everything that the pages show.
struct Gallery {
    pictures: Vec<Picture>,
    thumbnails: Vec<Option<Thumbnail>>,
    by_features: Vec<Vec<Neighbour>>,
    by_colour: Vec<Vec<Neighbour>>,
    parked: Vec<parked::Group>,
}

/// Writes the pages of the run whose outcome lies in `out`, over the pictures in the folder
/// `images`; `at` is the time that they show. Each file appears whole or not at all, and pages of an
/// earlier, larger run are removed.
///
/// # Errors
/// [`PageError`]. A picture that cannot be shown any more is none: it gets a placeholder.
pub fn write(out: &Path, images: &Path, at: Timestamp) -> Result<PageReport, PageError> {
    let spool = Spool::new(out).map_err(PageError::io(out))?;
    let gallery = gather(out, &spool)?;
    let pagination = Pagination::new(gallery.pictures.len(), PICTURES_A_PAGE);

    let layout = Layout::new(&gallery, pagination, escape::Links::new(out, images), at);
    for page in pagination.pages() {
        let html = layout.render(page, &spool).map_err(PageError::io(out))?;
        let path = out.join(pagination::file_name(page));
        publish::replace(&path, html.as_bytes()).map_err(PageError::io(&path))?;
    }
    publish::remove_stale(out, pagination.count()).map_err(PageError::io(out))?;

    Ok(PageReport {
        pages: pagination.count(),
        pictures: gallery.pictures.len(),
        parked: gallery.parked.iter().map(|group| group.records.len()).sum(),
        without_thumbnail: gallery.thumbnails.iter().filter(|made| made.is_none()).count(),
    })
}

fn gather(out: &Path, spool: &Spool) -> Result<Gallery, PageError> {
    let threads = crew::size();
    let augmented = out.join("augmented.ndjson");

    // One kind of vector at a time: they are nearly all of the documents.
    let (mut pictures, vectors) = documents::read(&augmented, threads)?;
    let by_features = nearest(&vectors, pictures.len(), NEIGHBOURS, threads);
    drop(vectors);
    let vectors = documents::read_palettes(&augmented, &mut pictures, threads)?;
    let by_colour = nearest(&vectors, pictures.len(), NEIGHBOURS, threads);
    drop(vectors);

    let thumbnails = thumbnails::make(&pictures, spool, threads).map_err(PageError::io(out))?;
    let parked = parked::read(&out.join("parked.ndjson"))?;
    Ok(Gallery { pictures, thumbnails, by_features, by_colour, parked })
}
