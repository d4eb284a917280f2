//! Makes the folder that a run leaves, for the tests of the page: pictures, documents, parked records.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};
use inference_manager::page::{self, Drawable, PageError, PageReport};
use inference_manager::wire::local_document::local_document;
use jiff::Timestamp;
use models::picture::Limits;
use serde_json::json;
use tempfile::TempDir;

/// A run's pictures and what it left of them.
pub struct RunOutcome {
    _folder: TempDir,
    /// The folder of pictures.
    pub images: PathBuf,
    /// The folder of outcomes.
    pub out: PathBuf,
    documents: Vec<String>,
    parked: Vec<String>,
}

/// File names that would do harm in a page that does not escape them, or are hard to show.
pub fn hostile_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "<script>window.harmed=1<&2fscript>.jpg",
        "<script>.jpg",
        "\"><img src=x onerror=window.harmed=1>.png",
        "' onmouseover='window.harmed=1.png",
        "<!-- .png",
        "<style>*{display:none}.png",
        "<title>.png",
        "&amp;lt;.png",
        "a\nb\tc\r.png",
        "javascript:window.harmed=1.png",
        "%3Cscript%3E%2e%2e.png",
        "?query#fragment.png",
        "a b\\c.png",
        "..png",
        "gpj.\u{202e}gnp.png",
        "Dürer, 波 🐎.png",
    ]
    .map(|name| name.as_bytes().to_vec())
    .into();
    names.push(b"no text \xff\xfe.png".to_vec());
    names.push([&[b'x'; 251][..], b".png"].concat());
    names
}

impl RunOutcome {
    /// A run over nothing.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (images, out) = (root.join("my pictures"), root.join("out"));
        [&images, &out].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
        Self { _folder: folder, images, out, documents: vec![], parked: vec![] }
    }

    /// A run over `count` pictures of different colours.
    pub fn of_pictures(count: usize) -> Self {
        let mut outcome = Self::new();
        (0..count).for_each(|n| outcome.augmented(format!("picture-{n:04}.png").as_bytes()));
        outcome
    }

    /// Adds an augmented picture called `name`; its colour and vectors depend on how many there are.
    pub fn augmented(&mut self, name: &[u8]) {
        let n = self.documents.len();
        let relative = Path::new(OsStr::from_bytes(name));
        let [red, green, blue] = [n * 37 % 256, n * 91 % 256, n * 13 % 256];
        let colour = [red, green, blue].map(|sample| u8::try_from(sample).unwrap());
        let (width, height) = (8 + u32::try_from(n % 9).unwrap(), 10);
        let picture = RgbImage::from_pixel(width, height, Rgb(colour));
        picture.save_with_format(self.images.join(relative), ImageFormat::Png).unwrap();

        let mut document = local_document(&self.images, relative, Timestamp::UNIX_EPOCH);
        let angle = |step: f64| (f64::from(u32::try_from(n + 1).unwrap()) * step).sin();
        let features: Vec<f64> = (1..=20).map(|k| angle(0.11 * f64::from(k))).collect();
        let mut palette = vec![0.0; 1000];
        palette[red / 26 * 100 + green / 26 * 10 + blue / 26] = 1.0;
        palette[n * 7 % 1000] += 0.1;
        document["state"]["inferredData"] = json!({
            "features": features,
            "paletteEmbedding": palette,
            "averageColorHex": format!("#{red:02x}{green:02x}{blue:02x}"),
            "aspectRatio": f64::from(width) / f64::from(height),
        });
        let model = json!({"name": "<b>model</b>", "version": "1", "sha256": "ab".repeat(32)});
        document["state"]["inferenceModels"] = json!({"features": model});
        self.documents.push(document.to_string());
    }

    /// Adds a parked picture.
    pub fn parked(&mut self, path: &str, class: &str, cause: &str) {
        let record = json!({
            "id": "abcdefgh", "path": path, "class": class, "stage": "downloader", "cause": cause,
            "models": [], "at": "2026-11-23T06:00:00.000Z",
        });
        self.parked.push(record.to_string());
    }

    /// Turns the order of the documents round.
    #[allow(dead_code, reason = "not every test does")]
    pub fn reverse(&mut self) {
        self.documents.reverse();
    }

    /// Writes the pages of it, as the run would.
    pub fn write(&self) -> Result<PageReport, PageError> {
        let lines =
            |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        fs::write(self.out.join("augmented.ndjson"), lines(&self.documents)).unwrap();
        fs::write(self.out.join("parked.ndjson"), lines(&self.parked)).unwrap();
        self.draw()
    }

    /// Writes the page of what is there.
    pub fn draw(&self) -> Result<PageReport, PageError> {
        let drawable = Drawable { bytes: 64 << 20, picture: Limits::default() };
        page::write(&self.out, &self.images, drawable, "2026-11-23T06:30:00Z".parse().unwrap())
    }

    /// The HTML of a page.
    #[allow(dead_code, reason = "not every test reads it")]
    pub fn html(&self, file: &str) -> String {
        fs::read_to_string(self.out.join(file)).unwrap()
    }
}
