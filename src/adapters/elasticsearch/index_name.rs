//! The name of one index.

use std::fmt;

/// A name that Elasticsearch takes for one index or alias. No pattern and no list: those would make
/// one document's path another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexName(String);

/// The longest name, in bytes, that Elasticsearch takes.
const LONGEST: usize = 255;

impl IndexName {
    /// Takes `name`.
    ///
    /// # Errors
    /// A sentence that names `name` and what is wrong with it.
    pub fn new(name: &str) -> Result<Self, String> {
        match Self::flaw(name) {
            None => Ok(Self(name.to_owned())),
            Some(flaw) => Err(format!("{name:?} is no name of one index: {flaw}")),
        }
    }

    /// Why `name` is no name of one index, if it is none.
    #[must_use]
    pub fn flaw(name: &str) -> Option<&'static str> {
        let forbidden = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || c.is_uppercase()
                || matches!(c, '\\' | '/' | '*' | '?' | '"' | '<' | '>' | '|' | ',' | '#' | ':')
        };
        if name.is_empty() {
            Some("it is empty")
        } else if name.len() > LONGEST {
            Some("it is longer than 255 bytes")
        } else if name.starts_with(['-', '_', '+']) || matches!(name, "." | "..") {
            Some("it begins with -, _ or +, or is . or ..")
        } else if name.contains(forbidden) {
            Some("it holds a capital, white space or one of \\ / * ? \" < > | , # :")
        } else {
            None
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_index_and_cannot_leave_its_place_in_a_path() {
        for good in ["images-initial-2026-11-22", ".hidden", "a", "ü", &"x".repeat(255)] {
            assert_eq!(IndexName::new(good).map(|name| name.to_string()), Ok(good.to_owned()));
        }
        let long = "x".repeat(256);
        for bad in ["", "images-*", "a,b", "a/b", "Images", "_all", "..", "a b", "c:a", &long] {
            assert!(IndexName::new(bad).is_err(), "{bad:?} was taken");
        }
    }
}
