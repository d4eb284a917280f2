//! The book outlives the generations, which share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::book::Book;

/// The book as all generations share it.
#[derive(Clone, Debug)]
pub struct SharedBook(Arc<Mutex<Book>>);

impl SharedBook {
    /// Shares `book`.
    #[must_use]
    pub fn new(book: Book) -> Self {
        Self(Arc::new(Mutex::new(book)))
    }

    /// The book, for a moment. Its methods leave it whole, so a panic elsewhere does not spoil it.
    pub fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
