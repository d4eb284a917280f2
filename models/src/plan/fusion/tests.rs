//! Small graphs and the steps that they become.

use super::*;
use crate::plan::tests::draft::Draft;

/// Holds the steps of a network for pictures of `side`×`side`, each as one line, against `expected`.
///
/// For vectors of eight numbers; where there are none there are no steps.
fn becomes<const N: usize, T>(
    side: usize,
    build: impl FnOnce(&mut Draft, Value) -> T,
    expected: [&str; N],
) {
    let Some(set) = InstructionSet::all().into_iter().find(|set| set.lanes() == 8) else { return };
    let mut draft = Draft::new(side);
    let input = draft.graph.input();
    build(&mut draft, input);
    let steps = fuse(&draft.graph, set).unwrap();
    assert_eq!(steps.iter().map(line).collect::<Vec<_>>(), expected);
}

fn line(step: &Pass) -> String {
    let bound = |activation: &Activation| match (activation.low, activation.high) {
        (0.0, 6.0) => " relu6",
        (0.0, _) => " relu",
        _ => "",
    };
    let operation = match &step.operation {
        Operation::Convolution { activation, .. } => format!("convolution{}", bound(activation)),
        Operation::Winograd { activation, pool, .. } => {
            format!("winograd{}{}", bound(activation), if *pool { " max" } else { "" })
        }
        Operation::Chain { activations: [first, second], pool, .. } => {
            let max = if *pool { " max" } else { "" };
            format!("convolution{} winograd{}{max}", bound(first), bound(second))
        }
        Operation::Depthwise { activation, .. } => format!("depthwise{}", bound(activation)),
        Operation::InvertedResidual { .. } => "inverted residual".to_owned(),
        Operation::Linear { activation, .. } => format!("matrix{}", bound(activation)),
        Operation::Activation(activation) => format!("activation{}", bound(activation)),
        Operation::Add { activation } => format!("add{}", bound(activation)),
        Operation::MaxPool(window) => format!("max {}", window.side),
        Operation::Mean => "mean".to_owned(),
        Operation::AdaptiveMean => "adaptive mean".to_owned(),
    };
    let residual = step.residual.map_or_else(String::new, |value| format!(" + {}", value.0));
    format!("{} = {operation} of {}{residual}", step.output.0, step.input.0)
}

#[test]
fn an_activation_is_part_of_what_it_follows() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 2, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 8, 3, 1, 8);
        let x = draft.relu6(x);
        let x = draft.graph.mean(x);
        let x = draft.linear(x, 5).unwrap();
        draft.relu(x);
    };
    let expected = [
        "2 = convolution relu of 0",
        "4 = depthwise relu6 of 2",
        "5 = mean of 4",
        "7 = matrix relu of 5",
    ];
    becomes(8, network, expected);
}

#[test]
fn an_activation_whose_input_is_read_by_others_too_is_a_step_of_its_own() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 2, 1);
        let y = draft.relu(x);
        draft.add(x, y);
    };
    let expected = ["1 = convolution of 0", "2 = activation relu of 1", "3 = add of 1 + 2"];
    becomes(8, network, expected);
}

#[test]
fn three_by_three_of_whole_vectors_is_winograds() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.convolution(x, 16, 3, 1, 1);
        let x = draft.convolution(x, 12, 3, 1, 1);
        let x = draft.convolution(x, 16, 5, 1, 1);
        draft.convolution(x, 16, 3, 2, 1);
    };
    let expected = [
        "1 = convolution of 0",
        "2 = winograd of 1",
        "3 = convolution of 2",
        "4 = convolution of 3",
        "5 = convolution of 4",
    ];
    becomes(8, network, expected);
}

#[test]
fn halving_belongs_to_winograds_method_where_it_leaves_nothing_out() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.max_pool(x, 2);
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.max_pool(x, 2);
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.max_pool(x, 3);
        let x = draft.convolution(x, 8, 3, 1, 1);
        draft.max_pool(x, 2);
    };
    let expected = [
        "1 = convolution of 0",
        "2 = max 2 of 1",
        "5 = winograd relu max of 2",
        "6 = winograd of 5",
        "7 = max 3 of 6",
        "8 = winograd of 7",
        "9 = max 2 of 8",
    ];
    becomes(20, network, expected);
}

