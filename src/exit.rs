//! How the process ends: exit codes, and the error that leads to each.

use std::fmt::Display;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or drained. Parked pictures included.
    Done,
    /// Something unexpected, or a second signal.
    Unexpected,
    /// Something was parked, and `--fail-on-parked` was given.
    Parked,
    /// Usage or configuration: the command line, the environment or a manifest is wrong.
    Usage,
    /// Something that was needed was unreachable or refused.
    Unavailable,
    /// Supervision gave up.
    GaveUp,
}

impl Exit {
    /// The code, after BSD's `sysexits.h` where it has a name for it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Parked => 3,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::GaveUp => 70,
        }
    }
}

/// Why a command ended early: a sentence for the person, and the exit code for the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Stopped {
    /// The exit code.
    pub exit: Exit,
    /// What happened and what to do about it.
    pub message: String,
}

impl Stopped {
    /// Wrong usage or configuration.
    pub fn usage(message: impl Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// Something needed was unreachable or refused.
    pub fn unavailable(message: impl Display) -> Self {
        Self { exit: Exit::Unavailable, message: message.to_string() }
    }

    /// A refusal, which is usage where what was asked for is wrong whatever the world says.
    pub fn refused(is_usage: bool, message: impl Display) -> Self {
        if is_usage { Self::usage(message) } else { Self::unavailable(message) }
    }

    /// Something unexpected.
    pub fn unexpected(message: impl Display) -> Self {
        Self { exit: Exit::Unexpected, message: message.to_string() }
    }
}
