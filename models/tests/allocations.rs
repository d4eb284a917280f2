//! What is allocated for each picture once a worker is warm. Plans by themselves are asked in
//! `src/plan/tests.rs` and `src/network/agreement_tests.rs`: they allocate nothing.

#[path = "support/golden.rs"]
mod golden;

use allocation_counter::{AllocationInfo, measure};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use models::picture::{Filter, Limits, Rgb, Views, decode, resize};
use models::{Device, ModelSet, Output};

/// What `work` allocates when it is done for the second time.
fn allocated<T>(mut work: impl FnMut() -> T) -> AllocationInfo {
    drop(work());
    let mut done = None;
    let allocated = measure(|| done = Some(work()));
    drop(done);
    allocated
}

#[test]
fn a_network_allocates_its_answers_and_nothing_else() {
    let served_by = Device::Simd.served_by();
    if served_by == Device::Flex.to_string() {
        println!("not asked: this host has no AVX2, so burn computes, which allocates as it likes");
        return;
    }
    let set = ModelSet::bundled().unwrap();
    let features = set.inferrer("features").unwrap();
    let views = Views::new(&golden::sample("cat.jpg"), &set.views());
    let mut model = features.build(Device::Simd).unwrap();
    for batch in [1, 4] {
        let pictures = vec![&views; batch];

        let allocated = allocated(|| model.infer(&pictures).unwrap());

        // The list of all answers; for each picture the list of its one field, and that field's vector.
        let lists = batch * (size_of::<Vec<Output>>() + size_of::<Output>());
        let vectors = batch * 1280 * size_of::<f32>();
        let expected = (1 + 2 * batch, lists + vectors);
        let found = (allocated.count_total as usize, allocated.bytes_total as usize);
        assert_eq!(found, expected, "a batch of {batch} on {served_by}");
    }
}

/// A baseline JPEG of `side`×`side` in which no block is like another.
fn jpeg(side: u32) -> Vec<u8> {
    let samples: Vec<u8> = (0..side * side * 3)
        .map(|at| (at / 3 % side / 2) as u8 ^ (at.wrapping_mul(2_654_435_761) >> 29) as u8)
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.encode(&samples, side, side, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn a_jpeg_is_decoded_in_as_few_allocations_however_large_it_is() {
    let [small, large] = [300, 1200].map(|side| {
        let bytes = jpeg(side);
        allocated(|| decode(&bytes, &Limits::default()).unwrap())
    });

    assert_eq!(small.count_total, large.count_total);
    assert!(large.count_total <= 24, "{large:?}");
    let pixels = 1200 * 1200;
    assert!(large.bytes_max <= 12 * pixels, "{large:?}: 12 bytes a pixel are promised");
}

#[test]
fn a_picture_is_resized_in_allocations_of_its_new_size_alone() {
    let set = ModelSet::bundled().unwrap();
    let views = set.views();
    let [small, large] = [300, 1200].map(|side| {
        let picture = Rgb::new(side, side, vec![7; (side * side * 3) as usize]).unwrap();
        allocated(|| Views::new(&picture, &views))
    });

    assert_eq!(small.count_total, large.count_total);
    // The weights of each of its rows and columns, first as fractions and then as whole numbers.
    let lines: u32 = views.iter().map(|view| view.width + view.height).sum();
    assert!(large.count_total <= u64::from(4 * lines), "{large:?}");
}

#[test]
fn a_picture_of_one_row_or_column_is_resized_in_the_memory_that_its_pixels_are_counted_for() {
    let long = 2_000_000;
    for (width, height) in [(long, 1), (long / 15, 15), (long / 16, 16), (1, long)] {
        let pixels = u64::from(width) * u64::from(height);
        let picture = Rgb::new(width, height, vec![7; pixels as usize * 3]).unwrap();

        let allocated = allocated(|| resize(&picture, 224, 224, Filter::Bilinear));

        // Those of the picture itself were allocated before.
        let most = allocated.bytes_max + pixels * 3;
        assert!(most <= 12 * pixels, "{width} × {height}: {allocated:?}");
    }
}

#[test]
fn a_palette_is_made_in_a_dozen_allocations() {
    let set = ModelSet::bundled().unwrap();
    let palette = set.inferrer("palette").unwrap();
    let mut model = palette.build(Device::Simd).unwrap();
    let views = Views::new(&golden::sample("cat.jpg"), palette.views());

    let allocated = allocated(|| model.infer(&[&views]).unwrap());

    assert!(allocated.count_total <= 12, "{allocated:?}");
    assert!(allocated.bytes_total <= 64 << 10, "{allocated:?}");
}
