//! Plans of small networks against the interpreter, on every instruction set of this host.

pub(super) mod draft;
mod interpreter;

use std::sync::Arc;

use allocation_counter::measure;

use super::*;
use crate::kernels::Plane;
use draft::{Draft, noise};

/// The numbers of `rows` pictures of `side`×`side`.
fn pictures(rows: usize, side: usize) -> Vec<f32> {
    noise(42, rows * 3 * side * side)
}

fn graph<T>(side: usize, build: &impl Fn(&mut Draft, Value) -> T) -> Graph {
    let mut draft = Draft::new(side);
    let input = draft.graph.input();
    build(&mut draft, input);
    draft.graph
}

fn worker(graph: Graph, set: InstructionSet) -> Worker {
    Worker::new(Arc::new(Plan::compile(graph, set).unwrap()))
}

/// Holds the plan of a network against its definition in f64, the rows of a batch against batches of
/// one, and a warm worker to asking for no memory.
fn agrees<T>(side: usize, build: impl Fn(&mut Draft, Value) -> T) {
    let pictures = pictures(3, side);
    let each = pictures.chunks_exact(3 * side * side);
    let expected: Vec<Vec<f64>> =
        each.clone().map(|picture| interpreter::answer(graph(side, &build), picture)).collect();
    let size = expected.iter().flatten().fold(0.0_f64, |size, value| size.max(value.abs()));
    assert!(size > 0.01, "the network answers next to nothing: {size}");
    for set in InstructionSet::all() {
        let mut worker = worker(graph(side, &build), set);

        let found = worker.run_planes(&pictures).to_vec();

        assert_eq!(found.len(), 3 * worker.plan().dimensions());
        for (found, expected) in found.iter().zip(expected.iter().flatten()) {
            let off = (f64::from(*found) - expected).abs();
            assert!(off <= 1e-5 * size, "{}: {found} and not {expected}", set.name());
        }
        for (row, picture) in found.chunks_exact(found.len() / 3).zip(each.clone()) {
            let alone = worker.run_planes(picture);
            assert!(alone.iter().zip(row).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        let asked = measure(|| assert!(!worker.run_planes(&pictures).is_empty()));
        assert_eq!(asked.count_total, 0, "{}: {asked:?}", set.name());
    }
}

#[test]
fn a_network_of_plain_convolutions_with_matrices_at_its_end() {
    agrees(20, |draft, x| {
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.max_pool(x, 2);
        let x = draft.convolution(x, 32, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.max_pool(x, 2);
        let x = draft.graph.flatten(x);
        let x = draft.linear(x, 50).unwrap();
        let x = draft.relu(x);
        draft.linear(x, 33).unwrap()
    });
}

#[test]
fn a_network_whose_first_plane_is_never_whole() {
    agrees(130, |draft, x| {
        let x = draft.convolution(x, 64, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.max_pool(x, 2);
        draft.graph.mean(x)
    });
}

#[test]
fn a_matrix_of_f16_numbers_after_a_plane() {
    agrees(6, |draft, x| {
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.graph.flatten(x);
        let x = draft.half_linear(x, 40);
        let x = draft.relu(x);
        draft.half_linear(x, 7)
    });
}

#[test]
fn a_plane_of_another_size_is_averaged_to_the_one_that_the_matrix_takes() {
    for (side, parts) in [(10, 7), (3, 7), (6, 3)] {
        agrees(side, |draft, x| {
            let x = draft.convolution(x, 16, 3, 1, 1);
            let x = draft.graph.adaptive_mean(x, Plane { height: parts, width: parts });
            let x = draft.graph.flatten(x);
            draft.linear(x, 9).unwrap()
        });
    }
}

#[test]
fn a_network_of_residual_blocks() {
    agrees(28, |draft, x| {
        let x = draft.convolution(x, 16, 7, 2, 1);
        let x = draft.relu(x);
        let mut x = draft.max_pool(x, 3);
        for (channels, stride) in [(16, 1), (32, 2), (32, 1)] {
            let main = draft.convolution(x, channels, 3, stride, 1);
            let main = draft.relu(main);
            let main = draft.convolution(main, channels, 3, 1, 1);
            let same = draft.graph.shape(x).channels == channels;
            let shortcut = if same { x } else { draft.convolution(x, channels, 1, stride, 1) };
            let sum = draft.add(main, shortcut);
            x = draft.relu(sum);
        }
        draft.graph.mean(x)
    });
}

#[test]
fn a_network_of_bottlenecks() {
    agrees(14, |draft, x| {
        let x = draft.convolution(x, 16, 3, 1, 1);
        let mut x = draft.relu(x);
        for stride in [1, 2, 1] {
            let narrow = draft.convolution(x, 16, 1, 1, 1);
            let narrow = draft.relu(narrow);
            let narrow = draft.convolution(narrow, 16, 3, stride, 1);
            let narrow = draft.relu(narrow);
            let wide = draft.convolution(narrow, 64, 1, 1, 1);
            let same = draft.graph.shape(x) == draft.graph.shape(wide);
            let shortcut = if same { x } else { draft.convolution(x, 64, 1, stride, 1) };
            let sum = draft.add(wide, shortcut);
            x = draft.relu(sum);
        }
        draft.graph.mean(x)
    });
}

#[test]
fn a_network_of_inverted_residuals() {
    for side in [16, 22, 33] {
        agrees(side, |draft, x| {
            let x = draft.convolution(x, 16, 3, 2, 1);
            let x = draft.relu6(x);
            let x = draft.convolution(x, 16, 3, 1, 16);
            let x = draft.relu6(x);
            let mut x = draft.convolution(x, 8, 1, 1, 1);
            for (wide, side, stride, channels) in
                [(48, 3, 1, 8), (48, 5, 2, 24), (96, 5, 1, 24), (20, 3, 2, 24)]
            {
                x = draft.inverted_residual(x, wide, side, stride, channels);
            }
            let x = draft.convolution(x, 70, 1, 1, 1);
            let x = draft.relu6(x);
            draft.graph.mean(x)
        });
    }
}

#[test]
fn layers_that_stand_alone() {
    agrees(12, |draft, x| {
        let x = draft.convolution(x, 12, 3, 1, 1);
        let y = draft.relu(x);
        let z = draft.convolution(y, 12, 5, 2, 12);
        let w = draft.max_pool(x, 3);
        let sum = draft.add(z, w);
        let sum = draft.relu6(sum);
        draft.graph.mean(sum)
    });
}

#[test]
fn two_matrices_that_read_one_vector() {
    agrees(8, |draft, x| {
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.graph.mean(x);
        draft.linear(x, 16).unwrap();
        draft.linear(x, 16).unwrap()
    });
    agrees(8, |draft, x| {
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.graph.mean(x);
        let (y, z) = (draft.linear(x, 16).unwrap(), draft.linear(x, 16).unwrap());
        let sum = draft.add(y, z);
        let sum = draft.relu(sum);
        let x = draft.linear(sum, 16).unwrap();
        draft.linear(x, 9).unwrap()
    });
}

#[test]
fn pictures_that_take_more_memory_than_a_worker_may_have_are_refused_by_their_size() {
    let network = |draft: &mut Draft, x| draft.convolution(x, 64, 3, 2, 1);
    for set in InstructionSet::all() {
        let refused = Plan::compile(graph(4096, &network), set).unwrap_err();
        let expected =
            "layer input: pictures of 3×4096×4096 take buffers of 1216 MiB, more than 1024 MiB";
        assert_eq!(refused.to_string(), expected);
    }
}

#[test]
fn what_no_kernel_computes_is_refused_by_name() {
    let network = |draft: &mut Draft, x| draft.convolution(x, 3, 7, 1, 3);
    for set in InstructionSet::all() {
        let refused = Plan::compile(graph(8, &network), set).unwrap_err();
        assert!(refused.to_string().starts_with("layer convolution: "), "{refused}");
    }
}

#[test]
fn no_pictures_have_no_vectors() {
    let network = |draft: &mut Draft, x| draft.convolution(x, 8, 3, 1, 1);
    for set in InstructionSet::all() {
        assert!(worker(graph(8, &network), set).run_planes(&[]).is_empty());
    }
}

#[test]
fn a_profile_has_each_step_with_its_multiply_adds_and_times_that_add_up() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 16, 3, 2, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 32, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.max_pool(x, 2);
        let x = draft.inverted_residual(x, 48, 3, 2, 24);
        let x = draft.graph.flatten(x);
        draft.linear(x, 10).unwrap()
    };
    for set in InstructionSet::all() {
        let mut worker = worker(graph(16, &network), set);
        let picture = pictures(1, 16);
        let expected = worker.run_planes(&picture).to_vec();
        // Every look at the clock finds it a second later.
        let seconds = std::cell::Cell::new(0);
        let clock = || {
            seconds.set(seconds.get() + 1);
            std::time::Duration::from_secs(seconds.get())
        };

        let profile = worker.profile(4, &clock, |_, place| place.fill(0.5));

        let steps: Vec<_> =
            profile.steps.iter().map(|step| (step.kernel, step.multiply_adds)).collect();
        let (point, depthwise, projection) = (48 * 32 * 16, 48 * 9 * 4, 24 * 48 * 4);
        let residual = ("inverted residual", point + depthwise + projection);
        let winograd = ("Winograd 2×2", 32 * 16 * 9 * 64);
        let matrix = ("matrix", 24 * 4 * 10);
        assert_eq!(steps, [("convolution", 16 * 3 * 9 * 64), winograd, residual, matrix]);
        let done: Vec<_> = profile.steps.iter().map(|step| step.multiply_adds_done).collect();
        assert_eq!(done[1], 16 * 16 * 32 * 16, "16 tiles of 16 points each: 2.25 times fewer");
        assert_eq!(profile.steps[0].from, "3×16×16");
        assert_eq!(profile.steps[3].to, "10×1×1");
        assert!(profile.steps.iter().all(|step| step.time.as_secs() == 1), "{profile:?}");
        assert!(profile.peak > 1e6, "ten million rounds in one second");
        let again = worker.run_planes(&picture).to_vec();
        assert_eq!(again, expected, "a profile leaves the worker as it was");
    }
}
