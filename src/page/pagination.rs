//! Which picture stands on which page, and the way between pages.

use std::fmt::Write as _;
use std::ops::{Range, RangeInclusive};

/// How some number of pictures is spread over pages, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    pictures: usize,
    a_page: usize,
}

/// The name of a page's file: `index.html`, `index-2.html`, …
pub fn file_name(page: usize) -> String {
    if page == 1 { "index.html".into() } else { format!("index-{page}.html") }
}

impl Pagination {
    /// Spreads `pictures` over pages of at most `a_page`.
    pub fn new(pictures: usize, a_page: usize) -> Self {
        Self { pictures, a_page: a_page.max(1) }
    }

    /// How many pages: one at least.
    pub fn count(&self) -> usize {
        self.pictures.div_ceil(self.a_page).max(1)
    }

    /// All pages, the first one last: whoever sees it sees the others too.
    pub fn pages(&self) -> impl Iterator<Item = usize> + use<> {
        (1..=self.count()).rev()
    }

    /// The pictures on `page`.
    pub fn pictures_on(&self, page: usize) -> Range<usize> {
        let start = ((page - 1) * self.a_page).min(self.pictures);
        start..(start + self.a_page).min(self.pictures)
    }

    /// The page that `picture` stands on.
    pub fn page_of(&self, picture: usize) -> usize {
        picture / self.a_page + 1
    }

    /// The links to the other pages, as seen from `page`; nothing where there are none. `place`
    /// tells the navigation at the top from the one at the bottom.
    pub fn navigation(&self, page: usize, place: &str) -> String {
        let mut html = String::new();
        if self.count() == 1 {
            return html;
        }
        let mut write = |text: &str| html.push_str(text);
        write(&format!("<nav class=\"pages\" aria-label=\"Pages, {place}\">"));
        write(&link(page > 1, 1, "First", ""));
        write(&link(page > 1, page.saturating_sub(1), "Previous", " rel=\"prev\""));
        write("<ol>");
        for shown in self.shown(page) {
            write(&match shown {
                Some(number) if number == page => {
                    format!("<li><span aria-current=\"page\">{number}</span></li>")
                }
                Some(number) => format!(
                    "<li><a href=\"{}\" aria-label=\"Page {number}\">{number}</a></li>",
                    file_name(number)
                ),
                None => "<li aria-hidden=\"true\">…</li>".into(),
            });
        }
        write("</ol>");
        write(&link(page < self.count(), page + 1, "Next", " rel=\"next\""));
        write("</nav>");
        html
    }

    /// The numbers to show: both ends, those around `page`, and a gap (`None`) between.
    fn shown(&self, page: usize) -> Vec<Option<usize>> {
        let around: RangeInclusive<usize> = page.saturating_sub(2)..=page + 2;
        let mut shown = vec![];
        let mut last = 0;
        for number in 1..=self.count() {
            if number == 1 || number == self.count() || around.contains(&number) {
                if number > last + 1 {
                    shown.push(None);
                }
                shown.push(Some(number));
                last = number;
            }
        }
        shown
    }
}

fn link(possible: bool, page: usize, words: &str, relation: &str) -> String {
    let mut html = String::new();
    let written = if possible {
        write!(html, "<a href=\"{}\"{relation}>{words}</a>", file_name(page))
    } else {
        write!(html, "<span class=\"off\" aria-disabled=\"true\">{words}</span>")
    };
    written.map_or_else(|_| String::new(), |()| html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_stands_on_one_page_and_no_page_has_too_many() {
        for (pictures, pages) in [(0, 1), (1, 1), (300, 1), (301, 2), (600, 2), (10_000, 34)] {
            let pagination = Pagination::new(pictures, 300);

            assert_eq!(pagination.count(), pages);
            let mut next = 0;
            for page in 1..=pages {
                let range = pagination.pictures_on(page);
                assert_eq!(range.start, next);
                assert!(range.len() <= 300);
                assert!(range.clone().all(|picture| pagination.page_of(picture) == page));
                next = range.end;
            }
            assert_eq!(next, pictures);
        }
    }

    #[test]
    fn the_first_page_is_written_last() {
        assert_eq!(Pagination::new(900, 300).pages().collect::<Vec<_>>(), [3, 2, 1]);
    }

    #[test]
    fn the_ends_and_the_pages_around_are_linked() {
        let pagination = Pagination::new(3_000, 300);

        let html = pagination.navigation(5, "top");

        let numbers: Vec<_> = pagination.shown(5);
        assert_eq!(
            numbers,
            [Some(1), None, Some(3), Some(4), Some(5), Some(6), Some(7), None, Some(10)]
        );
        assert!(html.contains("<a href=\"index.html\">First</a>"), "{html}");
        assert!(html.contains("<a href=\"index-4.html\" rel=\"prev\">Previous</a>"));
        assert!(html.contains("<a href=\"index-6.html\" rel=\"next\">Next</a>"));
        assert!(html.contains("<span aria-current=\"page\">5</span>"));
        assert!(html.contains("<a href=\"index-10.html\" aria-label=\"Page 10\">10</a>"));
    }

    #[test]
    fn a_single_page_has_no_links_and_the_ends_have_no_way_beyond() {
        assert_eq!(Pagination::new(300, 300).navigation(1, "top"), "");

        let pagination = Pagination::new(301, 300);
        assert!(!pagination.navigation(1, "top").contains("rel=\"prev\""));
        assert!(!pagination.navigation(2, "top").contains("rel=\"next\""));
        assert!(!pagination.navigation(2, "top").contains("index-3.html"));
    }
}
