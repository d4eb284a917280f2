//! The same pictures give the same documents, byte for byte, whoever does the work.

#[path = "program/fixture.rs"]
mod fixture;

use std::fs;

use fixture::Fixture;
use regex::Regex;

const SAMPLES: [&str; 7] = [
    "cat.jpg",
    "coins.jpg",
    "coffee.png",
    "horse.png",
    "rocket.jpg",
    "retina.jpg",
    "village-street.webp",
];

/// The documents of a run with `arguments`, without the times at which they were made: `pictures`.
fn documents(fixture: &Fixture, pictures: usize, arguments: &[&str]) -> String {
    if fixture.out().exists() {
        fs::remove_dir_all(fixture.out()).unwrap();
    }
    fixture.run(&[&["--no-page"], arguments].concat(), 0);
    let documents = fs::read_to_string(fixture.out().join("augmented.ndjson")).unwrap();
    let time = Regex::new("\"augmentedTime\":\"[^\"]+\"").unwrap();
    assert_eq!(time.find_iter(&documents).count(), pictures);
    time.replace_all(&documents, "").into_owned()
}

#[test]
fn documents_do_not_depend_on_workers_batches_or_the_run() {
    // Two pictures are a batch, too, and all that the slowest device needs.
    for (device, count) in [("simd", SAMPLES.len()), ("flex", SAMPLES.len()), ("ndarray", 2)] {
        let samples = &SAMPLES[..count];
        let fixture = Fixture::with(samples);
        let on = |arguments: [&'static str; 4]| {
            let arguments = [&["--device", device], &arguments[..]].concat();
            documents(&fixture, count, &arguments)
        };
        let once = on(["--workers", "features=1", "--batch", "1"]);

        for arguments in [
            ["--workers", "features=1", "--batch", "1"],
            ["--workers", "features=1", "--batch", "7"],
            ["--workers", "features=3,palette=2", "--batch", "2"],
        ] {
            assert!(once == on(arguments), "they differ on {device} with {arguments:?}");
        }
    }
}
