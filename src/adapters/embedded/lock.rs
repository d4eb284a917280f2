//! One process at a time works on an `--out`.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::failure::EmbeddedError;

/// The name of the file in `--out` that is locked. It stays there: to remove it would let a third
/// process lock another file of the same name.
pub(super) const LOCK: &str = ".lock";

/// The lock of one `--out`, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of `out` without waiting.
    ///
    /// # Errors
    /// [`EmbeddedError::Locked`] if another process has it; [`EmbeddedError::Out`].
    pub fn take(out: &Path) -> Result<Self, EmbeddedError> {
        let path = out.join(LOCK);
        let refused = |cause| EmbeddedError::out("lock", &path, &cause);
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(EmbeddedError::Locked { out: out.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(refused(cause)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough should a child process be starting just now, with a copy of the file.
        let _ = self.0.unlock();
    }
}