/// 64 channels of 128×128 numbers are four MiB.
#[test]
fn a_large_plane_that_winograds_method_alone_reads_is_never_whole() {
    let chained = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 64, 3, 1, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.relu6(x);
        draft.max_pool(x, 2);
    };
    becomes(128, chained, ["5 = convolution relu winograd relu6 max of 0"]);
    becomes(126, chained, ["2 = convolution relu of 0", "5 = winograd relu6 max of 2"]);

    let read_twice = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 64, 3, 1, 1);
        draft.convolution(x, 8, 3, 1, 1);
        draft.max_pool(x, 2);
    };
    let expected = ["1 = convolution of 0", "2 = winograd of 1", "3 = max 2 of 1"];
    becomes(128, read_twice, expected);

    let residual = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 64, 1, 1, 1);
        let y = draft.relu(x);
        let y = draft.convolution(y, 64, 3, 1, 1);
        draft.add(y, x);
    };
    let expected = ["1 = convolution of 0", "2 = activation relu of 1", "4 = winograd of 2 + 1"];
    becomes(128, residual, expected);

    let added = |draft: &mut Draft, x| {
        let side = draft.convolution(x, 8, 1, 1, 1);
        let x = draft.convolution(x, 64, 1, 1, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 8, 3, 1, 1);
        draft.add(x, side);
    };
    let expected = ["1 = convolution of 0", "3 = convolution relu of 0", "5 = winograd of 3 + 1"];
    becomes(128, added, expected);
}

/// Two convolutions beside a shortcut, added in one order or the other.
fn block(draft: &mut Draft, x: Value, shortcut_first: bool) {
    let main = draft.convolution(x, 16, 3, 2, 1);
    let main = draft.relu(main);
    let main = draft.convolution(main, 16, 3, 1, 1);
    let shortcut = draft.convolution(x, 16, 1, 2, 1);
    let sum = if shortcut_first { draft.add(shortcut, main) } else { draft.add(main, shortcut) };
    draft.relu(sum);
}

#[test]
fn the_first_of_two_convolutions_adds_the_other_which_is_computed_before() {
    let expected =
        ["2 = convolution relu of 0", "4 = convolution of 0", "6 = winograd relu of 2 + 4"];
    becomes(8, |draft, x| block(draft, x, false), expected);

    let expected =
        ["2 = convolution relu of 0", "3 = winograd of 2", "6 = convolution relu of 0 + 3"];
    becomes(8, |draft, x| block(draft, x, true), expected);
}

#[test]
fn what_is_no_convolution_is_added_by_the_one_that_is() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 2, 1);
        let y = draft.convolution(x, 8, 3, 1, 1);
        draft.add(x, y);
    };
    becomes(8, network, ["1 = convolution of 0", "3 = winograd of 1 + 1"]);
}

#[test]
fn expansion_depthwise_and_projection_are_one_pass_that_adds_its_own_input_alone() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 8, 3, 1, 1);
        let x = draft.inverted_residual(x, 16, 3, 1, 8);
        let y = draft.inverted_residual(x, 32, 5, 2, 8);
        let z = draft.max_pool(x, 3);
        draft.add(y, z);
    };
    let expected = [
        "1 = convolution of 0",
        "7 = inverted residual of 1 + 1",
        "12 = inverted residual of 7",
        "13 = max 3 of 7",
        "14 = add of 12 + 13",
    ];
    becomes(8, network, expected);
}

#[test]
fn with_other_activations_it_is_no_inverted_residual() {
    let network = |draft: &mut Draft, x| {
        let x = draft.convolution(x, 16, 1, 1, 1);
        let x = draft.relu(x);
        let x = draft.convolution(x, 16, 3, 1, 16);
        let x = draft.relu6(x);
        draft.convolution(x, 8, 1, 1, 1);
    };
    let expected =
        ["2 = convolution relu of 0", "4 = depthwise relu6 of 2", "5 = convolution of 4"];
    becomes(8, network, expected);
}

#[test]
fn a_matrix_reads_the_plane_behind_a_flattening_and_identities_are_no_steps() {
    let network = |draft: &mut Draft, x| {
        let same = draft.graph.shape(x).plane;
        let x = draft.graph.adaptive_mean(x, same);
        let x = draft.graph.flatten(x);
        let x = draft.linear(x, 4).unwrap();
        let x = draft.graph.flatten(x);
        let x = draft.relu(x);
        draft.linear(x, 4).unwrap();
    };
    becomes(8, network, ["5 = matrix relu of 0", "6 = matrix of 5"]);
}

#[test]
fn what_no_kernel_computes_is_refused_by_name() {
    let Some(set) = InstructionSet::best() else { return };
    let mut flat = Draft::new(8);
    flat.graph.flatten(Value(0));
    let mut wide = Draft::new(8);
    wide.convolution(Value(0), 3, 7, 1, 3);

    let refused = [flat, wide].map(|draft| fuse(&draft.graph, set).unwrap_err().to_string());

    assert_eq!(
        refused,
        [
            "layer flatten: is read by no matrix",
            "layer convolution: no kernel computes this depthwise convolution",
        ]
    );
}
