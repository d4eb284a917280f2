//! How fast a document of 5,096 numbers is written, beside `serde_json`: what `./bench` prints.
//!
//!     encode PICTURE
//!
//! 4,096 numbers are drawn as a network's normalised features would be, 1,000 are the palette of PICTURE. The same
//! document is written by serde's traits and `serde_json`, by us with numbers, and by us with vectors in base64: in
//! turn on one thread, round after round. CPU time counts, so that others on the machine disturb little. Before
//! that it is checked that every number reads back as the same f32 from each, and everything else as the same
//! JSON.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use actors::inference::{Inference, Value as Inferred};
use actors::ports::{Augmented, InferrerFactory};
use actors::record::{Record, RecordId};
use cpu_time::ThreadTime;
use data_encoding::BASE64;
use inference_manager::adapters::model_inferrers::ModelFactory;
use inference_manager::wire::augmented_document::AugmentedDocument;
use inference_manager::wire::local_document::local_document;
use inference_manager::wire::model_stamp::Stamp;
use inference_manager::wire::timestamp;
use jiff::Timestamp;
use models::picture::{Limits, Views, decode};
use models::{Device, ModelSet};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

/// The length of VGG16's vector.
const FEATURES: usize = 4096;
const ROUNDS: usize = 300;
/// A round of a writer takes about a millisecond: long beside the clock, short beside what else happens.
const TIMES: usize = 10;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let picture = std::env::args_os().nth(1).ok_or("encode PICTURE")?;
    let augmented = augmented(&fs::read(picture)?)?;
    let all = fields(&augmented);
    let numbers = AugmentedDocument::new(&augmented, Timestamp::UNIX_EPOCH)?;
    let packed = AugmentedDocument::new(&augmented, Timestamp::UNIX_EPOCH)?;
    let packed = packed.with_packed_vectors(&all);
    let by_serde = BySerde(&augmented);

    let texts =
        [serde_json::to_vec(&by_serde)?, numbers.to_json()?.into(), packed.to_json()?.into()];
    for text in &texts {
        check(&augmented, text)?;
    }
    let lengths = texts.map(|text| text.len());
    let writers: [&dyn Fn() -> serde_json::Result<()>; 3] = [
        &|| serde_json::to_vec(black_box(&by_serde)).map(|text| drop(black_box(text))),
        &|| black_box(&numbers).to_json().map(|text| drop(black_box(text))),
        &|| black_box(&packed).to_json().map(|text| drop(black_box(text))),
    ];
    report(lengths, &measure(writers)?);
    Ok(())
}

/// For each round how many microseconds of CPU each writer took.
fn measure(writers: [&dyn Fn() -> serde_json::Result<()>; 3]) -> Result<Vec<[f64; 3]>, Failure> {
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut took = [0.0; 3];
        for turn in 0..writers.len() {
            let writer = (round + turn) % writers.len();
            let began = ThreadTime::try_now()?;
            for _ in 0..TIMES {
                writers[writer]()?;
            }
            took[writer] = began.try_elapsed()?.as_secs_f64() * 1e6 / TIMES as f64;
        }
        rounds.push(took);
    }
    Ok(rounds)
}

fn report(lengths: [usize; 3], rounds: &[[f64; 3]]) {
    const WRITERS: [&str; 3] = ["serde_json, numbers", "ours, numbers", "ours, base64"];
    println!("a document of 4,096 + 1,000 numbers, one thread, {ROUNDS} rounds");
    println!(
        "| written by | bytes | µs of CPU | times as fast as serde_json |\n| --- | --- | --- | --- |"
    );
    for (writer, name) in WRITERS.iter().enumerate() {
        let took = median(rounds.iter().map(|round| round[writer]));
        let ratio = median(rounds.iter().map(|round| round[0] / round[writer]));
        println!("| {name} | {} | {took:.1} | {ratio:.2} |", lengths[writer]);
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn augmented(picture: &[u8]) -> Result<Augmented, Failure> {
    let set = ModelSet::bundled()?;
    let views = Views::new(&decode(picture, &Limits::default())?, &set.views());
    let mut inferences = Vec::new();
    for inferrer in set.inferrers() {
        let factory = ModelFactory::new(inferrer.clone(), Device::default());
        let values = if inferrer.manifest().inferrer == "features" {
            vec![Inferred::Vector(features())]
        } else {
            let input = actors::input::Input::new(views.clone());
            factory.build()?.infer(&[input])?.remove(0)?.0
        };
        inferences.push(Inference { spec: Arc::clone(factory.spec()), values });
    }
    let (folder, name) = ("/pictures".as_ref(), "V0017087.jpg".as_ref());
    let document = Arc::new(local_document(folder, name, Timestamp::UNIX_EPOCH));
    let record = Record { id: RecordId::new("swms7qdx")?, version: 1, document };
    Ok(Augmented { record, inferences })
}

/// A vector of length 1 whose values are distributed normally, nearly: each the sum of twelve others.
fn features() -> Vec<f32> {
    let mut draw = SmallRng::seed_from_u64(1);
    let mut next = || (0..12).map(|_| draw.random_range(-0.5..0.5)).sum::<f64>();
    let values: Vec<_> = (0..FEATURES).map(|_| next()).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "a network answers in f32")]
    values.iter().map(|value| (value / length) as f32).collect()
}

