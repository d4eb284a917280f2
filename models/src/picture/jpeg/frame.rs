//! The frame: dimensions, components, and how they lie in blocks.

use super::plane::Plane;
use super::{PictureError, corrupt, unsupported};

/// Side of a block in samples.
pub const SIDE: usize = 8;

/// Coefficients or samples of a block.
pub const BLOCK: usize = SIDE * SIDE;

/// What the frame header says, and the planes that the scans fill.
pub struct Frame {
    pub width: u16,
    pub height: u16,
    pub is_progressive: bool,
    pub components: Vec<Component>,
    /// The largest sampling factors of any component.
    pub most: Sampling,
}

/// How many blocks of a component lie in one minimum coded unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    pub across: usize,
    pub down: usize,
}

/// One colour component.
pub struct Component {
    pub id: u8,
    pub sampling: Sampling,
    /// Which quantisation table it uses.
    pub table: usize,
    /// Those of its samples that belong to the picture.
    pub width: usize,
    pub height: usize,
    /// Blocks that belong to the picture.
    pub blocks_across: usize,
    pub blocks_down: usize,
    /// Blocks with the padding to whole minimum coded units: the length of a row of blocks.
    pub stride: usize,
    /// Rows of blocks with that padding.
    pub rows: usize,
    /// Its quantisation table, taken when its first scan begins, as later scans may replace it.
    pub quantisation: Option<[u16; BLOCK]>,
    /// The coefficients of all blocks, kept only while a progressive frame refines them.
    pub coefficients: Vec<[i16; BLOCK]>,
    /// Which of them are not 0, for each block; see [`super::progressive::Block`].
    pub known: Vec<u64>,
    /// The decoded samples.
    pub plane: Plane,
}

impl Frame {
    /// Reads a frame header; allocates nothing that depends on its dimensions.
    pub fn read(marker: u8, payload: &[u8]) -> Result<Self, PictureError> {
        match marker {
            0xc0..=0xc2 => {}
            0xc3 | 0xc5..=0xc7 => return unsupported("a lossless or hierarchical JPEG"),
            0xf7 => return unsupported("a JPEG-LS"),
            _ => return unsupported("an arithmetic-coded JPEG"),
        }
        let Some((&[precision, y1, y0, x1, x0, count], rest)) = payload.split_first_chunk() else {
            return corrupt("a JPEG frame header that is cut");
        };
        if precision != 8 {
            return unsupported(&format!("a JPEG of {precision} bits a sample"));
        }
        let (width, height) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
        if height == 0 {
            return unsupported("a JPEG that announces its height after its pixels");
        }
        if ![1, 3, 4].contains(&count) || rest.len() < usize::from(count) * 3 || width == 0 {
            return corrupt(&format!("a JPEG of {count} components, {width} pixels wide"));
        }
        let headers: Vec<[u8; 3]> = rest.as_chunks().0[..usize::from(count)].to_vec();
        Self::with_components(marker == 0xc2, width, height, &headers)
    }

    fn with_components(
        is_progressive: bool,
        width: u16,
        height: u16,
        headers: &[[u8; 3]],
    ) -> Result<Self, PictureError> {
        let sampling = |factors: u8| Sampling {
            across: usize::from(factors >> 4),
            down: usize::from(factors & 15),
        };
        let samplings: Vec<_> = headers.iter().map(|header| sampling(header[1])).collect();
        if samplings.iter().any(|s| !(1..=4).contains(&s.across) || !(1..=4).contains(&s.down)) {
            return corrupt("a JPEG with impossible sampling factors");
        }
        let across = samplings.iter().map(|s| s.across).max().unwrap_or(1);
        let down = samplings.iter().map(|s| s.down).max().unwrap_or(1);
        if samplings.iter().any(|s| across % s.across != 0 || down % s.down != 0) {
            return unsupported("a JPEG with fractional sampling factors");
        }
        let most = Sampling { across, down };
        let size = (usize::from(width), usize::from(height));
        let components = headers.iter().zip(samplings);
        let components =
            components.map(|(header, sampling)| Component::new(*header, sampling, most, size));
        Ok(Self { width, height, is_progressive, components: components.collect(), most })
    }

    /// Minimum coded units across and down, of scans with several components.
    pub fn units(&self) -> (usize, usize) {
        let across = usize::from(self.width).div_ceil(SIDE * self.most.across);
        (across, usize::from(self.height).div_ceil(SIDE * self.most.down))
    }

    /// Makes room for what the scans will bring.
    pub fn allocate(&mut self) {
        for component in &mut self.components {
            let blocks = component.stride * component.rows;
            if self.is_progressive {
                component.coefficients = vec![[0; BLOCK]; blocks];
                component.known = vec![0; blocks];
            } else {
                component.plane = Plane::new(component.stride, component.rows);
            }
        }
    }

    /// Makes the planes of a progressive frame out of its coefficients, and checks that every
    /// component had a scan.
    pub fn finish(&mut self) -> Result<(), PictureError> {
        for component in &mut self.components {
            let Some(table) = component.quantisation else {
                return corrupt("a JPEG that lacks the scan of a component");
            };
            if self.is_progressive {
                let coefficients = std::mem::take(&mut component.coefficients);
                component.plane = Plane::new(component.stride, component.rows);
                component.known = Vec::new();
                for (row, blocks) in coefficients.chunks_exact(component.stride).enumerate() {
                    for (column, block) in blocks.iter().enumerate() {
                        component.plane.put(row, column, block, &table);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Component {
    /// Puts a block's samples into the plane. Its scan has bound the quantisation table.
    #[inline(always)]
    pub fn put(&mut self, row: usize, column: usize, block: &[i16; BLOCK]) {
        if let Some(table) = &self.quantisation {
            self.plane.put(row, column, block, table);
        }
    }

    fn new(header: [u8; 3], sampling: Sampling, most: Sampling, size: (usize, usize)) -> Self {
        let [id, _, table] = header;
        let width = (size.0 * sampling.across).div_ceil(most.across);
        let height = (size.1 * sampling.down).div_ceil(most.down);
        Self {
            id,
            sampling,
            table: usize::from(table),
            width,
            height,
            blocks_across: width.div_ceil(SIDE),
            blocks_down: height.div_ceil(SIDE),
            stride: size.0.div_ceil(SIDE * most.across) * sampling.across,
            rows: size.1.div_ceil(SIDE * most.down) * sampling.down,
            quantisation: None,
            coefficients: Vec::new(),
            known: Vec::new(),
            plane: Plane::default(),
        }
    }
}
