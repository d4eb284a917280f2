//! Decodes and resizes pictures when asked to: what `./bench` measures beside Pillow.
//!
//! Reads lines `TIMES FILE`; answers each with an empty line once the file was decoded and resized to
//! 224×224 and 100×100 that many times.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{Write as _, stdin, stdout};

use models::picture::{Filter, Limits, ViewSpec, Views, decode};

const VIEWS: [ViewSpec; 2] = [
    ViewSpec { width: 224, height: 224, filter: Filter::Bilinear },
    ViewSpec { width: 100, height: 100, filter: Filter::Bilinear },
];

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lines() {
        let line = line?;
        let (times, file) = line.split_once(' ').ok_or("a line is TIMES FILE")?;
        let bytes = fs::read(file)?;
        for _ in 0..times.parse::<usize>()? {
            black_box(Views::new(&decode(&bytes, &Limits::default())?, &VIEWS));
        }
        writeln!(stdout())?;
    }
    Ok(())
}
