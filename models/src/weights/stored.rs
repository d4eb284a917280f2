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
mod tests;
