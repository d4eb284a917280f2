//! Pictures as inputs: bytes become the [`Views`] that the models of this process look at.

use actors::failure::Class;
use actors::input::{Input, Raw};
use actors::ports::{DecodeError, Decoded, Decoder};
use models::picture::{Limits, PictureError, ViewSpec, Views, decode, header};

/// Decodes a picture once and resizes it to every size that any model wants; the full picture is
/// dropped before the models see it.
#[derive(Clone, Debug)]
pub struct PictureDecoder {
    limits: Limits,
    views: Vec<ViewSpec>,
}

impl PictureDecoder {
    /// A decoder of pictures within `limits` into `views`.
    #[must_use]
    pub const fn new(limits: Limits, views: Vec<ViewSpec>) -> Self {
        Self { limits, views }
    }

    /// What the views of any picture hold together, in pixels.
    fn pixels_kept(&self) -> u64 {
        self.views.iter().map(|view| u64::from(view.width) * u64::from(view.height)).sum()
    }
}

impl Decoder for PictureDecoder {
    /// At least what its views will hold, since even the views of a picture of one pixel do.
    fn pixels(&self, raw: &Raw) -> Result<u64, DecodeError> {
        let header = header(&raw.bytes, &self.limits).map_err(refusal)?;
        Ok(header.pixels().max(self.pixels_kept()))
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        let picture = decode(&raw.bytes, &self.limits).map_err(refusal)?;
        drop(raw); // its bytes and their credits: resizing needs the pixels only
        let views = Views::new(&picture, &self.views);
        Ok(Decoded { pixels_kept: views.pixels_kept(), input: Input::new(views) })
    }
}

fn refusal(error: PictureError) -> DecodeError {
    let class = match error {
        PictureError::Empty => Class::EmptyBody,
        PictureError::Unsupported(_) => Class::UnsupportedFormat,
        PictureError::Corrupt(_) => Class::CorruptImage,
        PictureError::TooManyPixels { .. } => Class::TooManyPixels,
    };
    DecodeError { class, cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use actors::flow::credits::Budget;
    use actors::record::RecordId;
    use image::{ImageFormat, RgbImage};
    use models::picture::Filter;

    use super::*;

    const VIEW: ViewSpec = ViewSpec { width: 4, height: 4, filter: Filter::Bilinear };

    fn decoder(pixels: u64) -> PictureDecoder {
        PictureDecoder::new(Limits { pixels }, vec![VIEW])
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::new(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn raw(bytes: &[u8], budget: &Budget) -> Raw {
        let reservation = budget.try_reserve(bytes.len() as u32).unwrap();
        let id = RecordId::new("swms7qdx").unwrap();
        let location = "a.png".into();
        Raw { id, version: 7, bytes: bytes.to_vec().into(), location, reservation }
    }

    #[test]
    fn a_picture_becomes_views_and_gives_its_bytes_credits_back() {
        let budget = Budget::new(10_000);
        let raw = raw(&png(30, 20), &budget);

        assert_eq!(decoder(600).pixels(&raw), Ok(600));
        let decoded = decoder(600).decode(raw).unwrap();

        let views: &Views = decoded.input.get().unwrap();
        assert_eq!((views.width, views.height, decoded.pixels_kept), (30, 20, 16));
        assert!(views.view(&VIEW).is_some());
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn the_smallest_picture_costs_what_its_views_hold() {
        let budget = Budget::new(10_000);

        assert_eq!(decoder(600).pixels(&raw(&png(1, 1), &budget)), Ok(16));
    }

    #[test]
    fn each_fault_of_a_picture_has_its_class() {
        let budget = Budget::new(1_000_000);
        let whole = png(30, 20);
        let cases = [
            (&b""[..], Class::EmptyBody),
            (b"<html>", Class::UnsupportedFormat),
            (&whole[..whole.len() - 20], Class::CorruptImage),
            (&png(30, 21), Class::TooManyPixels),
        ];
        for (bytes, expected) in cases {
            let header = decoder(600).pixels(&raw(bytes, &budget)).err();
            let decoded = decoder(600).decode(raw(bytes, &budget)).err();
            assert_eq!(header.or(decoded).map(|error| error.class), Some(expected));
        }
    }
}
