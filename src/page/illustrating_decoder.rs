//! A decoder that also draws the thumbnail for the run's page, while it has the picture in its hands.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::input::Raw;
use actors::ports::{DecodeError, Decoded, Decoder};
use models::picture::Views;

use super::album::Album;
use super::thumbnail::Thumbnail;
use crate::adapters::picture_decoder::PictureDecoder;
use crate::wire::local_document::LocalId;

/// Decodes as [`PictureDecoder`] does, whose views must hold the thumbnail's.
#[derive(Debug)]
pub struct IllustratingDecoder {
    decoder: PictureDecoder,
    album: Album,
    complained: AtomicBool,
}

impl IllustratingDecoder {
    /// Decodes by `decoder` and files thumbnails in `album`.
    #[must_use]
    pub const fn new(decoder: PictureDecoder, album: Album) -> Self {
        Self { decoder, album, complained: AtomicBool::new(false) }
    }

    fn illustrate(&self, id: &str, version: i64, decoded: &Decoded) -> io::Result<()> {
        let key = LocalId::parse(id).map(|id| (id, version));
        if let (Some(key), Some(views)) = (key, decoded.input.get::<Views>())
            && let Some(thumbnail) = Thumbnail::draw(views)?
        {
            self.album.file(key, &thumbnail)?;
        }
        Ok(())
    }

    /// A missing thumbnail is no failure of the picture: the page tries again. One complaint is
    /// enough, since a full disk would have one for every picture.
    fn complain(&self, error: &io::Error) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "a thumbnail could not be written");
        }
    }
}

impl Decoder for IllustratingDecoder {
    fn pixels(&self, raw: &Raw) -> Result<u64, DecodeError> {
        self.decoder.pixels(raw)
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        let (id, version) = (raw.id.clone(), raw.version);
        let decoded = self.decoder.decode(raw)?;
        if let Err(error) = self.illustrate(id.as_str(), version, &decoded) {
            self.complain(&error);
        }
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;
    use std::path::Path;

    use actors::flow::credits::Budget;
    use actors::record::RecordId;
    use image::{ImageFormat, RgbImage};
    use models::picture::Limits;

    use super::*;
    use crate::page::album::FOLDER;
    use crate::page::thumbnail::VIEW;

    fn raw(id: &str) -> Raw {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::new(30, 20).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let bytes = bytes.into_inner();
        let reservation = Budget::new(10_000).try_reserve(bytes.len() as u32).unwrap();
        let id = RecordId::new(id).unwrap();
        Raw { id, version: 7, bytes: bytes.into(), location: "a.png".into(), reservation }
    }

    fn decoder(out: &Path) -> IllustratingDecoder {
        let decoder = PictureDecoder::new(Limits::default(), vec![VIEW]);
        IllustratingDecoder::new(decoder, Album::of(out))
    }

    #[test]
    fn a_decoded_picture_has_a_thumbnail_under_its_id_and_version() {
        let out = tempfile::tempdir().unwrap();
        let id = LocalId::of_picture(Path::new("a.png"));

        decoder(out.path()).decode(raw(id.as_str())).unwrap();

        let filed = Album::of(out.path()).contents().unwrap();
        let thumbnail = &filed[&(id, 7)];
        assert_eq!((thumbnail.width, thumbnail.height), (30, 20));
    }

    #[test]
    fn a_picture_whose_thumbnail_cannot_be_written_is_decoded_all_the_same() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join(FOLDER), "in its place").unwrap();

        for id in ["abcdefgh", "no-local-id"] {
            let decoded = decoder(out.path()).decode(raw(id)).unwrap();
            assert!(decoded.input.get::<Views>().is_some());
        }
    }
}
