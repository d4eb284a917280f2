//! What the kernels' safety rests on: slices are as long as the shapes that come with them need.

/// # Panics
/// If `length` is less than the product of `shape`; `what` says of what.
pub(super) fn require(what: &str, length: usize, shape: &[usize]) {
    let needed = shape.iter().try_fold(1, |product: usize, n| product.checked_mul(*n));
    assert!(
        needed.is_some_and(|needed| length >= needed),
        "the {what} has {length} floats, which is too short for {shape:?}"
    );
}

/// One more than the farthest float from the start, where each of `steps` is a count of things and
/// the floats from one to the next, and the last thing is `length` floats long.
///
/// In `u128`, in which no sum of a few products of lengths overflows.
pub(super) fn extent(steps: &[(usize, usize)], length: usize) -> u128 {
    let far = |(count, step): &(usize, usize)| (count.max(&1) - 1) as u128 * *step as u128;
    steps.iter().map(far).sum::<u128>() + length as u128
}
