//! One picture on the page: its plate, what the models say of it, and its neighbours.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::documents::Picture;
use super::escape::{Links, Text, url_part};
use super::neighbours::Neighbour;
use super::pagination::{Pagination, file_name};
use super::palette::Swatch;
use super::{Gallery, thumbnails};

/// Writes the pictures of one page.
pub struct Entries<'a> {
    /// What there is to show.
    pub gallery: &'a Gallery,
    /// Where the neighbours are.
    pub pagination: Pagination,
    /// Where the files are.
    pub links: &'a Links,
    /// The page that is written.
    pub page: usize,
}

impl Entries<'_> {
    /// Writes the picture at `position`, with its thumbnail's bytes, to `html`.
    pub fn write(&self, html: &mut String, position: usize, jpeg: Option<&[u8]>) {
        let picture = &self.gallery.pictures[position];
        let name = Text(&picture.name);
        let anchor = Text(&picture.id);
        let parts = [
            format!("<article class=\"entry\" id=\"p-{anchor}\">"),
            self.plate(position, jpeg),
            format!("<div class=\"label\"><h2 title=\"{name}\"><bdi>{name}</bdi></h2>"),
            facts(picture),
            palette(&picture.swatches),
            self.strip("Similar by features", &self.gallery.by_features[position]),
            self.strip("Similar by colour", &self.gallery.by_colour[position]),
            "</div></article>".into(),
        ];
        html.extend(parts);
    }

    fn plate(&self, position: usize, jpeg: Option<&[u8]>) -> String {
        let picture = &self.gallery.pictures[position];
        let name = Text(&picture.name);
        let (Some(made), Some(jpeg)) = (self.gallery.thumbnails[position], jpeg) else {
            return format!(
                "<div class=\"plate gone\">{}<p>Its file can no longer be shown.</p></div>",
                picture.average_colour.as_deref().map(chip).unwrap_or_default()
            );
        };
        let thumbnails::Thumbnail { width, height, .. } = made;
        let image = format!(
            "<img src=\"data:image/jpeg;base64,{}\" width=\"{width}\" height=\"{height}\" \
             alt=\"{name}\" decoding=\"async\">",
            BASE64.encode(jpeg)
        );
        match picture.path.as_deref().and_then(|path| self.links.to(path)) {
            Some(link) => format!(
                "<a class=\"plate\" href=\"{}\" title=\"Open the file\">{image}</a>",
                Text(&link)
            ),
            None => format!("<div class=\"plate\">{image}</div>"),
        }
    }

    fn strip(&self, title: &str, neighbours: &[Neighbour]) -> String {
        if neighbours.is_empty() {
            return String::new();
        }
        let tiny: String = neighbours.iter().map(|neighbour| self.tiny(neighbour)).collect();
        format!(
            "<section class=\"strip\"><h3>{title}</h3><ol aria-label=\"{title}\">{tiny}</ol></section>"
        )
    }

    fn tiny(&self, neighbour: &Neighbour) -> String {
        let Neighbour { picture: position, similarity } = *neighbour;
        let picture = &self.gallery.pictures[position];
        let page = self.pagination.page_of(position);
        let file = if page == self.page { String::new() } else { file_name(page) };
        let words = format!("{}, similarity {similarity:.2}", Text(&picture.name));
        format!(
            "<li><a class=\"tiny t{position}\" href=\"{file}#p-{}\" title=\"{words}\">\
             <span class=\"unseen\">{words}</span></a></li>",
            url_part(&picture.id)
        )
    }
}

fn facts(picture: &Picture) -> String {
    let mut facts = String::new();
    let mut fact = |name: &str, value: String| {
        facts.extend(["<div><dt>", name, "</dt><dd>", &value, "</dd></div>"]);
    };
    if let Some(ratio) = picture.aspect_ratio {
        fact("Aspect ratio", proportion(ratio));
    }
    if let Some(colour) = &picture.average_colour {
        fact("Average colour", format!("{}{}", chip(colour), Text(colour)));
    }
    if facts.is_empty() { facts } else { format!("<dl class=\"facts\">{facts}</dl>") }
}

/// `1.50 : 1` for a wide picture, `1 : 1.50` for a tall one.
fn proportion(ratio: f32) -> String {
    if ratio >= 1.0 { format!("{ratio:.2} : 1") } else { format!("1 : {:.2}", ratio.recip()) }
}

fn chip(colour: &str) -> String {
    format!(
        "<svg class=\"chip\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">\
         <rect width=\"1\" height=\"1\" fill=\"{}\"/></svg>",
        Text(colour)
    )
}

/// The colours side by side, each as wide as its share. Attributes and not styles: the page's policy
/// allows no style that it does not know by its digest.
fn palette(swatches: &[Swatch]) -> String {
    if swatches.is_empty() {
        return String::new();
    }
    let (mut bars, mut words, mut x) = (String::new(), vec![], 0.0);
    for Swatch { colour: [red, green, blue], share } in swatches {
        let colour = format!("#{red:02x}{green:02x}{blue:02x}");
        let percent = share * 100.0;
        // Each one reaches a little under the next, so that no light shines through between them.
        let written = write!(
            bars,
            "<rect x=\"{x:.2}\" width=\"{:.2}\" height=\"1\" fill=\"{colour}\">\
             <title>{colour}, {percent:.0} %</title></rect>",
            (percent + 0.5).min(100.0 - x)
        );
        words.extend(written.ok().map(|()| format!("{colour} {percent:.0} %")));
        x += percent;
    }
    format!(
        "<svg class=\"palette\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Strongest colours: {}\">{bars}</svg>",
        words.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_of_a_proportion_is_the_number() {
        assert_eq!(proportion(1.5), "1.50 : 1");
        assert_eq!(proportion(1.0), "1.00 : 1");
        assert_eq!(proportion(0.5), "1 : 2.00");
        assert_eq!(proportion(1.0 / 30_000.0), "1 : 30000.00");
    }

    #[test]
    fn a_palette_fills_its_width_and_is_told_in_words() {
        let swatches = [
            Swatch { colour: [242, 12, 0], share: 0.75 },
            Swatch { colour: [0, 0, 12], share: 0.25 },
        ];

        let svg = palette(&swatches);

        assert!(svg.contains("aria-label=\"Strongest colours: #f20c00 75 %, #00000c 25 %\""));
        assert!(svg.contains("<rect x=\"0.00\" width=\"75.50\" height=\"1\" fill=\"#f20c00\">"));
        assert!(svg.contains("<rect x=\"75.00\" width=\"25.00\" height=\"1\" fill=\"#00000c\">"));
        assert_eq!(palette(&[]), "");
    }
}
