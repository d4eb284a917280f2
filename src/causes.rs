//! What lies behind an error.

use std::error::Error;

/// `error` and what caused it, the root last.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What `error` comes down to: what stands above it says that something failed, or names a URL, and not
/// why.
#[must_use]
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its causes as one sentence.
#[must_use]
pub fn chain_of(error: &(dyn Error + 'static)) -> String {
    let mut sentence: Vec<String> = causes(error).map(ToString::to_string).collect();
    sentence.dedup();
    sentence.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    #[test]
    fn an_error_is_told_by_its_root_or_whole_and_nothing_twice() {
        let root = Box::new(Link("the disk is full", None));
        let error = Link("it failed", Some(Box::new(Link("it failed", Some(root)))));

        assert_eq!(root_cause(&error), "the disk is full");
        assert_eq!(chain_of(&error), "it failed: the disk is full");
    }
}
