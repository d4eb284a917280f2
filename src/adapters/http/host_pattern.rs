//! Which hosts may be asked, as a person writes it.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// One host (`iiif.example.org`, `203.0.113.7`), or all below a domain (`*.example.org`, which is
/// not `example.org` itself).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    below: bool,
}

/// A text that names no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no host: write iiif.example.org or *.example.org")]
pub struct InvalidHostPattern {
    /// The text.
    pub text: String,
}

impl HostPattern {
    /// Whether `host`, as a URL has it, is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host); // the root of all names
        match host.strip_suffix(self.name.as_str()) {
            Some("") => !self.below,
            Some(rest) => self.below && rest.ends_with('.'),
            None => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    /// Normalises as URLs are: lower case, international names in ASCII.
    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let invalid = || InvalidHostPattern { text: text.to_owned() };
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        let host = Host::parse(name.strip_suffix('.').unwrap_or(name)).map_err(|_| invalid())?;
        if matches!(host, Host::Domain(ref name) if name.contains('*'))
            || below && !matches!(host, Host::Domain(_))
        {
            return Err(invalid());
        }
        Ok(Self { name: host.to_string(), below })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.below { "*." } else { "" })?;
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_host_or_all_below_a_domain() {
        for (pattern, host, expected) in [
            ("iiif.example.org", "iiif.example.org", true),
            ("IIIF.Example.org.", "iiif.example.org", true),
            ("iiif.example.org", "iiif.example.org.", true),
            ("iiif.example.org", "a.iiif.example.org", false),
            ("iiif.example.org", "eviliiif.example.org", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "evilexample.org", false),
            ("*.example.org", "example.org.evil.com", false),
            ("bücher.example", "xn--bcher-kva.example", true),
            ("127.1", "127.0.0.1", true),
            ("[::1]", "[::1]", true),
        ] {
            let parsed: HostPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(host), expected, "{pattern} and {host}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in ["", "*", "*.", "a b", "https://a.org", "a.org/b", "*.127.0.0.1", "a.*.org"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text:?} was taken");
        }
    }
}
