//! Where the picture of a record is, and how a URL is shown to people.

use actors::failure::Class;
use actors::ports::FetchError;
use serde_json::Value;
use url::Url;

/// `locations[].locationType.id` of pictures.
const IIIF_IMAGE: &str = "iiif-image";

/// What of a IIIF image is asked for: the whole picture, fitted into 400 × 400 pixels with its aspect
/// ratio preserved, unrotated, as a JPEG. What the models look at is smaller still.
const REQUEST: [&str; 4] = ["full", "!400,400", "0", "default.jpg"];

/// The longest URL, in bytes: servers refuse longer ones (nginx and Apache at 8 KiB), and a parked
/// record holds the URL within a message's attribute.
pub(super) const LONGEST: usize = 8 * 1024;

/// The URL of the picture in a record's document: that of the first location of type `iiif-image`,
/// as the replaced system chose.
///
/// A URL whose last segment is `info.json` describes a IIIF image: the picture of 400 × 400 is asked
/// for instead, with the same query, which may hold what opens both. Any other URL is asked as it is.
///
/// # Errors
/// Class `no_location` for all that cannot be asked at all: no such location, no URL in it, a scheme
/// other than http and https, a user name or password (never sent, shown or guessed away), or more
/// than [`LONGEST`] bytes. No host has refused anything yet, so none is `http_rejected`.
pub(super) fn picture_url(document: &Value) -> Result<Url, FetchError> {
    let text = url_text(document).ok_or_else(|| {
        no_location(None, "the document has no iiif-image URL among its locations")
    })?;
    if text.len() > LONGEST {
        return Err(no_location(None, "its iiif-image URL is longer than 8 KiB"));
    }
    let mut url: Url = text.parse().map_err(|error| {
        no_location(None, &format!("its iiif-image location is not a URL: {error}"))
    })?;
    if let Err(cause) = can_be_asked(&url) {
        return Err(no_location(Some(&url), &format!("its iiif-image URL {cause}")));
    }
    url.set_fragment(None);
    ask_for_the_picture(&mut url);
    Ok(url)
}

/// The host of the picture in a record's document, by name and port: who is asked first.
///
/// # Errors
/// Class `no_location` for all that cannot be asked at all.
pub fn picture_host(document: &Value) -> Result<String, FetchError> {
    let url = picture_url(document)?;
    let host = url.host_str().unwrap_or_default();
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether a URL is one that can be asked at all, whatever its host.
///
/// # Errors
/// What is wrong with it, to stand behind “the URL”.
pub(super) fn can_be_asked(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        Err("is neither http nor https")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("holds a user name or a password")
    } else {
        Ok(())
    }
}

/// A URL for logs and parked records: without what may be secret, user name, password and query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // They fail where a URL can have neither, and then there is nothing to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn url_text(document: &Value) -> Option<&str> {
    let locations = document.get("locations")?.as_array()?;
    let is_picture = |location: &&Value| {
        location.pointer("/locationType/id").and_then(Value::as_str) == Some(IIIF_IMAGE)
    };
    locations.iter().find(is_picture)?.get("url")?.as_str()
}

fn ask_for_the_picture(url: &mut Url) {
    let path = url.path();
    if path.strip_suffix('/').unwrap_or(path).rsplit('/').next() != Some("info.json") {
        return;
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().pop().extend(REQUEST);
    }
}

