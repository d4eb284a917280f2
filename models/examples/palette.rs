//! Infers palettes when asked to: what `./bench` measures beside NumPy.
//!
//! Reads lines. `FILE` decodes that picture and answers with a line of its average colour and the 1,000
//! values of its palette; `TIMES` infers both from the decoded pixels that many times and answers with
//! an empty line.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{Write as _, stdin, stdout};

use models::picture::{Limits, Rgb, Views, decode};
use models::{Device, LoadedInferrer, Model, ModelError, ModelSet, Output};

struct Palette {
    inferrer: LoadedInferrer,
    model: Box<dyn Model>,
}

impl Palette {
    fn bundled() -> Result<Self, Box<dyn Error>> {
        let set = ModelSet::bundled()?;
        let inferrer = set.inferrer("palette").ok_or("the bundled set has no palette")?.clone();
        Ok(Self { model: inferrer.build(Device::default())?, inferrer })
    }

    /// All that happens between a decoded picture and the values: resized twice, counted, scaled.
    fn infer(&mut self, picture: &Rgb) -> Result<Vec<Output>, ModelError> {
        let views = Views::new(picture, self.inferrer.views());
        Ok(self.model.infer(&[&views])?.pop().unwrap_or_default())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut palette = Palette::bundled()?;
    let mut picture = None;
    for line in stdin().lines() {
        let line = line?;
        if let Ok(times) = line.parse::<usize>() {
            let picture = picture.as_ref().ok_or("the first line is a file")?;
            for _ in 0..times {
                black_box(palette.infer(picture)?);
            }
            writeln!(stdout())?;
        } else {
            let decoded = decode(&fs::read(&line)?, &Limits::default())?;
            writeln!(stdout(), "{}", shown(&palette.infer(&decoded)?)?)?;
            picture = Some(decoded);
        }
    }
    Ok(())
}

fn shown(answer: &[Output]) -> Result<String, Box<dyn Error>> {
    let [Output::Vector(palette), Output::Text(average)] = answer else {
        return Err("a palette is a vector and a colour".into());
    };
    Ok(palette.iter().fold(average.clone(), |shown, value| format!("{shown} {value}")))
}
