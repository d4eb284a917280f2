//! Everything that the page shows, and the part of it that its script gets as data.

use serde::Serialize;

use super::album::{self, Filed};
use super::documents::Picture;
use super::links::Links;
use super::parked::Group;
use super::sketch::Sketches;
use crate::html::visible;

/// What the page shows.
pub struct Gallery {
    /// The augmented pictures, by name.
    pub pictures: Vec<Picture>,
    /// The thumbnail of each, if it has one.
    pub thumbnails: Vec<Option<Filed>>,
    /// The parked ones.
    pub parked: Vec<Group>,
}

/// What the script gets.
#[derive(Serialize)]
struct Data<'a> {
    pictures: Vec<Shown<'a>>,
    features: Sketches,
    palettes: Sketches,
}

/// One picture, as the script gets it.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    /// The name, all of it visible.
    name: String,
    /// The address of its file, relative to the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    /// The address of its thumbnail, relative to the page, and its size in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<(String, u32, u32)>,
    /// Width / height.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f32>,
    /// The average colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<&'a str>,
    /// The strongest colours and their parts in percent.
    palette: Vec<(String, f32)>,
}

impl Gallery {
    /// The script's data: JSON that no HTML parser finds an end of its element in.
    pub fn data(&self, links: &Links) -> String {
        let shown = self.pictures.iter().zip(&self.thumbnails);
        let data = Data {
            pictures: shown
                .map(|(picture, filed)| Shown::new(picture, filed.as_ref(), links))
                .collect(),
            features: Sketches::new(self.pictures.iter().map(|p| p.features.as_ref())),
            palettes: Sketches::new(self.pictures.iter().map(|p| p.palette.as_ref())),
        };
        let json = serde_json::to_string(&data).expect("strings and numbers are JSON");
        json.replace('<', "\\u003c")
    }
}

impl<'a> Shown<'a> {
    fn new(picture: &'a Picture, filed: Option<&Filed>, links: &Links) -> Self {
        let address = |filed: &Filed| {
            (format!("{}/{}", album::FOLDER, filed.name), filed.width, filed.height)
        };
        let palette = picture.swatches.iter().map(|swatch| {
            let [red, green, blue] = swatch.colour;
            (format!("#{red:02x}{green:02x}{blue:02x}"), (swatch.share * 1000.0).round() / 10.0)
        });
        Self {
            id: &picture.id,
            name: picture.name.chars().map(visible).collect(),
            href: picture.path.as_deref().and_then(|path| links.to(path)),
            thumbnail: filed.map(address),
            ratio: picture.aspect_ratio,
            colour: picture.average_colour.as_deref(),
            palette: palette.collect(),
        }
    }
}
