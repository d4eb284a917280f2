//! Two lists of pictures: those that must succeed, and those that must be parked, with their class.
//!
//! What a *model* may do wrong is not here, since no program can be given such a model: every model
//! first has to pass its golden picture. The actors are shown with models that do, in `actors/tests`:
//! in `bisection.rs` one that fails, panics or leaves out an answer, and one that answers NaN, zeros,
//! or values of the wrong length, kind or number; in `hung_workers.rs` one that hangs. In all of them
//! the neighbours are indexed. A file that changes for a while and then rests is in
//! `file_fetcher_tests.rs`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use Made::{Bytes, Cut, Golden, Placed};

/// How a picture comes about.
pub enum Made {
    /// This one of `models/golden/decode`; beside it lies the RGB that it must give.
    Golden(&'static str),
    /// Such a one that ends after this share of its bytes, in percent.
    Cut(&'static str, usize),
    /// These bytes.
    Bytes(Vec<u8>),
    /// What this makes of its path.
    Placed(fn(&Path)),
}

/// A file's name, how it is made, and the class with which it is parked.
pub type Row<Name, Class> = (Name, Made, Class);

/// The pictures that must succeed. Those that are golden must give the colours and the aspect ratio of
/// the RGB beside them.
#[expect(clippy::too_many_lines, reason = "a list of one picture a line")]
pub fn must_succeed() -> Vec<Row<Vec<u8>, ()>> {
    let long = "x".repeat(251) + ".jpg"; // 255 bytes, the longest name there is
    let rows: Vec<(&[u8], Made)> = vec![
        // Colour modes.
        (b"16 bits.png", Golden("16-bit-rgb.png")),
        (b"16 bits grey.png", Golden("16-bit-grey.png")),
        (b"16 bits.tif", Golden("16-bit.tif")),
        (b"greyscale.jpg", Golden("grey.jpg")),
        (b"greyscale.png", Golden("grey.png")),
        (b"grey and alpha.png", Golden("grey-alpha.png")),
        (b"CMYK.jpg", Golden("cmyk-plain.jpg")),
        (b"CMYK, inverted by Adobe.jpg", Golden("cmyk-adobe.jpg")),
        (b"YCCK, inverted by Adobe.jpg", Golden("ycck-adobe.jpg")),
        (b"CMYK.tif", Golden("cmyk.tif")),
        (b"RGBA.png", Golden("rgba.png")),
        (b"palette.png", Golden("palette.png")),
        (b"palette with transparency.png", Golden("palette-transparent.png")),
        (b"one bit.png", Golden("one-bit.png")),
        (b"one bit.bmp", Golden("one-bit.bmp")),
        // Of animations the first frame.
        (b"animated.gif", Golden("animated.gif")),
        (b"animated.webp", Golden("animated.webp")),
        (b"animated.png", Golden("animated.png")),
        (b"first frame smaller than the canvas.gif", Golden("offset-frame.gif")),
        // Codings.
        (b"LZW.tif", Golden("lzw.tif")),
        (b"deflate.tif", Golden("deflate.tif")),
        (b"JPEG in TIFF.tif", Golden("jpeg.tif")),
        (b"tiles.tif", Golden("tiled.tif")),
        (b"BigTIFF.tif", Golden("big.tif")),
        (b"JPEG 2000.jp2", Golden("lossy.jp2")),
        (b"JPEG 2000 codestream.j2k", Golden("lossless.j2k")),
        (b"progressive.jpg", Golden("progressive.jpg")),
        (b"lossy.webp", Golden("lossy.webp")),
        (b"lossless.webp", Golden("lossless.webp")),
        (b"palette.bmp", Golden("palette.bmp")),
        (b"bytes after the end.jpg", Golden("trailing-bytes.jpg")),
        (b"rotated by EXIF, which is ignored.jpg", Golden("exif-rotated.jpg")),
        // Sizes.
        (b"1 x 30000.png", Golden("1x30000.png")),
        (b"1 x 1.png", Golden("1x1.png")),
        (b"1 x 1.jpg", Golden("1x1.jpg")),
        // Names: the content alone tells the format.
        (b"a PNG.jpg", Golden("rgb.png")),
        (b"a JPEG.webp", Golden("420.jpg")),
        (b"UPPER CASE.JPG", Golden("420.jpg")),
        (b"with spaces .jpg", Golden("420.jpg")),
        (b"quotes \"'`.jpg", Golden("420.jpg")),
        (b"line\nbreak and tab\t.jpg", Golden("420.jpg")),
        ("Unicode ünïcödé 図書館 🦀.jpg".as_bytes(), Golden("420.jpg")),
        (b"two..dots.jpg", Golden("420.jpg")),
        (b"%2e%2e%2f..#?&<script>.jpg", Golden("420.jpg")),
        (b"-rf.jpg", Golden("420.jpg")),
        (b"not UTF-8 \xff\xfe.jpg", Golden("420.jpg")),
        (long.as_bytes(), Golden("420.jpg")),
        // A link is followed wherever it leads, on purpose: whoever may make links in the folder may
        // as well copy files into it.
        (b"link out of the folder.jpg", Placed(|path| link(&golden("420.jpg"), path))),
    ];
    rows.into_iter().map(|(name, made)| (name.to_vec(), made, ())).collect()
}

/// The pictures that must be parked, with their class.
pub fn must_be_parked() -> Vec<Row<&'static str, &'static str>> {
    let bombs = super::bombs::bombs().into_iter();
    let mut rows: Vec<Row<&str, &str>> =
        bombs.map(|(kind, bytes)| (bomb(kind), Bytes(bytes), "too_many_pixels")).collect();
    rows.extend([
        // No picture at all.
        ("empty.jpg", Bytes(vec![]), "empty_body"),
        ("text.jpg", Bytes(b"This is a text.\n".repeat(40)), "unsupported_format"),
        ("page.jpg", Bytes(b"<!DOCTYPE html><h1>404</h1>".to_vec()), "unsupported_format"),
        ("drawing.png", Bytes(b"<svg width='9'/>".to_vec()), "unsupported_format"),
        ("arithmetic coding.jpg", Placed(arithmetic_coding), "unsupported_format"),
        // Broken.
        ("truncated.jpg", Cut("420.jpg", 60), "corrupt_image"),
        ("truncated progressive.jpg", Cut("progressive.jpg", 60), "corrupt_image"),
        ("truncated.png", Cut("rgb.png", 60), "corrupt_image"),
        ("truncated.gif", Cut("animated.gif", 20), "corrupt_image"),
        ("truncated.webp", Cut("lossy.webp", 60), "corrupt_image"),
        ("truncated.tif", Cut("lzw.tif", 60), "corrupt_image"),
        ("truncated.jp2", Cut("lossless.jp2", 60), "corrupt_image"),
        ("truncated.bmp", Cut("rgb.bmp", 60), "corrupt_image"),
        ("without its last byte.png", Cut("rgb.png", 99), "corrupt_image"),
        ("wrong CRC.png", Bytes(flipped("rgb.png", 8 + 4 + 4 + 13)), "corrupt_image"),
        ("header alone.jpg", Bytes(golden_bytes("420.jpg")[..180].to_vec()), "corrupt_image"),
        // Too large.
        ("65 MiB.jpg", Placed(|path| sparse(path, 65 << 20)), "too_many_bytes"),
        ("1 TiB.jpg", Placed(|path| sparse(path, 1 << 40)), "too_many_bytes"),
        // No file, or none that stays.
        ("dangling link.png", Placed(|path| link(Path::new("nowhere.png"), path)), "not_found"),
        ("link to itself.png", Placed(|path| link(path, path)), "not_found"),
        ("folder.png", Placed(|path| fs::create_dir(path).unwrap()), "unsupported_format"),
        ("link to a folder.png", Placed(|path| link(Path::new("/"), path)), "unsupported_format"),
        (
            "link to a device.png",
            Placed(|path| link(Path::new("/dev/zero"), path)),
            "unsupported_format",
        ),
        ("FIFO.png", Placed(fifo), "unsupported_format"),
        ("never twice the same.jpg", Placed(|path| link(never_at_rest(), path)), "corrupt_image"),
    ]);
    rows
}

/// What is neither: no outcome, but counted.
pub const IGNORED: [&str; 4] = ["notes.txt", ".hidden.jpg", "...jpg", "jpg"];

fn bomb(kind: &str) -> &'static str {
    match kind {
        "png" => "bomb.png",
        "gif" => "bomb.gif",
        "bmp" => "bomb.bmp",
        "jpeg" => "bomb.jpg",
        "jpeg 2000" => "bomb.jp2",
        "tiff" => "bomb.tif",
        "webp" => "bomb.webp",
        other => panic!("a bomb of the new format {other} has no row"),
    }
}

impl Made {
    /// Makes it at `path`.
    pub fn make(&self, path: &Path) {
        match self {
            Golden(name) => fs::write(path, golden_bytes(name)).unwrap(),
            Cut(name, percent) => {
                let whole = golden_bytes(name);
                fs::write(path, &whole[..whole.len() * percent / 100]).unwrap();
            }
            Bytes(bytes) => fs::write(path, bytes).unwrap(),
            Placed(place) => place(path),
        }
    }
}

/// The path of a golden picture.
pub fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/golden/decode").join(name)
}

fn golden_bytes(name: &str) -> Vec<u8> {
    fs::read(golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn flipped(name: &str, at: usize) -> Vec<u8> {
    let mut bytes = golden_bytes(name);
    bytes[at] ^= 1;
    bytes
}

fn arithmetic_coding(path: &Path) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/golden");
    fs::copy(golden.join("arithmetic.jpg"), path).unwrap();
}

fn link(to: &Path, at: &Path) {
    symlink(to, at).unwrap();
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn sparse(path: &Path, length: u64) {
    fs::File::create(path).unwrap().set_len(length).unwrap();
}

/// A regular file of the kernel's that says 4096 bytes and gives others, however often it is read: to
/// a reader it changes all the time.
fn never_at_rest() -> &'static Path {
    const CANDIDATES: [&str; 3] = [
        "/sys/devices/system/cpu/online",
        "/sys/kernel/uevent_seqnum",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    ];
    let found = CANDIDATES.iter().map(Path::new).find(|path| fs::read(path).is_ok());
    found.expect("Linux has /sys")
}
