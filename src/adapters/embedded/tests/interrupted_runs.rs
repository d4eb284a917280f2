//! Runs that were killed, drained or tampered with, and the runs after them.

use super::*;

#[test]
fn a_killed_run_is_gone_on_with_and_ends_as_an_undisturbed_one() {
    let names = ["a.png", "b.png", "c.png", "d.png", "e.png"];
    let place = Place::with(&names);
    place.write("a.png", "");
    let run_until = |at_most| {
        let folder = place.open("1");
        work(&folder, &spec("1"), at_most).unwrap();
        folder.census // and the folder is dropped, as by a kill: nothing is published
    };

    assert_eq!(run_until(2).queued, 5);
    assert!(!place.out(AUGMENTED).exists());
    let census = run_until(1);
    assert_eq!((census.queued, census.unchanged), (4, 1), "what was parked is tried again");
    let (census, end) = place.run("1");

    assert_eq!(census.queued + census.unchanged, 5);
    assert_eq!(end, finished(4, 1, 0));
    let interrupted = without_time(place.results().0);
    fs::remove_file(place.out(AUGMENTED)).unwrap();
    place.run("1");
    assert_eq!(interrupted, without_time(place.results().0));
}

#[test]
fn what_a_killed_run_parked_is_tried_again_even_if_an_older_document_would_do() {
    let place = Place::with(&["a.png"]);
    place.run("1");
    let path = place.images.path().join("a.png");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let set_content = |content: &str| {
        fs::write(&path, content).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    };

    set_content("");
    work(&place.open("2"), &spec("2"), 1).unwrap(); // parked, then killed
    set_content("content");
    let (census, end) = place.run("1");

    assert_eq!((census.queued, end), (1, finished(1, 0, 0)));
}

#[test]
fn a_draft_that_a_killed_run_left_goes_even_if_nothing_is_published_anew() {
    let place = Place::with(&["a.png"]);
    place.run("1");
    let draft = place.out(".augmented.ndjson.draft");
    fs::write(&draft, "half a li").unwrap();

    let (census, _) = place.run("1");

    assert_eq!((census.queued, census.unchanged), (0, 1), "the documents stay as they are");
    assert!(!draft.exists());
}

#[test]
fn a_journal_torn_at_any_byte_of_its_last_two_records_loses_those_and_nothing_else() {
    let place = Place::with(&["a.png", "b.png", "c.png"]);
    let journal = place.out(".journal");
    let mut ends = vec![];
    let folder = place.open("1");
    for _ in 0..3 {
        ends.push(fs::metadata(&journal).unwrap().len());
        work(&folder, &spec("1"), 1).unwrap();
    }
    drop(folder);
    let whole = fs::read(&journal).unwrap();

    for length in ends[1]..=whole.len() as u64 {
        fs::write(&journal, &whole[..length as usize]).unwrap();
        let folder = place.open("1");
        let kept = 1 + usize::from(length >= ends[2]) + usize::from(length == whole.len() as u64);
        assert_eq!(folder.census.unchanged, kept, "cut to {length} of {} bytes", whole.len());
        let torn = length - [ends[1], ends[2], whole.len() as u64][kept - 1];
        assert_eq!(folder.census.torn, torn, "cut to {length} bytes");
        work(&folder, &spec("1"), usize::MAX).unwrap();
        assert_eq!(folder.finish().unwrap(), finished(3, 0, 0), "cut to {length} bytes");
        assert_eq!(place.paths().0, ["a.png", "b.png", "c.png"]);
        fs::remove_file(place.out(AUGMENTED)).unwrap();
    }
}

#[test]
fn a_kill_between_the_last_record_and_the_journals_removal_costs_nothing() {
    let place = Place::with(&["a.png", "b.png"]);
    place.write("b.png", "");
    let folder = place.open("1");
    work(&folder, &spec("1"), usize::MAX).unwrap();
    let journal = fs::read(place.out(".journal")).unwrap();
    folder.finish().unwrap();
    drop(folder);
    let published = fs::read(place.out(AUGMENTED)).unwrap();

    // Killed before the first rename, between the two, after both.
    let killed: [fn(&Place); 3] = [
        |place| {
            fs::rename(place.out(AUGMENTED), place.out(".augmented.ndjson.draft")).unwrap();
            fs::rename(place.out(PARKED), place.out(".parked.ndjson.draft")).unwrap();
        },
        |place| fs::rename(place.out(PARKED), place.out(".parked.ndjson.draft")).unwrap(),
        |_| (),
    ];
    for kill in killed {
        fs::write(place.out(".journal"), &journal).unwrap();
        kill(&place);

        let (census, end) = place.run("1");

        assert_eq!((census.queued, census.unchanged), (1, 1));
        assert_eq!(end, finished(1, 1, 0));
        assert_eq!(fs::read(place.out(AUGMENTED)).unwrap(), published);
        assert_eq!(fs::read_dir(place.out.path()).unwrap().count(), 3, "no draft, no journal");
    }
}

#[test]
fn a_drained_run_keeps_the_documents_it_did_not_come_to() {
    let place = Place::with(&["a.png", "b.png"]);
    place.run("1");
    place.write("c.png", "content");
    let folder = place.open("2");
    work(&folder, &spec("2"), 1).unwrap();

    assert_eq!(folder.finish().unwrap(), finished(2, 0, 1));

    let versions: Vec<_> = place
        .results()
        .0
        .into_values()
        .map(|document| {
            document["state"]["inferenceModels"]["number"]["version"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(versions, ["2", "1"]);
    drop(folder);
    assert_eq!(place.run("2").0.queued, 2);
}

#[test]
fn lines_that_a_person_broke_are_done_again() {
    let place = Place::with(&["a.png", "b.png", "c.png"]);
    place.run("1");
    let content = fs::read_to_string(place.out(AUGMENTED)).unwrap();
    let lines: Vec<_> = content.lines().collect();
    let half = &lines[1][..lines[1].len() / 2];
    fs::write(place.out(AUGMENTED), format!("{}\n{half}\n\n[]\n{}", lines[2], lines[0])).unwrap();

    let (census, end) = place.run("1");

    assert_eq!((census.queued, census.unchanged), (1, 2));
    assert_eq!(end, finished(3, 0, 0));
    assert_eq!(without_time(place.results().0).len(), 3);
}

#[test]
fn nothing_is_recorded_after_the_end() {
    let place = Place::with(&["a.png"]);
    let folder = place.open("1");
    folder.finish().unwrap();

    assert!(matches!(work(&folder, &spec("1"), 1), Err(IndexError::Unavailable(_))));
    assert!(matches!(folder.finish(), Err(EmbeddedError::Finished { .. })));
    assert_eq!(place.results(), Default::default());
}
