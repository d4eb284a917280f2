//! The initial document of a picture in a local folder: an embedded run's stand-in for the
//! catalogue's.
//!
//! A name that is not UTF-8 works as well: its id is a hash of its bytes and its URL encodes them
//! without loss; only the texts for people (`value`, `title`) show U+FFFD in place of what is no
//! text.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// `locations[].locationType.id`, and the type of the source identifier.
const LOCAL_FILE: &str = "local-file";

/// The id of a local picture: eight characters of `[a-z2-7]`, the first 40 bits of the SHA-256 of
/// its path relative to the folder. Two of 100,000 pictures share one with a probability of 0.5 %.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId([u8; 8]);

impl LocalId {
    /// The id of the picture at `relative`.
    #[must_use]
    pub fn of_picture(relative: &Path) -> Self {
        Self::of(b"", relative)
    }

    /// The id of the work that a picture stands for in its document.
    fn of_work(relative: &Path) -> Self {
        Self::of(b"work\0", relative) // no path holds a NUL, so no picture has this id's preimage
    }

    fn of(prefix: &[u8], relative: &Path) -> Self {
        let hash = Sha256::new().chain_update(prefix).chain_update(relative.as_os_str().as_bytes());
        let mut id = [0; 8];
        BASE32_NOPAD.encode_mut(&hash.finalize()[..5], &mut id);
        id.make_ascii_lowercase();
        Self(id)
    }

    /// Reads an id; `None` for a text that cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id: [u8; 8] = text.as_bytes().try_into().ok()?;
        id.iter().all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7')).then_some(Self(id))
    }

    /// The id as text.
    ///
    /// # Panics
    /// Never: the alphabet is ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

impl fmt::Debug for LocalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalId({self})")
    }
}

impl fmt::Display for LocalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The initial document of the picture at `relative` in the folder `root`, an absolute path.
#[must_use]
pub fn local_document(root: &Path, relative: &Path, modified: Timestamp) -> Value {
    let value = relative.to_string_lossy();
    let title = relative.file_name().unwrap_or_default().to_string_lossy();
    json!({
        "version": 1,
        "modifiedTime": modified.to_string(),
        "state": {
            "sourceIdentifier": {
                "identifierType": {"id": LOCAL_FILE}, "ontologyType": "Image", "value": value,
            },
            "canonicalId": LocalId::of_picture(relative).as_str(),
        },
        "locations": [{
            "url": file_url(&root.join(relative)), "locationType": {"id": LOCAL_FILE},
        }],
        "source": {
            "type": "ParentWork",
            "id": {
                "canonicalId": LocalId::of_work(relative).as_str(),
                "otherIdentifiers": [],
                "sourceIdentifier": {
                    "identifierType": {"id": LOCAL_FILE}, "ontologyType": "Work", "value": value,
                },
            },
            "data": {"title": title},
            "version": 1,
        },
    })
}

/// The `file:///` URL of an absolute path, each byte that needs it percent-encoded.
///
/// # Panics
/// If `path` is relative.
#[must_use]
pub fn file_url(path: &Path) -> String {
    Url::from_file_path(path).expect("the caller's path is absolute").into()
}

/// The path that [`file_url`] made `url` of; `None` for any other text.
#[must_use]
pub fn file_path(url: &str) -> Option<PathBuf> {
    // Not by Url::parse: it takes `/C|/` for a drive of Windows and rewrites it.
    let path = url.strip_prefix("file://").filter(|path| path.starts_with('/'))?;
    Some(OsString::from_vec(percent_decode_str(path).collect()).into())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_local_picture_has_a_document_in_the_catalogues_shape() {
        let modified = "2025-04-01T10:00:00.5Z".parse().unwrap();

        let document = local_document(Path::new("/pictures"), Path::new("a b/ü#1.jpg"), modified);

        assert_eq!(
            document,
            json!({
                "version": 1,
                "modifiedTime": "2025-04-01T10:00:00.5Z",
                "state": {
                    "sourceIdentifier": {
                        "identifierType": {"id": "local-file"}, "ontologyType": "Image",
                        "value": "a b/ü#1.jpg",
                    },
                    "canonicalId": "hlcdd7uf",
                },
                "locations": [{
                    "url": "file:///pictures/a%20b/%C3%BC%231.jpg",
                    "locationType": {"id": "local-file"},
                }],
                "source": {
                    "type": "ParentWork",
                    "id": {
                        "canonicalId": "ml35exn4",
                        "otherIdentifiers": [],
                        "sourceIdentifier": {
                            "identifierType": {"id": "local-file"}, "ontologyType": "Work",
                            "value": "a b/ü#1.jpg",
                        },
                    },
                    "data": {"title": "ü#1.jpg"},
                    "version": 1,
                },
            })
        );
    }

    #[test]
    fn names_that_differ_only_in_bytes_that_are_no_text_have_ids_and_urls_of_their_own() {
        let [one, other] =
            [b"a\xff.jpg", b"a\xfe.jpg"].map(|name| Path::new(OsStr::from_bytes(name)));
        let root = Path::new("/p");

        assert_ne!(LocalId::of_picture(one), LocalId::of_picture(other));
        let document = local_document(root, one, Timestamp::UNIX_EPOCH);
        assert_eq!(document["locations"][0]["url"], "file:///p/a%FF.jpg");
        assert_eq!(document["source"]["data"]["title"], "a\u{fffd}.jpg");
        assert_ne!(file_url(&root.join(one)), file_url(&root.join(other)));
    }

    #[test]
    fn only_what_could_be_an_id_is_read_as_one() {
        let id = LocalId::of_picture(Path::new("a.jpg"));

        assert_eq!(LocalId::parse(id.as_str()), Some(id));
        for other in ["", "abcdefg", "abcdefghi", "abcdefg1", "ABCDEFGH", "abcdefü"] {
            assert_eq!(LocalId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn only_file_urls_name_paths() {
        for other in ["", "https://a/b", "file:", "file://", "file://host/a", "/a", "a.jpg"] {
            assert_eq!(file_path(other), None, "{other}");
        }
        assert_eq!(file_path("file:///C|/a%0A.jpg"), Some(PathBuf::from("/C|/a\n.jpg")));
    }

    proptest! {
        #[test]
        fn a_url_leads_back_to_its_path_byte_for_byte(
            names in prop::collection::vec(prop::collection::vec(1..=255_u8, 1..20), 1..4),
        ) {
            let names = names.into_iter().map(|mut name| {
                name.iter_mut().filter(|c| **c == b'/').for_each(|c| *c = b'%');
                OsString::from_vec(name)
            });
            let names: Vec<_> = names.filter(|name| name != "." && name != "..").collect();
            let path = Path::new("/root").join(names.iter().collect::<PathBuf>());

            let url = file_url(&path);

            prop_assert!(url.bytes().all(|c| c.is_ascii_graphic()), "{}", url);
            prop_assert_eq!(file_path(&url), Some(path.clone()));
            prop_assert_eq!(Url::parse(&url).unwrap().to_file_path(), Ok(path));
        }
    }
}
