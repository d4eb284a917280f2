//! What the files of earlier runs tell of each picture.

use std::fs::File;
use std::io;
use std::path::Path;

use super::failure::EmbeddedError;
use super::journal::Span;
use super::outcomes::Outcome;
use super::pictures::Pictures;
use super::resume::{Models, Worth, each_line, judge, parked_picture};

/// What the files of earlier runs tell, read from the oldest to the newest.
pub(super) struct Learned<'a> {
    pictures: &'a Pictures,
    models: &'a Models<'a>,
    pub last: Vec<Outcome>,
    fresh: Vec<bool>,
}

impl<'a> Learned<'a> {
    pub fn nothing(pictures: &'a Pictures, models: &'a Models<'a>) -> Self {
        let (last, fresh) = (vec![Outcome::Unknown; pictures.len()], vec![false; pictures.len()]);
        Self { pictures, models, last, fresh }
    }

    pub fn document(&mut self, line: &[u8], outcome: Outcome) {
        if let Some((number, worth)) = judge(line, self.pictures, self.models) {
            self.last[number as usize] = outcome;
            self.fresh[number as usize] = worth == Worth::Fresh;
        }
    }

    /// Parked pictures are tried again, those of a killed run too.
    pub fn parked(&mut self, line: &[u8]) {
        if let Some(number) = parked_picture(line, self.pictures) {
            self.last[number as usize] = Outcome::Unknown;
            self.fresh[number as usize] = false;
        }
    }

    pub fn to_do(&self) -> Vec<u32> {
        (0..).zip(&self.fresh).filter(|(_, fresh)| !**fresh).map(|(number, _)| number).collect()
    }
}

/// Shows the lines of an earlier run's documents; `None` if there was no earlier run.
pub(super) fn read_earlier(
    path: &Path,
    visit: impl FnMut(Span, &[u8]),
) -> Result<Option<File>, EmbeddedError> {
    let refused = |cause: io::Error| EmbeddedError::out("read", path, &cause);
    match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(refused(cause)),
        Ok(file) => {
            each_line(&file, visit).map_err(refused)?;
            Ok(Some(file))
        }
    }
}
