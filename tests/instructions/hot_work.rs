//! Does one kind of hot work a number of times, whose instructions `count.py` counts.
//!
//! `hot_work KIND TIMES`, with a kind of [`work`]. Prints what networks compute on.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use actors::inference::{
    FieldKind, FieldSpec, Inference, InferrerName, InferrerSpec, ModelStamp, Value,
};
use actors::ports::Augmented;
use actors::record::{Record, RecordId};
use inference_manager::wire::augmented_document::AugmentedDocument;
use jiff::Timestamp;
use models::picture::{Limits, Rgb, Views, decode};
use models::{Device, ModelSet};
use serde_json::json;

/// Baseline, 600 × 436, chroma subsampled: as most pictures of a catalogue are.
const PICTURE: &[u8] = include_bytes!("../../samples/harvesters.jpg");

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One kind of work, all that it needs beforehand done.
type Work = Box<dyn FnMut() -> Outcome<()>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, kind, times] = &arguments[..] else { return Err("hot_work KIND TIMES".into()) };
    let mut work = work(kind)?;
    println!("{}", Device::default().served_by());
    (0..times.parse::<usize>()?).try_for_each(|_| work())
}

fn work(kind: &str) -> Outcome<Work> {
    match kind {
        "decode" => Ok(Box::new(|| {
            black_box(decode(PICTURE, &Limits::default())?);
            Ok(())
        })),
        "resize" => resize(decode(PICTURE, &Limits::default())?),
        "features" | "palette" => infer(kind),
        "document" => Ok(write(augmented()?)),
        other => Err(format!("there is no work of the kind {other}").into()),
    }
}

/// To all sizes that the bundled models ask for.
fn resize(picture: Rgb) -> Outcome<Work> {
    let views = ModelSet::bundled()?.views();
    Ok(Box::new(move || {
        black_box(Views::new(&picture, &views));
        Ok(())
    }))
}

/// One picture, which was resized beforehand, through the bundled model.
fn infer(inferrer: &str) -> Outcome<Work> {
    let set = ModelSet::bundled()?;
    let views = Views::new(&decode(PICTURE, &Limits::default())?, &set.views());
    let inferrer = set.inferrer(inferrer).ok_or("the bundled set has all inferrers")?;
    let mut model = inferrer.build(Device::default())?;
    Ok(Box::new(move || {
        black_box(model.infer(&[&views])?);
        Ok(())
    }))
}

fn write(augmented: Augmented) -> Work {
    Box::new(move || {
        let document = AugmentedDocument::new(&augmented, Timestamp::UNIX_EPOCH)?;
        black_box(document.to_json()?);
        Ok(())
    })
}

/// A record with as many numbers as VGG16 and the palette give.
fn augmented() -> Outcome<Augmented> {
    let initial = json!({
        "version": 1,
        "modifiedTime": "2025-04-01T10:00:00Z",
        "state": {"sourceIdentifier": {"value": "V0017087"}, "canonicalId": "swms7qdx"},
        "locations": [{"url": "https://example.org/info.json", "license": null}],
    });
    let id = RecordId::new("swms7qdx")?;
    let record = Record { id, version: 1, document: Arc::new(initial) };
    let inferences = vec![vector("features", 4096), vector("paletteEmbedding", 1000)];
    Ok(Augmented { record, inferences })
}

/// Pseudo-random numbers from -0.05 to 0.05, among which those of unit vectors of this length lie.
fn vector(field: &str, dimensions: usize) -> Inference {
    let number = |at: u32| (at.wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5) / 10.0;
    let kind = FieldKind::Vector { dimensions, unit: true };
    let spec = InferrerSpec {
        name: InferrerName::new(field),
        model: ModelStamp {
            name: "counted".to_owned(),
            version: "1".to_owned(),
            sha256: "ab".repeat(32),
        },
        fields: vec![FieldSpec { name: field.into(), kind }],
        engine: String::new(),
    };
    let values = (1..).map(number).take(dimensions).collect();
    Inference { spec: Arc::new(spec), values: vec![Value::Vector(values)] }
}
