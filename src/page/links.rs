//! Links from the page to the pictures' files.
//!
//! File names may hold anything but a slash and NUL: markup, quotes, newlines, bytes that are no
//! text.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// All but the unreserved characters of RFC 3986, and the slash between names.
const PATH: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Links from the page to the pictures' files, relative to the page: they hold as long as the two
/// folders keep their places, and tell a reader nothing of the folders above.
pub struct Links {
    /// The folder of the pictures, as given and resolved.
    roots: [PathBuf; 2],
    /// The way there from the page's folder.
    way: Option<PathBuf>,
}

impl Links {
    /// Links from pages in `out` to files in `images`.
    pub fn new(out: &Path, images: &Path) -> Self {
        let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let given = std::path::absolute(images).unwrap_or_else(|_| images.to_owned());
        let way = way(&resolved(out), &resolved(images));
        Self { roots: [given, resolved(images)], way }
    }

    /// What the folder is called.
    pub fn folder(&self) -> String {
        let [_, resolved] = &self.roots;
        let name = resolved.file_name().unwrap_or(resolved.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The link to the picture at `path`; `None` where it is not in the folder.
    pub fn to(&self, path: &Path) -> Option<String> {
        let inside = self.roots.iter().find_map(|root| path.strip_prefix(root).ok())?;
        let whole = self.way.as_ref()?.join(inside);
        Some(percent_encode(whole.as_os_str().as_bytes(), &PATH).to_string())
    }
}

/// The relative way from the folder `from` to the folder `to`, both absolute; `.` at least, so that
/// no name that follows is taken for the scheme of a URL.
fn way(from: &Path, to: &Path) -> Option<PathBuf> {
    if !from.is_absolute() || !to.is_absolute() {
        return None;
    }
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    Some(Path::new(".").join(way))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_link_leads_from_the_page_to_the_file_and_every_odd_byte_is_encoded() {
        let links = Links::new(Path::new("/nowhere/runs/out"), Path::new("/nowhere/my pictures"));

        let name = Path::new("/nowhere/my pictures/a")
            .join(OsStr::from_bytes(b"<\"'&#?%\n\xff:\xc3\xbc>"));
        assert_eq!(
            links.to(&name).unwrap(),
            "./../../my%20pictures/a/%3C%22%27%26%23%3F%25%0A%FF%3A%C3%BC%3E"
        );
        assert_eq!(links.to(Path::new("/nowhere/else.jpg")), None);
    }

    #[test]
    fn a_name_with_a_colon_is_never_taken_for_a_scheme() {
        let links = Links::new(Path::new("/nowhere/x"), Path::new("/nowhere/x"));

        let link = links.to(Path::new("/nowhere/x/javascript:alert(1).jpg")).unwrap();
        assert_eq!(link, "./javascript%3Aalert%281%29.jpg");
    }
}
