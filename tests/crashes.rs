//! `kill -9` at any moment and run again: the result equals the undisturbed run's, but for the time at
//! which a document was made; and whatever else takes the results' folder from under a run.
//!
//! Each test makes little of what `./test --all` asks for: `INFERENCE_TEST_KILLS` says how many kills
//! each stage gets, `INFERENCE_TEST_KILL_IMAGES` names the folder of pictures, and
//! `INFERENCE_TEST_SEED` repeats a campaign.

#[path = "crashes/campaign.rs"]
mod campaign;
#[path = "crashes/kill_points.rs"]
mod kill_points;
#[path = "crashes/locks.rs"]
mod locks;
#[path = "crashes/place.rs"]
mod place;
#[path = "crashes/publications.rs"]
mod publications;
#[path = "crashes/refusing_folders.rs"]
mod refusing_folders;
#[path = "crashes/results.rs"]
mod results;
#[path = "crashes/system_calls.rs"]
mod system_calls;
#[path = "crashes/torn_journals.rs"]
mod torn_journals;
#[path = "crashes/trapped_ports.rs"]
mod trapped_ports;
#[path = "crashes/witness.rs"]
mod witness;

#[test]
fn a_run_killed_at_any_stage_and_run_again_ends_as_an_undisturbed_one() {
    if kill_points::obeyed() {
        return; // this process was the program
    }
    campaign::run();
}

#[test]
#[ignore = "needs strace and permission to trace"]
fn a_run_killed_at_any_change_of_its_results_or_page_is_ended_by_the_next() {
    publications::run();
}

#[test]
fn a_damaged_journal_costs_work_and_never_a_wrong_document() {
    torn_journals::run();
}

#[test]
fn a_second_process_is_refused_by_any_path_and_a_killed_one_leaves_no_lock() {
    locks::run();
}

#[test]
#[ignore = "mounts a file system: needs root"]
fn a_disk_that_is_full_at_any_phase_stops_the_run_and_loses_nothing() {
    refusing_folders::full();
}

#[test]
#[ignore = "mounts a file system: needs root"]
fn results_on_a_read_only_disk_are_refused_with_path_and_remedy() {
    refusing_folders::read_only();
}

#[test]
fn results_that_may_not_be_written_are_refused_with_path_and_remedy() {
    refusing_folders::forbidden();
}
