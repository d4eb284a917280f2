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

    /// The activation of one value; NaN stays NaN, as in vectors.
    pub fn of(self, value: f32) -> f32 {
        value.clamp(self.low, self.high)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_at_both_ends_and_what_is_no_number_stays_none() {
        let values = [-7.0, 3.0, 7.0, f32::INFINITY];
        assert_eq!(values.map(|value| Activation::RELU6.of(value)), [0.0, 3.0, 6.0, 6.0]);
        assert_eq!(values.map(|value| Activation::IDENTITY.of(value)), values);
        for activation in [Activation::IDENTITY, Activation::RELU, Activation::RELU6] {
            assert!(activation.of(f32::NAN).is_nan());
        }
    }
}
