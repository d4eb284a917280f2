//! The sets of labels that are the metrics' own; stages and failure classes are the others.

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every label of this set.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The label.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

labels! {
    /// What became of a delivery, as counted in the accounting identity: received = indexed + superseded
    /// + parked + released + lost + in flight.
    Outcome {
        /// Its document was written.
        Indexed = "indexed",
        /// A newer document was there already.
        Superseded = "superseded",
        /// It was parked with its failure.
        Parked = "parked",
        /// It was given back to the queue.
        Released = "released",
        /// Its lease ended before it was settled.
        Lost = "lost",
    }
}

labels! {
    /// The calls of the queue that may fail.
    QueueCall {
        /// `receive`.
        Receive = "receive",
        /// `acknowledge`.
        Acknowledge = "acknowledge",
        /// `release`.
        Release = "release",
        /// `extend`.
        Extend = "extend",
        /// `park`.
        Park = "park",
    }
}

labels! {
    /// What the pipeline needs and cannot do without, by the port behind which it is.
    Dependency {
        /// Where messages come from and are settled.
        Queue = "queue",
        /// Where documents are looked up.
        Catalogue = "catalogue",
        /// Where augmented documents are written.
        Index = "index",
        /// Where they are announced.
        Topic = "topic",
    }
}

labels! {
    /// Why a worker was replaced or rebuilt.
    RestartCause {
        /// The model panicked on a batch; the worker rebuilt it.
        Panic = "panic",
        /// The worker did not return and its thread was given up.
        Hang = "hang",
        /// The model could not be built.
        Build = "build",
        /// The worker itself died.
        Death = "death",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Class, Stage};

    #[test]
    fn enums_index_their_tables() {
        for (at, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, at);
        }
        for (at, stage) in Stage::ALL.iter().enumerate() {
            assert_eq!(*stage as usize, at);
        }
        for (at, class) in Class::ALL.iter().enumerate() {
            assert_eq!(*class as usize, at);
        }
    }
}
