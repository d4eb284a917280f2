//! Tiny files that announce gigapixels. One test alone in its process, since it watches the
//! memory of the whole process.

#[path = "support/bombs.rs"]
mod bombs;

use bombs::bombs;
use models::picture::{Limits, PictureError, decode, header};

/// The most memory this process ever used, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn bombs_are_refused_by_their_header_and_cost_no_memory() {
    let bombs = bombs();
    let before = peak();

    for (name, bytes) in bombs {
        for answer in [
            header(&bytes, &Limits::default()).map(drop),
            decode(&bytes, &Limits::default()).map(drop),
        ] {
            assert!(
                matches!(answer, Err(PictureError::TooManyPixels { .. })),
                "{name}: {answer:?}"
            );
        }
    }

    let grown = peak() - before;
    assert!(grown < 16 << 20, "refusing took {grown} bytes");
}
