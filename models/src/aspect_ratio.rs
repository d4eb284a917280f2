//! Width divided by height.

use crate::model::{Model, ModelError, Output};
use crate::picture::{ViewSpec, Views};

/// Answers the aspect ratio of the original picture, from its own dimensions.
pub(crate) struct AspectRatio;

impl Model for AspectRatio {
    fn views(&self) -> &[ViewSpec] {
        &[]
    }

    fn infer(&mut self, pictures: &[&Views]) -> Result<Vec<Vec<Output>>, ModelError> {
        Ok(pictures.iter().map(|p| vec![Output::Number(ratio(p.width, p.height))]).collect())
    }
}

/// The nearest f32 to `width / height`.
fn ratio(width: u32, height: u32) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the field is an f32; rounding is meant")]
    let ratio = (f64::from(width) / f64::from(height)) as f32;
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_above_one_for_landscape_and_exact_where_f32_is() {
        assert_eq!(ratio(1, 30000).to_bits(), (1.0_f32 / 30000.0).to_bits());
        assert_eq!(ratio(400, 300).to_bits(), (4.0_f32 / 3.0).to_bits());
        assert_eq!(ratio(7, 7).to_bits(), 1.0_f32.to_bits());
    }
}
