//! What follows a convolution's sum while it is still in registers.

/// A clamp: every activation of the networks here is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Activation {
    /// The least value that comes out.
    pub low: f32,
    /// The greatest.
    pub high: f32,
}

impl Activation {
    /// Nothing.
    pub const IDENTITY: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };
    /// `max(x, 0)`.
    pub const RELU: Self = Self { low: 0.0, high: f32::INFINITY };
    /// `min(max(x, 0), 6)`.
    pub const RELU6: Self = Self { low: 0.0, high: 6.0 };

    /// The activation of one value.
    pub fn of(self, value: f32) -> f32 {
        value.max(self.low).min(self.high)
    }
}

/// What is done to a sum before it is stored: `activation(sum + bias + residual)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epilogue<'a> {
    /// Laid out as the output.
    pub residual: Option<&'a [f32]>,
    /// Comes last.
    pub activation: Activation,
}

impl From<Activation> for Epilogue<'_> {
    fn from(activation: Activation) -> Self {
        Self { residual: None, activation }
    }
}
