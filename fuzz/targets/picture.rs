//! Any bytes as a picture: they are answered, within bounds, and never with a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use models::picture::{Filter, Limits, PictureError, ViewSpec, Views, decode, header};

#[allow(dead_code, unused_imports, reason = "of the crate the decoders alone are fuzzed")]
#[path = "../../models/src"]
mod models {
    pub mod picture;
}

/// Small, so that the time goes into reading and not into painting.
const LIMITS: Limits = Limits { pixels: 1 << 18 };

/// Small and odd, for the same reason.
const VIEW: ViewSpec = ViewSpec { width: 7, height: 5, filter: Filter::Bilinear };

fuzz_target!(|bytes: &[u8]| {
    let head = header(bytes, &LIMITS);
    match decode(bytes, &LIMITS) {
        Ok(rgb) => {
            let head = head.expect("what has no header cannot be decoded");
            assert_eq!(rgb.original(), (head.width, head.height));
            assert!(head.pixels() <= LIMITS.pixels);
            let pixels = u64::from(rgb.width()) * u64::from(rgb.height());
            assert_eq!(rgb.pixels().len() as u64, pixels * 3);
            let views = Views::new(&rgb, &[VIEW]);
            assert_eq!((views.width, views.height), rgb.original());
        }
        Err(PictureError::TooManyPixels { pixels, limit }) => assert!(pixels > limit),
        Err(error) => assert!(head.is_ok() || head == Err(error)),
    }
});
