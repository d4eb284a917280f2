//! A stored weights file, read tensor by tensor: it never lies in memory beside the network that it
//! becomes, which for VGG16 would be 270 MB more.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use burn::store::burn_pack::{Error, Tensor};
use burn::tensor::{Bytes, DType, Shape, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use sha2::{Digest, Sha256};

use crate::model::ModelError;

/// Bytes that are read at once: few calls, little memory.
const PIECE: usize = 1 << 20;

/// The bytes of a `weights.safetensors`; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// An open file.
    File(Arc<File>),
    /// What was just made.
    Memory(Arc<Vec<u8>>),
    /// Compiled in.
    Bundled(&'static [u8]),
}

impl Stored {
    /// Length in bytes.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => file.metadata().map(|metadata| metadata.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::Bundled(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// SHA-256 of all bytes, in lower-case hex.
    pub fn sha256(&self) -> io::Result<String> {
        let mut digest = Sha256::new();
        self.pieces(0..self.length()?, |piece| digest.update(piece))?;
        Ok(format!("{:x}", digest.finalize()))
    }

    /// Every tensor, its numbers as f32 and unread until they are asked for.
    pub fn tensors(&self) -> Result<Vec<Tensor>, ModelError> {
        self.tensors_as(|_, _| Width::Single)
    }

    /// The same, but matrices as they are stored: nothing is computed with them before they are packed,
    /// and the largest then take half the memory.
    pub fn tensors_to_pack(&self) -> Result<Vec<Tensor>, ModelError> {
        self.tensors_as(|info, stored| if info.shape.len() == 2 { stored } else { Width::Single })
    }

    /// Every tensor in the width that `wanted` says of its information and its width in the file.
    fn tensors_as(
        &self,
        wanted: impl Fn(&TensorInfo, Width) -> Width,
    ) -> Result<Vec<Tensor>, ModelError> {
        let wrong = |what: String| ModelError::Weights(format!("no safetensors file: {what}"));
        let (metadata, start) = self.metadata().map_err(|error| wrong(error.to_string()))?;
        let tensors = metadata.tensors().into_iter().map(|(name, info)| {
            let width = match info.dtype {
                Dtype::F16 => Width::Half,
                Dtype::F32 => Width::Single,
                other => return Err(wrong(format!("{name} holds {other:?}"))),
            };
            Ok(self.tensor(name, info, start, (width, wanted(info, width))))
        });
        tensors.collect()
    }

    /// The header, whose offsets were checked against the shapes and the length, and where the
    /// numbers start.
    fn metadata(&self) -> io::Result<(Metadata, u64)> {
        let wrong = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut length = [0; 8];
        self.read(&mut length, 0)?;
        let start = u64::from_le_bytes(length).checked_add(8);
        let start = start.filter(|start| self.length().is_ok_and(|length| *start <= length));
        let start = start.ok_or_else(|| wrong("its header is cut off"))?;
        let mut header = vec![0; usize::try_from(start - 8).map_err(io::Error::other)?];
        self.read(&mut header, 8)?;
        let metadata: Metadata = serde_json::from_slice(&header)?;
        if start.checked_add(metadata.data_len() as u64) == Some(self.length()?) {
            Ok((metadata, start))
        } else {
            Err(wrong("it is longer or shorter than its header says"))
        }
    }

    /// A tensor from one width to another; never from f32 to f16.
    fn tensor(
        &self,
        name: String,
        info: &TensorInfo,
        start: u64,
        (from_width, width): (Width, Width),
    ) -> Tensor {
        let (from, to) = info.data_offsets;
        let range = start + from as u64..start + to as u64;
        let count: usize = info.shape.iter().product();
        let stored = self.clone();
        let numbers = move || {
            let read = match width {
                Width::Half => stored.halves(range.clone(), count).map(Bytes::from_elems),
                Width::Single => {
                    stored.singles(range.clone(), count, from_width).map(Bytes::from_elems)
                }
            };
            read.map_err(|error| Error::IoError(error.to_string()))
        };
        let (dtype, size) = match width {
            Width::Half => (DType::F16, size_of::<f16>()),
            Width::Single => (DType::F32, size_of::<f32>()),
        };
        let shape = Shape::from(info.shape.clone());
        Tensor::deferred(name, dtype, shape, None, count * size, numbers)
    }

    /// The f16 numbers of `range`.
    fn halves(&self, range: Range<u64>, count: usize) -> io::Result<Vec<f16>> {
        let mut halves = Vec::with_capacity(count);
        self.pieces(range, |piece| {
            halves.extend(piece.as_chunks().0.iter().map(|half| f16::from_le_bytes(*half)));
        })?;
        Ok(halves)
    }

    /// The numbers of `range` as f32.
    fn singles(&self, range: Range<u64>, count: usize, width: Width) -> io::Result<Vec<f32>> {
        let mut numbers = Vec::with_capacity(count);
        self.pieces(range, |piece| width.append(piece, &mut numbers))?;
        Ok(numbers)
    }

    /// Shows `range` to `see`, piece by piece; each but the last is a whole number of values.
    fn pieces(&self, range: Range<u64>, mut see: impl FnMut(&[u8])) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        let mut at = range.start;
        while at < range.end {
            let length = usize::try_from(range.end - at).map_or(PIECE, |rest| rest.min(PIECE));
            self.read(&mut piece[..length], at)?;
            see(&piece[..length]);
            at += length as u64;
        }
        Ok(())
    }

    /// Fills `buffer` with what stands at `offset`.
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = match self {
            Self::File(file) => return file.read_exact_at(buffer, offset),
            Self::Memory(bytes) => bytes.as_slice(),
            Self::Bundled(bytes) => bytes,
        };
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = start.checked_add(buffer.len()).and_then(|end| bytes.get(start..end));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// How a number is stored.
#[derive(Clone, Copy)]
enum Width {
    Half,
    Single,
}

impl Width {
    /// Appends the numbers of `piece`.
    fn append(self, piece: &[u8], numbers: &mut Vec<f32>) {
        match self {
            Self::Half => {
                let halves = piece.as_chunks().0.iter();
                numbers.extend(halves.map(|half| f16::from_le_bytes(*half).to_f32()));
            }
            Self::Single => {
                numbers.extend(piece.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this header and these numbers.
    fn stored(header: &str, numbers: &[u8]) -> Stored {
        let length = (header.len() as u64).to_le_bytes();
        Stored::Memory(Arc::new([&length, header.as_bytes(), numbers].concat()))
    }

    #[test]
    fn halves_and_singles_become_f32() {
        let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
                         "b":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}"#;
        let numbers = [f16::from_f32(0.5).to_le_bytes(), f16::from_f32(-3.0).to_le_bytes()];
        let numbers = [numbers.concat(), 0.1_f32.to_le_bytes().to_vec()].concat();

        let file = stored(header, &numbers);
        let mut tensors = file.tensors().unwrap();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let values = |tensor: &Tensor| -> Vec<f32> {
            let bytes = tensor.to_bytes().unwrap();
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        assert_eq!(tensors.iter().map(values).collect::<Vec<_>>(), [vec![0.5, -3.0], vec![0.1]]);
        assert_eq!(tensors[1].shape.to_vec(), [1, 1]);
    }

    #[test]
    fn to_pack_them_matrices_stay_halves_and_all_else_becomes_f32() {
        let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
                         "b":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},
                         "c":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}"#;
        let half = |value| f16::from_f32(value).to_le_bytes();
        let halves = [0.5, -3.0, 0.25, 2.0].map(half).concat();
        let file = stored(header, &[halves.clone(), 0.1_f32.to_le_bytes().to_vec()].concat());

        let mut tensors = file.tensors_to_pack().unwrap();

        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let dtypes: Vec<_> = tensors.iter().map(|tensor| tensor.dtype).collect();
        assert_eq!(dtypes, [DType::F32, DType::F16, DType::F32]);
        assert_eq!(tensors[1].to_bytes().unwrap()[..], halves[4..]);
        assert_eq!(tensors[2].to_bytes().unwrap()[..], 0.1_f32.to_le_bytes());
    }

    #[test]
    fn a_file_that_is_no_safetensors_is_refused_and_says_why() {
        let one = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let most = usize::MAX.to_string();
        let endless = one.replace("F32", "U8").replace("[1]", &format!("[{most}]"));
        let endless = endless.replace('4', &most);
        let cases = [
            (Stored::Bundled(b"PK"), "no safetensors file"),
            (Stored::Bundled(&[255; 20]), "its header is cut off"),
            (stored("[]", &[]), "no safetensors file"),
            (stored(one, &[0; 3]), "longer or shorter than its header says"),
            (stored(one, &[0; 5]), "longer or shorter than its header says"),
            (stored(&one.replace("[1]", "[2]"), &[0; 4]), "no safetensors file"),
            (stored(&one.replace("F32", "I32"), &[0; 4]), "a holds I32"),
            (stored(&endless, &[0; 4]), "no safetensors file"),
        ];
        for (stored, expected) in cases {
            let refused = stored.tensors().unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused:?} does not say {expected:?}");
        }
    }

    #[test]
    fn the_digest_is_that_of_all_bytes_in_whatever_pieces() {
        let bytes: Vec<u8> = (0..PIECE + 3).map(|at| at.to_le_bytes()[0]).collect();
        let expected = format!("{:x}", Sha256::digest(&bytes));
        assert_eq!(Stored::Memory(Arc::new(bytes)).sha256().unwrap(), expected);
    }
}
