//! What a redrive tells: while it goes on, for each message, and in the end.

use std::fmt::Write;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::sweep::{Record, Sweep, Totals};
use crate::adapters::sqs::Letter;
use crate::exit::{Exit, Stopped};

/// A bar on `screen` towards about `waiting` messages; none where stderr is no terminal.
pub fn progress(screen: &MultiProgress, waiting: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40.cyan/dim} {pos} of about {len} messages seen");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    screen.add(ProgressBar::new(waiting).with_style(style))
}

/// One message, in one line.
pub fn line(class: &str, letter: &Letter) -> String {
    let record = Record::of(letter);
    // Without a record, all that tells which image it is about is the body.
    let id = record.id.unwrap_or_else(|| letter.body.chars().take(120).collect());
    let line = format!("{class}\t{id}\t{}", record.cause.unwrap_or_default());
    line.trim_end().replace(['\n', '\r'], " ")
}

/// The totals by class, one line each.
pub fn totals(sweep: &Sweep, dry_run: bool) -> String {
    let sum = |count: fn(&Totals) -> u64| sweep.totals.values().map(count).sum::<u64>();
    let (put_back, all) = (sum(|t| t.put_back), sum(|t| t.put_back + t.kept + t.failed));
    let (verb, done) = if dry_run { ("would put back", "to go") } else { ("put back", "put back") };
    let mut text = format!("{verb} {put_back} of {all} messages seen\n");
    for (class, Totals { put_back, kept, failed }) in &sweep.totals {
        // Writing to a String does not fail.
        let _ = write!(text, "  {class}: {put_back} {done}, {kept} kept");
        let _ = if *failed > 0 { writeln!(text, ", {failed} failed") } else { writeln!(text) };
    }
    text
}

/// How the command ends.
pub fn exit(sweep: &Sweep) -> Result<Exit, Stopped> {
    let failed: u64 = sweep.totals.values().map(|totals| totals.failed).sum();
    match &sweep.fault {
        None => Ok(Exit::Done),
        Some(fault) => Err(Stopped::unavailable(format!(
            "{failed} messages could not be put back and are still parked, some perhaps in both \
             queues; the first because: {fault}; run again to go on"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::aws::fault::Fault;
    use crate::adapters::sqs::Moved;

    fn sweep() -> Sweep {
        let mut sweep = Sweep::new(None, None);
        sweep.moved("corrupt_image", &Moved::Whole);
        sweep.moved("none", &Moved::Whole);
        sweep
    }

    #[test]
    fn totals_are_told_by_class_and_failures_change_the_exit_code() {
        let mut sweep = sweep();
        assert_eq!(
            totals(&sweep, true),
            "would put back 2 of 2 messages seen\n  corrupt_image: 1 to go, 0 kept\n  \
             none: 1 to go, 0 kept\n"
        );
        assert_eq!(exit(&sweep), Ok(Exit::Done));

        sweep.moved("none", &Moved::NotSent(Fault::transient("it is dark")));
        assert!(totals(&sweep, false).contains("none: 1 put back, 0 kept, 1 failed"));
        let stopped = exit(&sweep).unwrap_err();
        assert_eq!(stopped.exit, Exit::Unavailable);
        assert!(stopped.message.contains("it is dark"), "{stopped}");
    }

    #[test]
    fn a_message_is_one_line_whatever_its_body() {
        let body = Letter { body: "{\n\"Message\": 7}".into(), ..Letter::default() };
        assert_eq!(line("none", &body), "none\t{ \"Message\": 7}");
    }
}
