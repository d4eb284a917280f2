//! Tells a parent that its child is gone, however it went.

use actix::Recipient;

use crate::messages::{Child, Terminated};

/// A guard that an actor holds as a field. On actix the actor value is dropped when it stops, when
/// its arbiter ends and while it unwinds; each drops the guard, and the guard tells the parent.
pub struct DeathWatch {
    child: Child,
    generation: u32,
    parent: Recipient<Terminated>,
}

impl DeathWatch {
    /// Tells `parent` when the holder is gone.
    #[must_use]
    pub fn new(child: Child, generation: u32, parent: Recipient<Terminated>) -> Self {
        Self { child, generation, parent }
    }

    /// The generation that the holder belongs to.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

impl Drop for DeathWatch {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        self.parent.do_send(Terminated {
            child: self.child.clone(),
            generation: self.generation,
            panicked,
        });
    }
}
