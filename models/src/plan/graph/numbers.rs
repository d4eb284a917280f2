//! Weights that are read when they are packed, one layer at a time.

use half::f16;
use half::slice::HalfFloatSliceExt;

/// So many numbers, unread until they are asked for; whoever reads them owns them.
pub(crate) struct Numbers {
    count: usize,
    read: Box<dyn FnOnce() -> Values + Send>,
}

/// Numbers as they were stored.
pub(crate) enum Values {
    Single(Vec<f32>),
    Half(Vec<f16>),
}

impl Numbers {
    /// `count` numbers that `read` will give.
    pub fn new(count: usize, read: impl FnOnce() -> Values + Send + 'static) -> Self {
        Self { count, read: Box::new(read) }
    }

    /// `count` zeros: the bias of a layer without one.
    pub fn zeros(count: usize) -> Self {
        Self::new(count, move || Values::Single(vec![0.0; count]))
    }

    pub const fn count(&self) -> usize {
        self.count
    }

    /// The numbers as f32.
    pub fn read(self) -> Vec<f32> {
        match self.read_stored() {
            Values::Single(numbers) => numbers,
            Values::Half(numbers) => numbers.to_f32_vec(),
        }
    }

    /// The numbers.
    pub fn read_stored(self) -> Values {
        let values = (self.read)();
        let found = match &values {
            Values::Single(numbers) => numbers.len(),
            Values::Half(numbers) => numbers.len(),
        };
        assert_eq!(found, self.count, "a tensor has as many numbers as its shape says");
        values
    }
}

#[cfg(test)]
impl From<Vec<f32>> for Numbers {
    fn from(numbers: Vec<f32>) -> Self {
        Self::new(numbers.len(), move || Values::Single(numbers))
    }
}

#[cfg(test)]
impl From<Vec<f16>> for Numbers {
    fn from(numbers: Vec<f16>) -> Self {
        Self::new(numbers.len(), move || Values::Half(numbers))
    }
}
