//! How Elasticsearch and this process know each other.

use std::path::PathBuf;

use super::Problems;
use super::options::AccessOptions;
use crate::adapters::elasticsearch::Credentials;

pub(super) fn credentials(access: &AccessOptions, problems: &mut Problems) -> Credentials {
    let AccessOptions {
        elasticsearch_api_key, elasticsearch_username, elasticsearch_password, ..
    } = access;
    match (elasticsearch_api_key, elasticsearch_username, elasticsearch_password) {
        (Some(key), None, None) => return Credentials::ApiKey(key.clone()),
        (None, Some(username), Some(password)) => {
            return Credentials::Basic { username: username.clone(), password: password.clone() };
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
    let file = access.elasticsearch_ca.as_deref()?;
    if !std::path::Path::new(file).is_file() {
        problems.note("elasticsearch-ca", file, "there is no such file");
    }
    Some(file.into())
}
