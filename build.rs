//! Tells the program which commit it was built from, for `--version`.

use std::process::Command;

fn main() {
    // HEAD moves with a checkout, the branch's file with a commit.
    for path in [".git/HEAD", ".git/refs/heads", ".git/packed-refs"] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-env-changed=GIT_COMMIT");
    println!("cargo::rustc-env=GIT_COMMIT={}", commit().unwrap_or_else(|| "unknown".to_owned()));
}

/// The commit: as the environment says it (a build without `.git`), else as git does.
fn commit() -> Option<String> {
    if let Ok(commit) = std::env::var("GIT_COMMIT") {
        return Some(commit);
    }
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| commit.trim().to_owned())
}
