//! What a graph infers of shapes, and what it refuses.

use super::*;
use crate::kernels::Padding;
use crate::plan::tests::draft::Draft;

const WINDOW: Window = Window { side: 3, stride: 2, padding: Padding::even(0) };

/// The weights of a layer of so many numbers.
fn weights(matrix: usize, bias: usize) -> Weights {
    Weights { matrix: Numbers::zeros(matrix), bias: Numbers::zeros(bias) }
}

#[test]
fn shapes_follow_from_windows() {
    let plane = |height, width| Plane { height, width };
    let one_sided = Padding { top: 0, left: 0, bottom: 1, right: 1 };
    for (from, window, to) in [
        (plane(8, 8), WINDOW, plane(3, 3)),
        (plane(9, 8), WINDOW, plane(4, 3)),
        (plane(8, 9), Window { padding: Padding::even(1), ..WINDOW }, plane(4, 5)),
        (plane(8, 8), Window { padding: one_sided, ..WINDOW }, plane(4, 4)),
        (plane(8, 6), Window::POINT, plane(8, 6)),
    ] {
        let mut graph = Graph::new(from);
        let pooled = graph.max_pool("max", graph.input(), window).unwrap();
        assert_eq!(graph.shape(pooled), Shape { channels: 3, plane: to }, "{window:?}");
        let count = 5 * 3 * window.side * window.side;
        let layer = Convolution { window, channels: 5, groups: 1 };
        let found = graph.convolution("conv", graph.input(), layer, weights(count, 5)).unwrap();
        assert_eq!(graph.shape(found), Shape { channels: 5, plane: to }, "{window:?}");
    }
}

#[test]
fn vectors_are_what_flattening_and_means_leave() {
    let mut graph = Graph::new(Plane { height: 4, width: 6 });
    let flat = graph.flatten(graph.input());
    let mean = graph.mean(graph.input());
    let part = graph.adaptive_mean(graph.input(), Plane { height: 2, width: 3 });
    let shapes = [flat, mean, part].map(|value| graph.shape(value).to_string());
    assert_eq!(shapes, ["72×1×1", "3×1×1", "3×2×3"]);
    let matrix = graph.linear("matrix", flat, 5, weights(360, 5)).unwrap();
    assert_eq!((graph.shape(matrix), graph.output()), (Shape::vector(5), matrix));
}

#[test]
fn what_does_not_fit_is_refused_by_the_name_of_its_layer() {
    let mut graph = Graph::new(Plane { height: 8, width: 8 });
    let x = graph.input();
    let layer = |groups, window| Convolution { window, channels: 4, groups };
    let mut conv = |layer, matrix, bias| graph.convolution("stem", x, layer, weights(matrix, bias));
    let mut refused = vec![
        conv(layer(1, WINDOW), 107, 4),
        conv(layer(1, WINDOW), 108, 5),
        conv(layer(2, WINDOW), 54, 4),
        conv(layer(1, Window { side: 9, ..WINDOW }), 972, 4),
        conv(layer(1, Window { stride: 0, ..WINDOW }), 108, 4),
    ];
    let small = graph.max_pool("max", x, WINDOW).unwrap();
    refused.push(graph.add("block.add", x, small));
    refused.push(graph.linear("matrix", x, 2, weights(6, 2)));

    let refused: Vec<String> = refused.into_iter().map(|r| r.unwrap_err().to_string()).collect();

    assert_eq!(
        refused,
        [
            "layer stem: 107 numbers as weights instead of 108",
            "layer stem: 5 numbers as bias instead of 4",
            "layer stem: 2 groups of 3 channels are not known",
            "layer stem: a window of 9×9 does not fit into 3×8×8",
            "layer stem: a window of 3×3 does not fit into 3×8×8",
            "layer block.add: adds 3×3×3 to 3×8×8",
            "layer matrix: reads 3×8×8, which is no vector",
        ]
    );
}

#[test]
fn weights_are_taken_once() {
    let mut draft = Draft::new(8);
    let conv = draft.convolution(Value(0), 4, 3, 1, 1);

    let weights = draft.graph.take_weights(conv).unwrap();

    assert_eq!((weights.matrix.read().len(), weights.bias.read().len()), (108, 4));
    assert!(draft.graph.take_weights(conv).is_err());
}
