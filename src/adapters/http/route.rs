//! The hops of a fetch, from a record's URL over its redirects. Pure.

use url::Url;

use super::location::{LONGEST, can_be_asked};

/// The URLs that were asked, in order, the last of them now.
#[derive(Debug)]
pub(super) struct Route {
    asked: Vec<Url>,
    redirects: usize,
}

impl Route {
    /// From `url`, over at most so many redirects.
    pub(super) fn new(url: Url, redirects: usize) -> Self {
        Self { asked: vec![url], redirects }
    }

    /// The URL to ask now.
    pub(super) fn here(&self) -> &Url {
        self.asked.last().expect("it begins with one URL and only grows")
    }

    /// Goes on to where a `Location` header leads.
    ///
    /// From https to http it does not: whoever wrote https wanted the picture from that host and no
    /// other, and on http anybody on the way can answer.
    ///
    /// # Errors
    /// Why not, in words: class `http_rejected`.
    pub(super) fn follow(&mut self, location: Option<&[u8]>) -> Result<(), String> {
        let next = self.target(location.ok_or("it redirects to nowhere")?)?;
        can_be_asked(&next).map_err(|cause| format!("it redirects to a URL that {cause}"))?;
        if self.here().scheme() == "https" && next.scheme() == "http" {
            return Err("it redirects from https to http".to_owned());
        }
        if self.asked.contains(&next) {
            return Err("it redirects in a circle".to_owned());
        }
        if self.asked.len() > self.redirects {
            return Err(format!("it redirects more than {} times", self.redirects));
        }
        self.asked.push(next);
        Ok(())
    }

    fn target(&self, location: &[u8]) -> Result<Url, String> {
        if location.len() > LONGEST {
            return Err("it redirects to a URL of more than 8 KiB".to_owned());
        }
        let text = std::str::from_utf8(location).map_err(|_| "it redirects to what is no text")?;
        let mut url = self
            .here()
            .join(text)
            .map_err(|error| format!("it redirects to what is no URL: {error}"))?;
        url.set_fragment(None);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(from: &str, location: &str) -> Result<String, String> {
        let mut route = Route::new(from.parse().unwrap(), 5);
        route.follow(Some(location.as_bytes())).map(|()| route.here().to_string())
    }

    #[test]
    fn locations_are_absolute_or_relative() {
        for (from, location, expected) in [
            ("http://a/b/c?d", "http://e/f", "http://e/f"),
            ("http://a/b/c?d", "/f", "http://a/f"),
            ("http://a/b/c?d", "f?g#h", "http://a/b/f?g"),
            ("http://a/b/c?d", "//e:1/f", "http://e:1/f"),
            ("http://a/b", "https://a/b", "https://a/b"),
            ("http://a/b", "http://2130706433/", "http://127.0.0.1/"),
        ] {
            assert_eq!(follow(from, location), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_no_way_on_is_refused() {
        for (from, location) in [
            ("http://a/", "http://a/"),
            ("http://a/", "#top"),
            ("https://a/", "http://a/b"),
            ("http://a/", "file:///etc/passwd"),
            ("http://a/", "javascript:alert(1)"),
            ("http://a/", "http://user:secret@a/b"),
            ("http://a/", "http://[::1"),
            ("http://a/", &format!("/{}", "x".repeat(LONGEST))),
        ] {
            let cause = follow(from, location).unwrap_err();
            assert!(!cause.contains("secret"), "{cause}");
        }
        let mut route = Route::new("http://a/".parse().unwrap(), 5);
        assert!(route.follow(None).is_err());
        assert!(route.follow(Some(b"/\xff")).is_err());
    }

    #[test]
    fn five_redirects_are_followed_and_a_sixth_or_a_circle_is_not() {
        let mut route = Route::new("http://a/0".parse().unwrap(), 5);
        for hop in 1..=5 {
            assert_eq!(route.follow(Some(format!("/{hop}").as_bytes())), Ok(()));
        }
        assert!(route.follow(Some(b"/3")).is_err_and(|cause| cause.contains("circle")));
        assert!(route.follow(Some(b"/6")).is_err_and(|cause| cause.contains("5 times")));
    }
}
