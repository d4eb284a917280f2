//! One large object into one file: streamed, resumed, proven, renamed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_s3::Client;
use sha2::{Digest, Sha256};

use super::blocking;
use super::bucket::unavailable;
use super::failure::{S3ModelsError, refused};
use crate::adapters::aws::fault::Fault;
use crate::adapters::aws::object;

/// Tries that bring not a single byte before it is given up: with the waits between them, half a
/// minute, after which an operator should hear of it.
const FRUITLESS_TRIES: u32 = 5;

/// What to bring, and how to know it.
pub(super) struct Download<'a> {
    pub client: &'a Client,
    pub bucket: &'a str,
    pub key: String,
    /// Its URL, for messages.
    pub what: String,
    pub bytes: u64,
    pub sha256: &'a str,
}

/// The file that grows, locked so that two processes on one cache do not write it at once.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Download<'_> {
    /// Brings the object to `target`, unless that is there with the right digest.
    pub async fn bring_to(&self, target: &Path) -> Result<(), S3ModelsError> {
        let opened = blocking({
            let (target, sha256) = (target.to_owned(), self.sha256.to_owned());
            move || Partial::open(&target, &sha256)
        });
        let Some(mut partial) = opened.await.map_err(refused(target))? else { return Ok(()) };
        tracing::info!(what = self.what, bytes = self.bytes, "fetching weights");
        let resumed = partial.length().map_err(refused(&partial.path))? > 0;
        let mut found = self.fill(&mut partial).await?;
        if found != self.sha256 && resumed {
            // What an earlier process left may have been of another object.
            partial.clear().map_err(refused(&partial.path))?;
            found = self.fill(&mut partial).await?;
        }
        if found != self.sha256 {
            partial.clear().map_err(refused(&partial.path))?;
            return Err(self.differs("SHA-256", found, self.sha256));
        }
        partial.become_file(target).map_err(refused(target))
    }

    /// Goes on where the file ends, as often as it takes; answers the digest of the whole.
    async fn fill(&self, partial: &mut Partial) -> Result<String, S3ModelsError> {
        let mut fruitless = 0;
        loop {
            let before = partial.length().map_err(refused(&partial.path))?;
            if before > self.bytes {
                partial.clear().map_err(refused(&partial.path))?;
                continue;
            }
            if before == self.bytes {
                return partial.digest().await.map_err(refused(&partial.path));
            }
            let ended = self.go_on(partial, before).await;
            let after = partial.length().map_err(refused(&partial.path))?;
            let error = match ended {
                Ok(()) if after > before => continue,
                // A body that ends before it begins would else be asked for again and again.
                Ok(()) => unavailable(&self.what, Fault::transient("the answer was empty")),
                Err(error) => error,
            };
            fruitless = if after > before { 0 } else { fruitless + 1 };
            let passing = matches!(error, S3ModelsError::Unavailable { .. });
            if fruitless == FRUITLESS_TRIES || !passing {
                return Err(error);
            }
            tracing::warn!(%error, after, of = self.bytes, "fetching weights was interrupted");
            tokio::time::sleep(Duration::from_secs(1 << fruitless)).await;
        }
    }

    async fn go_on(&self, partial: &mut Partial, mut from: u64) -> Result<(), S3ModelsError> {
        let get = self.client.get_object().bucket(self.bucket).key(&self.key);
        let get = if from > 0 { get.range(format!("bytes={from}-")) } else { get };
        let mut answer = get.send().await.map_err(|error| unavailable(&self.what, &error))?;
        if from > 0 && answer.content_range().is_none() {
            // Asked for the rest, some servers send the whole.
            partial.clear().map_err(refused(&partial.path))?;
            from = 0;
        }
        let rest = answer.content_length().and_then(|rest| u64::try_from(rest).ok());
        if let Some(rest) = rest.filter(|rest| from + rest != self.bytes) {
            return Err(self.differs("length", (from + rest).to_string(), &self.bytes.to_string()));
        }
        while let Some(piece) =
            object::next(&mut answer.body).await.map_err(|fault| unavailable(&self.what, fault))?
        {
            // Straight to the page cache, a piece at a time: nothing else runs at the start.
            partial.file.write_all(&piece).map_err(refused(&partial.path))?;
        }
        Ok(())
    }

    fn differs(&self, property: &'static str, found: String, expected: &str) -> S3ModelsError {
        S3ModelsError::Digest {
            what: self.what.clone(),
            property,
            found,
            expected: expected.to_owned(),
        }
    }
}

impl Partial {
    /// The file to go on with; `None` if `target` is there and has the digest. One with another digest
    /// (a disk forgets) is removed.
    fn open(target: &Path, sha256: &str) -> io::Result<Option<Self>> {
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let path = target.with_extension("partial");
        let file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        file.lock()?;
        // Whoever held the lock may have renamed the file that was opened here.
        let still_there = std::fs::metadata(&path)
            .is_ok_and(|found| file.metadata().is_ok_and(|opened| opened.ino() == found.ino()));
        if !still_there {
            return Self::open(target, sha256);
        }
        match digest(target) {
            Ok(found) if found == sha256 => {
                std::fs::remove_file(&path)?;
                return Ok(None);
            }
            Ok(found) => {
                tracing::warn!(path = %target.display(), found, "a cached file is damaged");
                std::fs::remove_file(target)?;
            }
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
        Ok(Some(Self { path, file }))
    }

    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    async fn digest(&self) -> io::Result<String> {
        let path = self.path.clone();
        blocking(move || digest(&path)).await
    }

    fn become_file(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, target)
    }
}

/// SHA-256 of a file in lower-case hex.
pub(super) fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(format!("{:x}", digest.finalize()));
        }
        digest.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;
    use aws_credential_types::Credentials;

    use super::*;

    const WEIGHTS: &str = "weights";

    /// A client of a server that answers everything with all of the weights.
    async fn client() -> Client {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(async || WEIGHTS);
        tokio::spawn(async move { axum::serve(listener, router).await });
        crate::tls::install();
        let config = crate::adapters::aws::loader()
            .endpoint_url(url)
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .load()
            .await;
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Client::from_conf(config)
    }

    #[tokio::test]
    async fn a_server_that_cannot_go_on_is_asked_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let client = client().await;
        let download = |bytes| Download {
            client: &client,
            bucket: "bucket",
            key: "features/weights".to_owned(),
            what: "s3://bucket/features/weights".to_owned(),
            bytes,
            // SHA-256 of the weights.
            sha256: "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
        };

        std::fs::write(target.with_extension("partial"), "wei").unwrap();
        download(7).bring_to(&target).await.expect("it is all there");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), WEIGHTS);

        std::fs::remove_file(&target).unwrap();
        std::fs::write(target.with_extension("partial"), "wei").unwrap();
        let wrong = download(9).bring_to(&target).await.unwrap_err();
        assert!(wrong.to_string().contains("has the length 7"), "{wrong}");
    }
}
