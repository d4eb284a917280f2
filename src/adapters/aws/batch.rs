//! Batch calls: what is asked by position is answered by entry id, in any order, some entries refused.

use super::fault::{Fault, Kind};

/// The most entries that a batch call of SQS or SNS takes.
pub const LIMIT: usize = 10;

/// The id of the entry at `position`. Positions and not the entries' own names, because two of them may
/// be the same message or image.
#[must_use]
pub fn entry_id(position: usize) -> String {
    position.to_string()
}

/// The answers to `count` entries of a call that failed as a whole. Its refusal says nothing of any one
/// of them, in particular not that its receipt is stale: they may all be tried again.
pub fn none_answered(count: usize, fault: impl Into<Fault>) -> Vec<Result<(), Fault>> {
    let mut fault = fault.into();
    if matches!(fault.kind, Kind::Stale | Kind::Rejected) {
        fault.kind = Kind::Transient;
    }
    vec![Err(fault); count]
}

/// The answers to `count` entries, in their order. One that the service says nothing of may or may not
/// have been done: it counts as not answered, so that it is tried again.
pub fn in_order<'a>(
    count: usize,
    successful: impl IntoIterator<Item = &'a str>,
    failed: impl IntoIterator<Item = (&'a str, Fault)>,
) -> Vec<Result<(), Fault>> {
    let silence = Fault::transient("the batch's answer does not name this entry");
    let mut answers = vec![Err(silence); count];
    let done = successful.into_iter().map(|id| (id, Ok(())));
    let refused = failed.into_iter().map(|(id, fault)| (id, Err(fault)));
    for (id, answer) in done.chain(refused) {
        let position = id.parse::<usize>().ok();
        if let Some(place) = position.and_then(|position| answers.get_mut(position)) {
            *place = answer;
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_refused_as_a_whole_is_no_verdict_on_its_entries() {
        for code in ["ReceiptHandleIsInvalid", "SomethingNew", "ThrottlingException"] {
            let answers = none_answered(2, Fault::of_entry(code, None, true));
            let may_pass = |kind| matches!(kind, Kind::Transient | Kind::Throttled);
            assert!(
                answers.len() == 2 && answers.into_iter().all(|a| may_pass(a.unwrap_err().kind))
            );
        }
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions_and_silence_is_no_success() {
        let refused = Fault::of_entry("ReceiptHandleIsInvalid", None, true);

        let answers = in_order(4, ["3", "0", "17", "x"], [("1", refused.clone())]);

        assert_eq!(answers[0], Ok(()));
        assert_eq!(answers[1], Err(refused));
        assert_eq!(answers[2].as_ref().unwrap_err().kind, Kind::Transient);
        assert_eq!(answers[3], Ok(()));
    }
}
