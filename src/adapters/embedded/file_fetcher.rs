//! Reads pictures from the local disk, wary of whatever else may have a picture's name.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use actors::failure::Class;
use actors::flow::credits::{Budget, Reservation};
use actors::input::Raw;
use actors::ports::{FetchError, Fetcher};
use actors::record::Record;
use async_trait::async_trait;
use serde_json::Value;

use crate::wire::local_document::file_path;

/// How long to wait before a file that changed under the reader, or could not be read, is read
/// again: once, and twice. Long enough for a copy of a picture to end.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Fetches from the `file:///` URL in a record's locations.
#[derive(Clone, Copy, Debug)]
pub struct FileFetcher {
    /// The largest file that is read, in bytes.
    limit: u64,
}

/// Why one attempt failed.
enum Refusal {
    /// It would fail again.
    Final(Class, String),
    /// It may not: the file is being written to, or the disk erred.
    Passing(String),
}

/// An open regular file.
struct Opened {
    file: File,
    version: Version,
}

/// What changes when a file's content does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    size: u64,
    modified: Option<SystemTime>,
}

impl FileFetcher {
    /// Reads files of at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit }
    }

    /// Opens, reserves, reads. The reservation is made before a byte of the content is in memory. Where the
    /// credits are free, as they mostly are, one errand to a blocking thread does all three.
    async fn attempt(
        &self,
        path: &Path,
        budget: &Budget,
        size: &mut Option<u64>,
    ) -> Result<(Vec<u8>, Reservation), Refusal> {
        let (Opened { file, version }, at_once) = blocking({
            let (path, limit, budget) = (path.to_owned(), self.limit, budget.clone());
            move || {
                let opened = open(&path)?;
                let at_once = read_at_once(&opened, limit, &budget);
                Ok((opened, at_once))
            }
        })
        .await?;
        *size = Some(version.size);
        if let Some(read) = at_once {
            return read;
        }
        if version.size == 0 {
            return Err(Refusal::Final(Class::EmptyBody, "the file is empty".into()));
        }
        if version.size > self.limit {
            return Err(too_many_bytes(version.size, self.limit));
        }
        let reservation = budget.reserve(version.size).await;
        let reservation = reservation.map_err(|over| too_many_bytes(over.asked, over.total))?;
        let bytes = blocking(move || read(&file, version)).await?;
        Ok((bytes, reservation))
    }
}

#[async_trait]
impl Fetcher for FileFetcher {
    async fn fetch(&self, record: &Record, budget: &Budget) -> Result<Raw, FetchError> {
        let path = location(&record.document).ok_or_else(|| FetchError {
            class: Class::NoLocation,
            location: None,
            bytes: None,
            cause: "the document has no file:/// URL among its locations".into(),
        })?;
        let location = path.to_string_lossy().into_owned();
        let mut size = None;
        let mut pauses = PAUSES.iter();
        let (class, cause) = loop {
            match self.attempt(&path, budget, &mut size).await {
                Ok((bytes, reservation)) => {
                    let (id, version) = (record.id.clone(), record.version);
                    return Ok(Raw { id, version, bytes: bytes.into(), location, reservation });
                }
                Err(Refusal::Final(class, cause)) => break (class, cause),
                Err(Refusal::Passing(cause)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => break (Class::CorruptImage, format!("{cause}, three times")),
                },
            }
        };
        Err(FetchError { class, location: Some(location), bytes: size, cause })
    }
}

/// The path in the first location that has one.
fn location(document: &Value) -> Option<PathBuf> {
    let locations = document.get("locations")?.as_array()?;
    locations.iter().find_map(|location| file_path(location.get("url")?.as_str()?))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(Refusal::Passing(format!("reading panicked: {panic}"))))
}

/// Opens a regular file, following links.
///
/// What is none is told by its metadata, since to open a device may have effects; should a FIFO
/// take the file's place just then, `O_NONBLOCK` keeps the open from waiting for its writer.
fn open(path: &Path) -> Result<Opened, Refusal> {
    regular(&fs::metadata(path).map_err(|error| refusal(&error))?)?;
    let mut options = File::options();
    let options = options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path).map_err(|error| refusal(&error))?;
    let version = regular(&file.metadata().map_err(|error| refusal(&error))?)?;
    Ok(Opened { file, version })
}

/// Reads a file of a size that is permitted; `None` where it is not, or where it has to wait for credits.
fn read_at_once(
    Opened { file, version }: &Opened,
    limit: u64,
    budget: &Budget,
) -> Option<Result<(Vec<u8>, Reservation), Refusal>> {
    let permitted =
        u32::try_from(version.size).ok().filter(|_| (1..=limit).contains(&version.size));
    let reservation = budget.try_reserve(permitted?)?;
    Some(read(file, *version).map(|bytes| (bytes, reservation)))
}

fn regular(metadata: &Metadata) -> Result<Version, Refusal> {
    if metadata.is_file() {
        Ok(Version::of(metadata))
    } else {
        Err(Refusal::Final(Class::UnsupportedFormat, kind_of(metadata)))
    }
}

/// Reads a whole file of this version; one byte more at most, to see whether it grew.
fn read(file: &File, version: Version) -> Result<Vec<u8>, Refusal> {
    let size = usize::try_from(version.size).expect("the limit was checked");
    let mut bytes = Vec::with_capacity(size);
    file.take(version.size + 1).read_to_end(&mut bytes).map_err(|error| refusal(&error))?;
    let after = file.metadata().map_err(|error| refusal(&error))?;
    if bytes.len() == size && Version::of(&after) == version {
        Ok(bytes)
    } else {
        Err(Refusal::Passing("the file changed while it was read".into()))
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified: metadata.modified().ok() }
    }
}

fn too_many_bytes(size: u64, limit: u64) -> Refusal {
    Refusal::Final(Class::TooManyBytes, format!("{size} bytes are more than the limit of {limit}"))
}

fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => not_found(error),
        _ if error.raw_os_error() == Some(libc::ELOOP) => not_found(error),
        io::ErrorKind::PermissionDenied => {
            Refusal::Final(Class::Denied, format!("the file may not be read: {error}"))
        }
        _ => Refusal::Passing(format!("the file could not be read: {error}")),
    }
}

fn not_found(error: &io::Error) -> Refusal {
    Refusal::Final(Class::NotFound, format!("there is no file: {error}"))
}

fn kind_of(metadata: &Metadata) -> String {
    let kind = metadata.file_type();
    let kind = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    format!("it is {kind}, not a file")
}

#[cfg(test)]
#[path = "file_fetcher_tests.rs"]
mod tests;
