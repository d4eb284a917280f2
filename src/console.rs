//! Lines for a person. That nobody reads them, because a pipe is closed or a disk full, is no reason to
//! end: unlike `println!`, these do not panic.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// What was asked for, on stdout.
pub fn answer(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// What goes on, on stderr.
pub fn note(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}
