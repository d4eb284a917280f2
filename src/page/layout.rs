//! The page as a whole: its head with a policy that allows nothing but what is in it, and its body.

use data_encoding::BASE64;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::gallery::Gallery;
use super::links::Links;
use super::section;

/// The look of the page.
const STYLE: &str = include_str!("style.css");

/// What the page does.
const SCRIPT: &str = include_str!("script.js");

/// What stands above the pictures: how to find some of them.
const CONTROLS: &str = include_str!("controls.html");

/// The HTML of the page; `at` is when that was.
pub fn render(gallery: &Gallery, links: &Links, at: Timestamp) -> String {
    let masthead = section::Masthead::new(gallery, links.folder(), at);
    let pictures = if gallery.pictures.is_empty() {
        section::nothing(&gallery.parked)
    } else {
        format!(
            "{CONTROLS}<div id=\"pictures\" class=\"pictures\"></div>\
             <script type=\"application/json\" id=\"gallery\">{}</script><script>{SCRIPT}</script>",
            gallery.data(links)
        )
    };
    format!(
        "{}{}<main id=\"main\">{pictures}{}</main>{}</body></html>\n",
        head(&masthead.title()),
        masthead.render(),
        section::parked(&gallery.parked),
        section::FOOTER,
    )
}

fn head(title: &str) -> String {
    // `file:` beside `'self'`: a page from a disk has no origin that is its own.
    let policy = format!(
        "default-src 'none'; img-src 'self' file:; style-src '{}'; script-src '{}'; base-uri 'none'; \
         form-action 'none'",
        source_hash(STYLE),
        source_hash(SCRIPT)
    );
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\
         <a class=\"skip\" href=\"#main\">Skip to the pictures</a>"
    )
}

/// How a Content-Security-Policy names an inline style or script by what is in it.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_style_is_named_by_the_digest_of_its_text() {
        assert_eq!(source_hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn neither_style_nor_script_loads_anything_or_can_end_its_element() {
        let script = SCRIPT.replace("http://www.w3.org/2000/svg", "the name of a namespace");
        for forbidden in
            ["url(", "@import", "</", "http:", "https:", "fetch(", "innerHTML", "eval("]
        {
            assert!(!STYLE.contains(forbidden), "{forbidden}");
            assert!(!script.contains(forbidden), "{forbidden}");
        }
    }
}
