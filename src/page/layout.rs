//! One page as a whole: its head with a policy that allows nothing but what is in it, and its body.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use data_encoding::BASE64;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Gallery;
use super::entry::Entries;
use super::escape::Links;
use super::pagination::Pagination;
use super::section;
use super::spool::Spool;

/// The look of every page.
const STYLE: &str = include_str!("style.css");

/// Renders pages.
pub struct Layout<'a> {
    gallery: &'a Gallery,
    pagination: Pagination,
    links: Links,
    masthead: section::Masthead,
}

impl<'a> Layout<'a> {
    /// Lays out `gallery`; `at` is when that was.
    pub fn new(gallery: &'a Gallery, pagination: Pagination, links: Links, at: Timestamp) -> Self {
        let masthead = section::Masthead::new(gallery, links.folder(), at);
        Self { gallery, pagination, links, masthead }
    }

    /// The HTML of `page`.
    ///
    /// # Errors
    /// If the thumbnails cannot be read back.
    pub fn render(&self, page: usize, spool: &Spool) -> io::Result<String> {
        let Self { gallery, pagination, links, .. } = self;
        let entries = Entries { gallery, pagination: *pagination, links, page };
        let tiny = self.tiny_style(page, spool)?;

        let mut html = self.head(page, &tiny);
        html.push_str(&self.masthead.render(page, *pagination));
        html.push_str("<main id=\"pictures\">");
        html.push_str(&pagination.navigation(page, "top"));
        for position in pagination.pictures_on(page) {
            let thumbnail = gallery.thumbnails[position];
            let jpeg = thumbnail.map(|made| spool.read(made.jpeg)).transpose()?;
            entries.write(&mut html, position, jpeg.as_deref());
        }
        if gallery.pictures.is_empty() {
            html.push_str(&section::nothing(&gallery.parked));
        }
        html.push_str(&pagination.navigation(page, "bottom"));
        if page == 1 {
            html.push_str(&section::parked(&gallery.parked));
        }
        html.push_str("</main>");
        html.push_str(section::FOOTER);
        html.push_str("</body></html>\n");
        Ok(html)
    }

    fn head(&self, page: usize, tiny: &str) -> String {
        let policy = format!(
            "default-src 'none'; img-src data:; style-src '{}' '{}'; base-uri 'none'; form-action 'none'",
            source_hash(STYLE),
            source_hash(tiny)
        );
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <meta name=\"referrer\" content=\"no-referrer\">\
             <title>{}</title><style>{STYLE}</style><style>{tiny}</style></head><body>\
             <a class=\"skip\" href=\"#pictures\">Skip to the pictures</a>",
            self.masthead.title(page, self.pagination)
        )
    }

    /// The tiny thumbnails that `page` needs, one rule each: a picture is the neighbour of many, and
    /// an `<img>` for each would repeat its bytes.
    fn tiny_style(&self, page: usize, spool: &Spool) -> io::Result<String> {
        let mut style = String::new();
        let shown = self.pagination.pictures_on(page);
        let neighbours = shown.flat_map(|position| {
            let lists = [&self.gallery.by_features, &self.gallery.by_colour];
            lists.into_iter().flat_map(move |list| list[position].iter().map(|one| one.picture))
        });
        for position in neighbours.collect::<BTreeSet<_>>() {
            let written = match (
                self.gallery.thumbnails[position],
                &self.gallery.pictures[position].average_colour,
            ) {
                (Some(made), _) => {
                    let jpeg = BASE64.encode(&spool.read(made.tiny)?);
                    write!(
                        style,
                        ".t{position}{{background-image:url(data:image/jpeg;base64,{jpeg})}}"
                    )
                }
                (None, Some(colour)) => write!(style, ".t{position}{{background-color:{colour}}}"),
                (None, None) => Ok(()),
            };
            written.map_err(io::Error::other)?;
        }
        Ok(style)
    }
}

/// How a Content-Security-Policy names an inline style by what is in it.
fn source_hash(style: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(style)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_style_is_named_by_the_digest_of_its_text() {
        assert_eq!(source_hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn the_style_sheet_loads_nothing_and_cannot_end_its_element() {
        for forbidden in ["url(", "@import", "</", "http"] {
            assert!(!STYLE.contains(forbidden), "{forbidden}");
        }
    }
}
