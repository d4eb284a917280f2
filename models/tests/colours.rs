//! Asking for a colour: which palettes answer best, and what the reference would ask.

#[path = "support/golden.rs"]
mod golden;

use models::palette::{DIMENSIONS, query, reference_query};
use models::picture::{Rgb, Views};
use models::{Device, ModelSet, Output};

/// Every 17th grey, and what is 0 or 255 in each channel.
fn colours() -> Vec<[u8; 3]> {
    let greys = (0..=255).step_by(17).map(|grey| [grey; 3]);
    let corners = (0..8).map(|bits| [4, 2, 1].map(|bit| if bits & bit == 0 { 0 } else { 255 }));
    let mut colours: Vec<_> = greys.chain(corners).collect();
    colours.sort_unstable();
    colours.dedup();
    colours
}

/// The palettes of pictures of one colour each.
fn palettes(colours: &[[u8; 3]]) -> Vec<Vec<f32>> {
    let set = ModelSet::bundled().unwrap();
    let inferrer = set.inferrer("palette").unwrap();
    let picture = |colour: &[u8; 3]| Rgb::new(100, 100, colour.repeat(100 * 100)).unwrap();
    let views: Vec<_> =
        colours.iter().map(|colour| Views::new(&picture(colour), inferrer.views())).collect();
    let mut model = inferrer.build(Device::Flex).unwrap();
    let answers = model.infer(&views.iter().collect::<Vec<_>>()).unwrap();
    let vector = |mut answer: Vec<Output>| match answer.swap_remove(0) {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    };
    answers.into_iter().map(vector).collect()
}

/// The colour whose palette fits `query` best.
fn best(query: &[f32], palettes: &[Vec<f32>], colours: &[[u8; 3]]) -> [u8; 3] {
    let fit = |at: &usize| golden::cosine(query, &palettes[*at]);
    let best = (0..colours.len()).max_by(|a, b| fit(a).total_cmp(&fit(b)));
    colours[best.unwrap()]
}

#[test]
fn a_query_is_the_palette_of_its_colour_alone() {
    let colours = colours();
    for (colour, palette) in colours.iter().zip(palettes(&colours)) {
        let query = query(*colour);
        assert_eq!(query.len(), DIMENSIONS);
        for (query, palette) in query.iter().zip(&palette) {
            assert!((query - palette).abs() <= 1e-7, "{colour:?}: {query} {palette}");
        }
    }
}

#[test]
fn among_pictures_of_one_colour_the_best_is_that_of_the_colour_asked_for() {
    let colours = colours();
    let palettes = palettes(&colours);
    for colour in &colours {
        assert_eq!(best(&query(*colour), &palettes, &colours), *colour);
    }
}

#[test]
fn the_references_query_is_reproduced_and_looks_into_another_bin_than_it_indexes() {
    let index = golden::json("colours.json");
    let asked: Vec<[u8; 3]> = serde_json::from_value(index).unwrap();
    let expected = golden::rows("colours.f32", DIMENSIONS);
    assert_eq!(asked.len(), expected.len());
    for (colour, expected) in asked.iter().zip(&expected) {
        for (found, expected) in reference_query(*colour).iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-7, "{colour:?}: {found} {expected}");
        }
    }

    let greys = [[187; 3], [205; 3]];
    assert_eq!(best(&reference_query([205; 3]), &palettes(&greys), &greys), [187; 3]);
}
