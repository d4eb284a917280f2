//! The bounds of the process.

use std::time::Duration;

use super::options::LimitOptions;
use super::options::Options;
use super::{Config, Problems, values};

/// The bounds of the process.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Messages in flight.
    pub in_flight: u32,
    /// Bytes in flight.
    pub bytes_in_flight: u32,
    /// Pixels in flight.
    pub pixels_in_flight: u32,
    /// Bytes of one picture.
    pub picture_bytes: u32,
    /// Pixels of one picture.
    pub picture_pixels: u32,
    /// The drain's deadline.
    pub drain: Duration,
}

impl Limits {
    pub(super) fn new(options: &LimitOptions, problems: &mut Problems) -> Self {
        let LimitOptions {
            in_flight,
            bytes_in_flight,
            pixels_in_flight,
            picture_bytes,
            picture_pixels,
            drain,
        } = options;
        let messages = values::count(1..=MOST_IN_FLIGHT);
        let pixels = values::count(FEWEST_PIXELS..=u32::MAX);
        Self {
            in_flight: problems.parse("in-flight", in_flight, messages),
            bytes_in_flight: problems.parse("bytes-in-flight", bytes_in_flight, values::size),
            pixels_in_flight: problems.parse("pixels-in-flight", pixels_in_flight, pixels),
            picture_bytes: problems.parse("picture-bytes", picture_bytes, values::size),
            picture_pixels: problems.parse(
                "picture-pixels",
                picture_pixels,
                values::count(1..=u32::MAX),
            ),
            drain: problems.parse("drain", drain, values::duration),
        }
    }
}

/// The most messages that may be in flight: an actor looks at all of its calls whenever one of them
/// moves, which is fine for hundreds and not for thousands.
const MOST_IN_FLIGHT: u32 = 1000;

/// The fewest pixels that may be in flight. A picture takes at least what the models' views of it hold,
/// 50,176 for each network of the usual size: with fewer than they need together none could ever be
/// decoded.
const FEWEST_PIXELS: u32 = 1_000_000;

/// Checks the values that must fit each other, once each of them is right by itself.
pub(super) fn check_together(config: &Config, options: &Options, problems: &mut Problems) {
    let Limits { bytes_in_flight, pixels_in_flight, picture_bytes, picture_pixels, .. } =
        config.limits;
    if picture_bytes > bytes_in_flight && bytes_in_flight > 0 {
        let remedy =
            "a picture may not be larger than all that may be in flight (--bytes-in-flight)";
        problems.note("picture-bytes", &options.limits.picture_bytes, remedy);
    }
    if picture_pixels > pixels_in_flight && pixels_in_flight > 0 {
        let remedy =
            "a picture may not be larger than all that may be in flight (--pixels-in-flight)";
        problems.note("picture-pixels", &options.limits.picture_pixels, remedy);
    }
}
