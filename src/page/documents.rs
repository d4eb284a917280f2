//! Reads the augmented documents back: what the page shows of each picture, and the vectors.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::neighbours::Vectors;
use super::palette::{self, Swatch};
use super::{PageError, crew};
use crate::wire::local_document::file_path;

/// What the page shows of one augmented picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The canonical id.
    pub id: String,
    /// The path relative to the folder, for people.
    pub name: String,
    /// Where its file is, if the document says so.
    pub path: Option<PathBuf>,
    /// `#rrggbb`.
    pub average_colour: Option<String>,
    /// Width / height.
    pub aspect_ratio: Option<f32>,
    /// The strongest colours.
    pub swatches: Vec<Swatch>,
    /// Which model made which field.
    pub models: BTreeMap<String, Model>,
    /// Its line in the file, counted from 0.
    line: usize,
}

/// A model, as documents name it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Model {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Digest of its weights or manifest.
    #[serde(default)]
    pub sha256: String,
}

#[derive(Deserialize)]
struct Document<I> {
    state: State<I>,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State<I> {
    canonical_id: String,
    source_identifier: Option<SourceIdentifier>,
    inferred_data: I,
    #[serde(default)]
    inference_models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct SourceIdentifier {
    value: String,
}

#[derive(Deserialize)]
struct Location {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithFeatures {
    #[serde(default)]
    features: Vec<f32>,
    average_color_hex: Option<String>,
    aspect_ratio: Option<f32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithPalette {
    #[serde(default)]
    palette_embedding: Vec<f32>,
}

/// Reads all pictures, in the order of their names, and their feature vectors.
pub fn read(path: &Path, threads: usize) -> Result<(Vec<Picture>, Vectors), PageError> {
    let mut pictures = vec![];
    let mut vectors = vec![];
    each_line(path, threads, picture, |line, (picture, features)| {
        vectors.push((line, features));
        pictures.push(picture);
    })?;
    pictures.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let vectors = Vectors::new(vectors, &positions(&pictures));
    Ok((pictures, vectors))
}

/// Reads the palettes of `pictures`, gives each its swatches, and returns the embeddings.
pub fn read_palettes(
    path: &Path,
    pictures: &mut [Picture],
    threads: usize,
) -> Result<Vectors, PageError> {
    let positions = positions(pictures);
    let mut vectors = vec![];
    let sharpen = |_, document: Document<WithPalette>| {
        let embedding = document.state.inferred_data.palette_embedding;
        (palette::swatches(&embedding), embedding)
    };
    each_line(path, threads, sharpen, |line, (swatches, embedding)| {
        if let Some(picture) = positions.get(line).and_then(|at| pictures.get_mut(*at)) {
            picture.swatches = swatches;
            vectors.push((line, embedding));
        }
    })?;
    Ok(Vectors::new(vectors, &positions))
}

/// Where each line's picture stands in `pictures`.
fn positions(pictures: &[Picture]) -> Vec<usize> {
    let mut positions = vec![0; pictures.len()];
    for (position, picture) in pictures.iter().enumerate() {
        positions[picture.line] = position;
    }
    positions
}

fn picture(line: usize, document: Document<WithFeatures>) -> (Picture, Vec<f32>) {
    let Document { state, locations } = document;
    let inferred = state.inferred_data;
    let name = state.source_identifier.map(|identifier| identifier.value);
    let picture = Picture {
        name: name.unwrap_or_else(|| state.canonical_id.clone()),
        id: state.canonical_id,
        path: locations.first().and_then(|location| file_path(&location.url)),
        average_colour: inferred.average_color_hex.filter(|hex| is_colour(hex)),
        aspect_ratio: inferred.aspect_ratio.filter(|ratio| ratio.is_finite()),
        swatches: vec![],
        models: state.inference_models,
        line,
    };
    (picture, inferred.features)
}

/// Whether `text` is `#rrggbb`: it goes into the style sheet, where no escaping would help.
fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Parses every line of the file and does `work` on it with `threads` threads, then gives what came
/// of it to `take`, with its line counted from 0. A file that is not there has no lines.
fn each_line<D: DeserializeOwned, O: Send>(
    path: &Path,
    threads: usize,
    work: impl Fn(usize, D) -> O + Sync,
    mut take: impl FnMut(usize, O) + Send,
) -> Result<(), PageError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(PageError::io(path)(error)),
    };
    let parse = |(line, text): (usize, io::Result<Vec<u8>>)| -> Result<(usize, O), PageError> {
        let text = text.map_err(PageError::io(path))?;
        serde_json::from_slice(&text)
            .map(|document| (line, work(line, document)))
            .map_err(|cause| PageError::Malformed { path: path.into(), line: line + 1, cause })
    };
    let mut first_error: Option<PageError> = None;
    let lines = BufReader::with_capacity(1 << 16, file).split(b'\n').enumerate();
    crew::in_parallel(lines, threads, parse, |done| match done {
        Ok((line, output)) => take(line, output),
        Err(error) => _ = first_error.get_or_insert(error),
    });
    first_error.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        assert!(is_colour("#0aA7bc"));
        for other in ["", "#", "0aa7bc", "#0aa7b", "#0aa7bcd", "#0aa7b;", "red", "#ééé"] {
            assert!(!is_colour(other), "{other}");
        }
    }

    #[test]
    fn pictures_come_by_name_whatever_the_order_of_the_lines_and_unknown_keys_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("augmented.ndjson");
        let line = |name: &str, value: f32| {
            serde_json::json!({"x": [1], "state": {
                "canonicalId": format!("id-{name}"), "sourceIdentifier": {"value": name, "y": null},
                "inferredData": {"features": [value, 1.0], "z": {}},
            }})
            .to_string()
        };
        std::fs::write(&path, [line("b", 1.0), line("c", 1.0), line("a", -1.0)].join("\n"))
            .unwrap();

        let (pictures, vectors) = read(&path, 2).unwrap();

        let names: Vec<_> = pictures.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let nearest = crate::page::nearest(&vectors, 3, 1, 1);
        assert_eq!((nearest[1][0].picture, nearest[2][0].picture), (2, 1));
    }

    #[test]
    fn a_missing_file_has_no_pictures_and_a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("augmented.ndjson");
        assert_eq!(read(&path, 1).unwrap().0, []);

        let good = r#"{"state":{"canonicalId":"a","inferredData":{}}}"#;
        std::fs::write(&path, format!("{good}\n{{\n")).unwrap();
        let error = read(&path, 1).err().map(|error| error.to_string()).unwrap();
        assert!(error.contains("augmented.ndjson, line 2: "), "{error}");
    }
}
