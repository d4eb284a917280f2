//! The real program over a folder of pictures, as the tests from outside start it.

#![allow(dead_code, reason = "each of the test programs that include this file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A folder of pictures and a folder of results.
pub struct Fixture {
    /// Holds both, and whatever else a test needs.
    pub folder: TempDir,
}

impl Fixture {
    /// With these samples, by name.
    pub fn with(samples: &[&str]) -> Self {
        let fixture = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(fixture.images()).expect("it is new");
        for name in samples {
            fs::copy(sample(name), fixture.images().join(name)).expect("the sample is there");
        }
        fixture
    }

    /// The folder of pictures.
    pub fn images(&self) -> PathBuf {
        self.folder.path().join("images")
    }

    /// The folder of results; the program makes it.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Puts a file among the pictures.
    pub fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.images().join(name), content).expect("the folder can be written");
    }

    /// `run` over the pictures with `arguments`, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg("run").arg("--images").arg(self.images()).arg("--out").arg(self.out());
        command.args(arguments);
        command
    }

    /// Runs with `arguments` and expects the exit code.
    pub fn run(&self, arguments: &[&str], code: i32) -> String {
        ended(self.command(arguments).output().expect("the program starts"), code)
    }

    /// The documents by relative path.
    pub fn augmented(&self) -> BTreeMap<String, Value> {
        let documents = lines(&self.out().join("augmented.ndjson"));
        let path = |document: &Value| text(&document["state"]["sourceIdentifier"]["value"]);
        documents.into_iter().map(|document| (path(&document), document)).collect()
    }

    /// The classes of the parked records by file name.
    pub fn parked(&self) -> BTreeMap<String, String> {
        let records = lines(&self.out().join("parked.ndjson"));
        let name = |record: &Value| {
            let path = text(&record["path"]);
            path.rsplit('/').next().unwrap_or_default().to_owned()
        };
        records.iter().map(|record| (name(record), text(&record["class"]))).collect()
    }
}

/// The program, started from the repository's root.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inference-manager"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

/// The path of a sample picture.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// The lines of an NDJSON file.
pub fn lines(path: &Path) -> Vec<Value> {
    let content = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    content.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Expects the exit code; answers what was said on both outputs.
pub fn ended(output: Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// Waits until `found` is there, for as long as a loaded machine may need.
pub fn wait_for(what: &str, found: impl Fn() -> bool) {
    for _ in 0..1200 {
        if found() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("{what} never came");
}

/// A run that goes on in the background.
pub struct Background(Child);

impl Background {
    /// Over the fixture's pictures and 60 more, so that it does not end before the test is done.
    pub fn over(fixture: &Fixture) -> Self {
        let cat = fs::read(sample("cat.jpg")).expect("the sample is there");
        for number in 0..60 {
            fixture.write(&format!("more-{number}.jpg"), &cat);
        }
        let mut command = fixture.command(&["--no-page", "--workers", "features=1"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let background = Self(child.expect("the program starts"));
        wait_for("the lock", || fixture.out().join(".journal").exists());
        background
    }

    /// Sends the signal of this name.
    pub fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Waits for its end.
    pub fn code(&mut self) -> Option<i32> {
        let mut said = String::new();
        if let Some(stderr) = &mut self.0.stderr {
            stderr.read_to_string(&mut said).expect("text");
        }
        self.0.wait().expect("it ends").code()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
