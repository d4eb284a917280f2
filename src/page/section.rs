//! What stands around the pictures: the head of the page, the parked ones, and what to say where
//! there is nothing to show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;

use super::Gallery;
use super::documents::Model;
use super::parked::{Group, Record};
use super::remedy;
use crate::html::Text;

/// The most parked records that the page lists; the file has them all.
const MOST_RECORDS: usize = 300;

/// The end of the page.
pub const FOOTER: &str = "<footer><p>Pictures are similar by the cosine of their feature vectors, or of \
    their palettes; with thousands of pictures it is an estimate, good to about a twentieth. Colours are \
    the strongest bins of the palette, its blur undone. The documents themselves are in \
    <code>augmented.ndjson</code> and <code>parked.ndjson</code> beside this page.</p></footer>";

/// The head of a page.
pub struct Masthead {
    folder: String,
    pictures: usize,
    parked: usize,
    models: String,
    at: Timestamp,
}

impl Masthead {
    /// The head of the page of `gallery`, whose pictures are in a folder called `folder`.
    pub fn new(gallery: &Gallery, folder: String, at: Timestamp) -> Self {
        Self {
            folder,
            pictures: gallery.pictures.len(),
            parked: gallery.parked.iter().map(|group| group.records.len()).sum(),
            models: models(gallery),
            at,
        }
    }

    /// The page's title, as HTML.
    pub fn title(&self) -> String {
        format!("{} of {} · inference-manager", self.count(), Text(&self.folder))
    }

    /// The head, as HTML.
    pub fn render(&self) -> String {
        let parked = match self.parked {
            0 => "none parked".into(),
            count => format!("<a href=\"#parked\">{} parked</a>", thousands(count)),
        };
        format!(
            "<header class=\"masthead\"><p class=\"kicker\">inference-manager</p>\
             <h1>{} <span>of <bdi>{}</bdi></span></h1><ul class=\"summary\">\
             <li>{} augmented</li><li>{parked}</li>\
             <li><time datetime=\"{}\">{}</time></li></ul>{}</header>",
            self.count(),
            Text(&self.folder),
            thousands(self.pictures),
            self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            self.at.strftime("%-d %B %Y, %H:%M UTC"),
            self.models
        )
    }

    fn count(&self) -> String {
        pictures(self.pictures + self.parked)
    }
}

/// The models that made the fields, each once, with the fields it made.
fn models(gallery: &Gallery) -> String {
    let mut fields = BTreeMap::<&Model, BTreeSet<&str>>::new();
    for (field, model) in gallery.pictures.iter().flat_map(|picture| &picture.models) {
        fields.entry(model).or_default().insert(field);
    }
    let rows = fields.into_iter().map(|(model, fields)| {
        let fields = fields.into_iter().collect::<Vec<_>>().join(", ");
        let digest: String = model.sha256.chars().take(12).collect();
        format!(
            "<div><dt>{}</dt><dd>{} <span>{}</span> <code title=\"{}\">{}</code></dd></div>",
            Text(&fields),
            Text(&model.name),
            Text(&model.version),
            Text(&model.sha256),
            Text(&digest),
        )
    });
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { format!("<dl class=\"models\">{rows}</dl>") }
}

/// What to say instead of pictures.
pub fn nothing(parked: &[Group]) -> String {
    let words = if parked.is_empty() {
        "There was no picture in the folder. Put some there (JPEG, PNG, WebP, GIF, TIFF, JPEG 2000 \
         or BMP) and run again."
    } else {
        "None of the pictures in the folder could be augmented. Below is what became of each."
    };
    format!("<p class=\"nothing\">{words}</p>")
}

/// What was parked and why, as HTML; nothing where nothing was.
pub fn parked(groups: &[Group]) -> String {
    let all: usize = groups.iter().map(|group| group.records.len()).sum();
    if all == 0 {
        return String::new();
    }
    let mut html = format!(
        "<section class=\"parked\" id=\"parked\"><h2>{} parked</h2><p>Set aside, so that the others \
         could go on; the next run tries again.</p>",
        pictures(all)
    );
    let mut room = MOST_RECORDS;
    for group in groups {
        let shown = group.records.len().min(room);
        room -= shown;
        html.push_str(&class(group, shown));
    }
    html.push_str("</section>");
    html
}

fn class(group: &Group, shown: usize) -> String {
    let records: String = group.records[..shown].iter().map(record).collect();
    let remedy = group.known().map(remedy).unwrap_or_default();
    let mut html = format!(
        "<section class=\"class\"><h3>{} <span>{}</span> <code>{}</code></h3><p class=\"remedy\">{remedy}</p>\
         <ul>{records}</ul>",
        Text(&in_words(&group.class)),
        thousands(group.records.len()),
        Text(&group.class),
    );
    if shown < group.records.len() {
        let more = thousands(group.records.len() - shown);
        let written = write!(html, "<p>{more} more are in <code>parked.ndjson</code>.</p>");
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    html.push_str("</section>");
    html
}

fn record(record: &Record) -> String {
    format!(
        "<li><bdi>{}</bdi> <span class=\"stage\">{}</span> <span class=\"cause\">{}</span></li>",
        Text(record.name()),
        Text(&record.stage),
        Text(&record.cause),
    )
}

/// `corrupt_image` as `Corrupt image`.
fn in_words(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).map(|c| if c == '_' { ' ' } else { c }).collect()
}

fn pictures(count: usize) -> String {
    match count {
        0 => "No pictures".into(),
        1 => "1 picture".into(),
        _ => format!("{} pictures", thousands(count)),
    }
}

/// `10,000`
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_for_people() {
        let written = [0, 1, 999, 1_000, 144_981, 1_000_000].map(thousands);
        assert_eq!(written, ["0", "1", "999", "1,000", "144,981", "1,000,000"]);
        assert_eq!([0, 1, 2].map(pictures), ["No pictures", "1 picture", "2 pictures"]);
    }

    #[test]
    fn a_class_is_called_in_words() {
        assert_eq!(in_words("too_many_pixels"), "Too many pixels");
        assert_eq!(in_words(""), "");
    }

    #[test]
    fn a_long_list_of_parked_records_ends_and_says_where_the_rest_is() {
        let group = |class: &str, count| Group {
            class: class.into(),
            records: vec![Record { cause: "cause".into(), ..Record::default() }; count],
        };

        let html = parked(&[group("empty_body", 299), group("of_the_future", 3)]);

        assert_eq!(html.matches("<li>").count(), 300);
        assert!(html.contains("302 pictures parked"));
        assert!(html.contains("2 more are in"));
        assert!(html.contains(remedy(actors::failure::Class::EmptyBody)));
        assert_eq!(parked(&[]), "");
    }
}
