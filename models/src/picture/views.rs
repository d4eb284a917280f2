//! What the inferrers see of a picture: its dimensions and a few small copies.

use super::resize::{Filter, resize};
use super::rgb::Rgb;

/// A size that a model wants to see a picture in. The aspect ratio is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewSpec {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How it is resized.
    pub filter: Filter,
}

/// A picture's own dimensions and one small picture for each [`ViewSpec`].
///
/// Made once, in the thread that decodes, for all models together; then the full picture goes.
#[derive(Clone, Debug)]
pub struct Views {
    /// Width of the original, in pixels.
    pub width: u32,
    /// Height of the original, in pixels.
    pub height: u32,
    views: Vec<(ViewSpec, Rgb)>,
}

impl Views {
    /// Resizes `picture` to every size in `specs`, each once however often it is named.
    #[must_use]
    pub fn new(picture: &Rgb, specs: &[ViewSpec]) -> Self {
        let mut views = Vec::with_capacity(specs.len());
        for spec in specs {
            if !views.iter().any(|(made, _)| made == spec) {
                views.push((*spec, resize(picture, spec.width, spec.height, spec.filter)));
            }
        }
        let (width, height) = picture.original();
        Self { width, height, views }
    }

    /// The picture in the size `spec`, if it was made.
    #[must_use]
    pub fn view(&self, spec: &ViewSpec) -> Option<&Rgb> {
        self.views.iter().find(|(made, _)| made == spec).map(|(_, view)| view)
    }

    /// How many pixels all views hold together: what a queued picture costs in memory.
    #[must_use]
    pub fn pixels_kept(&self) -> u64 {
        self.views.iter().map(|(spec, _)| u64::from(spec.width) * u64::from(spec.height)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: ViewSpec = ViewSpec { width: 2, height: 1, filter: Filter::Bilinear };
    const NEAREST: ViewSpec = ViewSpec { filter: Filter::Nearest, ..SMALL };

    #[test]
    fn each_size_is_made_once_and_the_original_dimensions_stay() {
        let picture = Rgb::new(4, 3, (0..36).collect()).unwrap();

        let views = Views::new(&picture, &[SMALL, NEAREST, SMALL]);

        assert_eq!((views.width, views.height), (4, 3));
        assert_eq!(views.pixels_kept(), 4);
        assert_eq!(views.view(&SMALL), Some(&resize(&picture, 2, 1, Filter::Bilinear)));
        assert_ne!(views.view(&SMALL), views.view(&NEAREST));
        assert_eq!(views.view(&ViewSpec { width: 3, ..SMALL }), None);
    }
}