fn no_location(url: Option<&Url>, cause: &str) -> FetchError {
    // A data: URL is its own content, and may be long.
    let location = url.filter(|url| !url.cannot_be_a_base()).map(shown);
    FetchError { class: Class::NoLocation, location, bytes: None, cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(url: &str) -> Value {
        json!({"locations": [{"url": url, "locationType": {"id": "iiif-image"}}]})
    }

    fn asked(url: &str) -> String {
        picture_url(&document(url)).unwrap().into()
    }

    #[test]
    fn a_description_of_an_image_becomes_the_image_and_other_urls_stay() {
        for (given, expected) in [
            (
                "https://iiif.wellcomecollection.org/image/B0010778/info.json",
                "https://iiif.wellcomecollection.org/image/B0010778/full/!400,400/0/default.jpg",
            ),
            ("http://a/b/info.json/", "http://a/b/full/!400,400/0/default.jpg"),
            ("http://a/info.json", "http://a/full/!400,400/0/default.jpg"),
            ("http://a/x%2Fy/info.json", "http://a/x%2Fy/full/!400,400/0/default.jpg"),
            ("http://a/b/info.json?t=1&u", "http://a/b/full/!400,400/0/default.jpg?t=1&u"),
            ("http://a/b/info.json#top", "http://a/b/full/!400,400/0/default.jpg"),
            ("http://a/b/full/100,/0/default.jpg", "http://a/b/full/100,/0/default.jpg"),
            ("http://a/b/info.json/c", "http://a/b/info.json/c"),
            ("http://a/b/notinfo.json", "http://a/b/notinfo.json"),
            ("http://a/b/INFO.JSON", "http://a/b/INFO.JSON"),
            ("http://a/b?c=info.json", "http://a/b?c=info.json"),
            ("http://a:8080/x.jpg#y", "http://a:8080/x.jpg"),
        ] {
            assert_eq!(asked(given), expected);
        }
    }

    #[test]
    fn the_first_iiif_image_among_the_locations_is_asked() {
        let document = json!({"locations": [
            {"url": "http://a/manifest", "locationType": {"id": "iiif-presentation"}},
            {"locationType": "iiif-image"},
            {"url": "http://a/1.jpg", "locationType": {"id": "iiif-image", "label": "x"}},
            {"url": "http://a/2.jpg", "locationType": {"id": "iiif-image"}},
        ]});
        assert_eq!(picture_url(&document).map(String::from), Ok("http://a/1.jpg".into()));
    }

    #[test]
    fn the_host_of_a_picture_has_its_port_where_that_is_not_the_usual_one() {
        for (url, expected) in [
            ("https://a.example/b.jpg", "a.example"),
            ("http://A.example:80/info.json", "a.example"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("https://[::1]:8080/", "[::1]:8080"),
        ] {
            assert_eq!(picture_host(&document(url)), Ok(expected.to_owned()));
        }
        assert!(picture_host(&json!({})).is_err());
    }

    #[test]
    fn what_cannot_be_asked_is_no_location() {
        let documents = [
            json!({}),
            json!(null),
            json!({"locations": []}),
            json!({"locations": {}}),
            json!({"locations": [{"url": "http://a/", "locationType": {"id": "iiif-presentation"}}]}),
            json!({"locations": [{"locationType": {"id": "iiif-image"}}]}),
            json!({"locations": [{"url": 1, "locationType": {"id": "iiif-image"}}]}),
        ];
        let urls = [
            "",
            "/image/1",
            "image.jpg",
            "http://",
            "http://a b/",
            "file:///etc/passwd",
            "ftp://a/b.jpg",
            "data:image/png;base64,AAAA",
            "gopher://127.0.0.1:25/",
            "http://user@a/",
            "http://user:secret@a/",
            "http://:secret@a/",
            &format!("http://a/{}", "x".repeat(LONGEST)),
        ];
        for document in documents.into_iter().chain(urls.map(document)) {
            let error = picture_url(&document).unwrap_err();
            assert_eq!(error.class, Class::NoLocation, "{document}");
            let told = format!("{error:?}");
            assert!(!told.contains("secret") && !told.contains("AAAA"), "{told}");
        }
    }

    #[test]
    fn what_is_shown_of_a_url_holds_no_secrets() {
        let url =
            "https://user:password@a:8443/b%20c.jpg?X-Amz-Signature=secret#d".parse().unwrap();
        assert_eq!(shown(&url), "https://a:8443/b%20c.jpg");
    }
}
