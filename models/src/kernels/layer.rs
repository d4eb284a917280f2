//! What a convolution is, before it is packed for an instruction set.

/// Height and width of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    pub height: usize,
    pub width: usize,
}

impl Plane {
    /// Its pixels.
    pub const fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// Zeros around an image, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Padding {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Padding {
    /// The same on each side.
    pub const fn even(pixels: usize) -> Self {
        Self { top: pixels, left: pixels, bottom: pixels, right: pixels }
    }
}

/// A square window that walks over a padded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Side of the square.
    pub side: usize,
    /// Pixels from one place to the next, down as across.
    pub stride: usize,
    pub padding: Padding,
}

impl Window {
    /// 1 × 1.
    pub const POINT: Self = Self { side: 1, stride: 1, padding: Padding::even(0) };

    /// The image with its padding.
    pub const fn padded(self, plane: Plane) -> Plane {
        let Padding { top, left, bottom, right } = self.padding;
        Plane { height: top + plane.height + bottom, width: left + plane.width + right }
    }

    /// The places that the window takes.
    ///
    /// # Panics
    /// If the window is larger than the padded image.
    pub fn places(self, plane: Plane) -> Plane {
        let Plane { height, width } = self.padded(plane);
        assert!(
            self.side <= height && self.side <= width && self.side > 0 && self.stride > 0,
            "{self:?} fits nowhere into {plane:?}"
        );
        let places = |length: usize| (length - self.side) / self.stride + 1;
        Plane { height: places(height), width: places(width) }
    }
}

/// Channels of a pixel, in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channels {
    pub input: usize,
    pub output: usize,
}

/// A convolution with its weights as PyTorch lays them out, batch norm already folded in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'a> {
    pub channels: Channels,
    pub window: Window,
    /// `[output][input][side][side]`, or `[channel][1][side][side]` if depthwise.
    pub weights: &'a [f32],
    /// `[output]`.
    pub bias: &'a [f32],
}

impl Layer<'_> {
    /// # Panics
    /// If the weights or biases are not as many as the layer needs, each output channel reading
    /// `inputs` channels.
    pub(super) fn check(&self, inputs: usize) {
        let Self { channels, window, weights, bias } = self;
        assert_eq!(weights.len(), channels.output * inputs * window.side.pow(2), "weights");
        assert_eq!(bias.len(), channels.output, "biases");
    }
}
