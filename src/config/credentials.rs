//! How Elasticsearch and this process know each other.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::Problems;
use super::options::AccessOptions;
use super::values::given;
use crate::adapters::elasticsearch::Credentials;

pub(super) fn credentials(access: &AccessOptions, problems: &mut Problems) -> Credentials {
    let secret = |value: &Option<SecretString>| {
        value.clone().filter(|secret| !secret.expose_secret().is_empty())
    };
    let key = secret(&access.elasticsearch_api_key);
    let username = given(access.elasticsearch_username.as_deref());
    match (key, username, secret(&access.elasticsearch_password)) {
        (Some(key), None, None) => return Credentials::ApiKey(key),
        (None, Some(username), Some(password)) => {
            return Credentials::Basic { username: username.to_owned(), password };
        }
        (None, None, None) => {}
        (Some(_), ..) => {
            let remedy = "there is an API key, too: give that, or a name and a password";
            problems.note("elasticsearch-username", "", remedy);
        }
        (None, Some(_), None) => {
            problems.note("elasticsearch-password", "", "it is missing: there is a user's name");
        }
        (None, None, Some(_)) => {
            problems.note("elasticsearch-username", "", "it is missing: there is a password");
        }
    }
    Credentials::None
}

pub(super) fn certificates(access: &AccessOptions, problems: &mut Problems) -> Option<PathBuf> {
    let file = given(access.elasticsearch_ca.as_deref())?;
    if !std::path::Path::new(file).is_file() {
        problems.note("elasticsearch-ca", file, "there is no such file");
    }
    Some(file.into())
}
