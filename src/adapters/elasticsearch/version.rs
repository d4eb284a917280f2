//! Which server answers, and what differs with it.

use std::fmt;

use serde::Deserialize;

/// The server behind the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Elasticsearch of this version.
    Elasticsearch {
        /// For instance 8.
        major: u32,
        /// For instance 19.
        minor: u32,
    },
    /// OpenSearch of this version.
    OpenSearch {
        /// For instance 2.
        major: u32,
        /// For instance 19.
        minor: u32,
    },
    /// One that does not tell: `GET /` takes the cluster privilege `monitor`, which a key that may
    /// only read one index and write another does not have.
    Untold,
}

impl Server {
    /// Reads the answer to `GET /`.
    ///
    /// # Errors
    /// A sentence where the server is none of those, or too old.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let root: Root = serde_json::from_slice(body)
            .map_err(|_| "what answers there is neither Elasticsearch nor OpenSearch".to_owned())?;
        let number = root.version.number;
        let mut parts = number.split(['.', '-']).map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
            return Err(format!("the server's version is {number:?}, which cannot be read"));
        };
        match root.version.distribution.as_deref() {
            Some("opensearch") => Ok(Self::OpenSearch { major, minor }),
            None if major >= OLDEST => Ok(Self::Elasticsearch { major, minor }),
            None => Err(format!("Elasticsearch {number} is too old; {OLDEST} is the oldest")),
            Some(other) => Err(format!("{other} {number} is not a server that we know")),
        }
    }

    /// Whether a `dense_vector` may be written as base64 of big-endian f32.
    #[must_use]
    pub const fn takes_base64_vectors(self) -> bool {
        matches!(self, Self::Elasticsearch { major, minor } if major > 9 || (major == 9 && minor >= 3))
    }
}

/// The oldest major version of Elasticsearch that is tested.
const OLDEST: u32 = 8;

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elasticsearch { major, minor } => write!(f, "Elasticsearch {major}.{minor}"),
            Self::OpenSearch { major, minor } => write!(f, "OpenSearch {major}.{minor}"),
            Self::Untold => f.write_str("a server that does not tell its version"),
        }
    }
}

#[derive(Deserialize)]
struct Root {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    distribution: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: &str) -> Result<Server, String> {
        Server::read(format!(r#"{{"name":"n","version":{version},"tagline":"t"}}"#).as_bytes())
    }

    #[test]
    fn the_version_decides_what_is_spoken() {
        let cases = [
            (r#"{"number":"8.19.21"}"#, Ok((Server::Elasticsearch { major: 8, minor: 19 }, false))),
            (r#"{"number":"9.2.9"}"#, Ok((Server::Elasticsearch { major: 9, minor: 2 }, false))),
            (r#"{"number":"9.3.0"}"#, Ok((Server::Elasticsearch { major: 9, minor: 3 }, true))),
            (
                r#"{"number":"10.0.0-SNAPSHOT"}"#,
                Ok((Server::Elasticsearch { major: 10, minor: 0 }, true)),
            ),
            (
                r#"{"number":"2.19.1","distribution":"opensearch"}"#,
                Ok((Server::OpenSearch { major: 2, minor: 19 }, false)),
            ),
            (r#"{"number":"7.17.0"}"#, Err("too old")),
            (r#"{"number":"new"}"#, Err("cannot be read")),
            (r#"{"number":"9.9","distribution":"other"}"#, Err("not a server that we know")),
        ];
        for (version, expected) in cases {
            let read = read(version).map(|server| (server, server.takes_base64_vectors()));
            match expected {
                Ok(expected) => assert_eq!(read, Ok(expected)),
                Err(part) => assert!(read.clone().unwrap_err().contains(part), "{read:?}"),
            }
        }
        assert!(Server::read(b"<html>").unwrap_err().contains("neither"));
        assert!(!Server::Untold.takes_base64_vectors());
    }
}