fn fields(augmented: &Augmented) -> BTreeSet<Arc<str>> {
    let specs = augmented.inferences.iter().map(|inference| &inference.spec);
    specs.flat_map(|spec| spec.fields.iter().map(|field| Arc::clone(&field.name))).collect()
}

fn values(augmented: &Augmented) -> impl Iterator<Item = (&str, &Inferred)> {
    augmented.inferences.iter().flat_map(|inference| {
        inference.spec.fields.iter().map(|field| &*field.name).zip(&inference.values)
    })
}

/// Every number of `text` is the same f32, everything else what serde writes.
fn check(augmented: &Augmented, text: &[u8]) -> Result<(), Failure> {
    let mut document: Value = serde_json::from_slice(text)?;
    let mut expected: Value = serde_json::from_slice(&serde_json::to_vec(&BySerde(augmented))?)?;
    for (name, value) in values(augmented) {
        let Inferred::Vector(vector) = value else { continue };
        let found = document["state"]["inferredData"][name].take();
        expected["state"]["inferredData"][name].take();
        let found = match found {
            Value::String(packed) => unpacked(&packed)?,
            _ => numbers_of(std::str::from_utf8(text)?, name)?,
        };
        if !found.iter().map(|n| n.to_bits()).eq(vector.iter().map(|n| n.to_bits())) {
            return Err(format!("{name} does not read back").into());
        }
    }
    if document == expected { Ok(()) } else { Err("another document".into()) }
}

fn unpacked(packed: &str) -> Result<Vec<f32>, Failure> {
    let bytes = BASE64.decode(packed.as_bytes())?;
    let fours = bytes.chunks(4).map(|four| Ok(f32::from_be_bytes(four.try_into()?)));
    fours.collect()
}

/// The numbers of the field `name` as their texts say, by no JSON reader's roundings.
fn numbers_of(document: &str, name: &str) -> Result<Vec<f32>, Failure> {
    let list =
        document.split(&format!("\"{name}\":[")).nth(1).and_then(|rest| rest.split(']').next());
    list.ok_or("no list")?.split(',').map(|number| Ok(number.parse()?)).collect()
}

/// The document as serde's traits write it: what `serde_json` is measured with.
struct BySerde<'a>(&'a Augmented);

impl Serialize for BySerde<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        for (key, value) in self.0.record.document.as_object().into_iter().flatten() {
            match (key.as_str(), value) {
                ("state", Value::Object(state)) => {
                    document.serialize_entry(key, &State(self.0, state))?;
                }
                _ => document.serialize_entry(key, value)?,
            }
        }
        document.end()
    }
}

struct State<'a>(&'a Augmented, &'a serde_json::Map<String, Value>);

impl Serialize for State<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut state = serializer.serialize_map(None)?;
        for (key, value) in self.1 {
            state.serialize_entry(key, value)?;
        }
        state.serialize_entry("inferredData", &InferredData(self.0))?;
        state.serialize_entry("augmentedTime", &timestamp::milliseconds(Timestamp::UNIX_EPOCH))?;
        state.serialize_entry("inferenceModels", &InferenceModels(self.0))?;
        state.end()
    }
}

struct InferredData<'a>(&'a Augmented);

impl Serialize for InferredData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        for (name, value) in values(self.0) {
            match value {
                Inferred::Vector(vector) => fields.serialize_entry(name, vector)?,
                Inferred::Number(number) => fields.serialize_entry(name, number)?,
                Inferred::Text(text) => fields.serialize_entry(name, text)?,
                Inferred::Tokens(tokens) => fields.serialize_entry(name, tokens)?,
            }
        }
        fields.end()
    }
}

struct InferenceModels<'a>(&'a Augmented);

impl Serialize for InferenceModels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut models = serializer.serialize_map(None)?;
        for Inference { spec, .. } in &self.0.inferences {
            for field in &spec.fields {
                models.serialize_entry(&*field.name, &Stamp::from(&spec.model))?;
            }
        }
        models.end()
    }
}
