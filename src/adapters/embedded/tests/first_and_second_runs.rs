//! Undisturbed runs: what they leave, and what the next one does.

use std::fs::File;

use super::super::lock::LOCK;
use super::*;

#[test]
fn a_run_leaves_one_document_or_one_parked_record_a_picture_and_no_other_file() {
    let place = Place::with(&["b.png", "a/c.jpg", "notes.txt"]);
    place.write("empty.png", "");

    let (census, end) = place.run("1");

    assert_eq!(census, Census { queued: 3, ignored: 1, ..Census::default() });
    assert_eq!(end, finished(2, 1, 0));
    let (documents, parked) = place.results();
    let document = &documents["a/c.jpg"];
    assert_eq!(document["state"]["inferredData"], json!({"number": 7.0}));
    assert_eq!(
        document["state"]["inferenceModels"],
        json!({"number": {"name": "m", "version": "1", "sha256": "00"}})
    );
    assert_eq!(parked["empty.png"]["class"], "empty_body");
    assert_eq!(parked["empty.png"]["bytes"], 0);
    let mut names: Vec<_> =
        fs::read_dir(place.out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [LOCK, AUGMENTED, PARKED]);
}

#[test]
fn a_second_run_does_nothing_again_but_what_was_parked_and_changes_no_byte() {
    let place = Place::with(&["a.png", "b.png"]);
    place.write("empty.png", "");
    place.run("1");
    let before = fs::read(place.out(AUGMENTED)).unwrap();

    let (census, end) = place.run("1");

    assert_eq!((census.queued, census.unchanged), (1, 2));
    assert_eq!(end, finished(2, 1, 0));
    assert_eq!(fs::read(place.out(AUGMENTED)).unwrap(), before);
}

#[test]
fn a_changed_picture_a_new_one_and_one_that_is_gone_are_told_apart() {
    let place = Place::with(&["changed.png", "gone.png", "mended.png", "same.png", "broken.png"]);
    place.write("mended.png", "");
    place.write("gone too.png", "");
    place.run("1");
    for gone in ["gone.png", "gone too.png"] {
        fs::remove_file(place.images.path().join(gone)).unwrap();
    }
    place.write("new.png", "content");
    place.write("mended.png", "content");
    place.write("broken.png", "");
    let changed = File::options().append(true).open(place.images.path().join("changed.png"));
    changed.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap(); // older than it was

    let folder = place.open("1");
    let done = work(&folder, &spec("1"), usize::MAX).unwrap();

    let expected = ["broken.png", "changed.png", "mended.png", "new.png"];
    assert_eq!(done, expected.map(str::to_owned).into());
    assert_eq!(folder.finish().unwrap(), finished(4, 1, 0));
    let (documents, parked) = place.paths();
    assert_eq!(documents, ["changed.png", "mended.png", "new.png", "same.png"]);
    assert_eq!(parked, ["broken.png"]);
    assert_eq!(place.results().0["changed.png"]["modifiedTime"], "1970-01-01T00:00:00Z");
}

#[test]
fn a_changed_model_has_every_picture_inferred_again() {
    let place = Place::with(&["a.png", "b.png"]);
    place.run("1");

    let (census, _) = place.run("2");

    assert_eq!((census.queued, census.unchanged), (2, 0));
    for document in place.results().0.values() {
        assert_eq!(document["state"]["inferenceModels"]["number"]["version"], "2");
    }
}

#[test]
fn another_folder_of_pictures_replaces_the_first_ones_results() {
    let [one, other] = [&["a.png", "b.png"][..], &["a.png", "c.png"]].map(Place::with);
    let modified = fs::metadata(one.images.path().join("a.png")).unwrap().modified().unwrap();
    let same = File::options().append(true).open(other.images.path().join("a.png")).unwrap();
    same.set_modified(modified).unwrap();
    one.run("1");

    let settings = FolderSettings { out: one.out.path().to_owned(), ..other.settings("1") };
    let folder = EmbeddedFolder::open(&settings).unwrap();
    assert_eq!((folder.census.queued, folder.census.unchanged), (2, 0));
    work(&folder, &spec("1"), usize::MAX).unwrap();
    folder.finish().unwrap();

    assert_eq!(one.paths().0, ["a.png", "c.png"]);
}

#[test]
fn a_document_of_no_picture_is_rejected_and_its_neighbour_is_written() {
    let place = Place::with(&["a.png"]);
    let folder = place.open("1");
    let id = folder.outcomes.pictures.get(0).id;
    let prepared = |id: &str| actors::ports::Prepared {
        id: actors::record::RecordId::new(id).unwrap(),
        version: 1,
        body: "{}".into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

    let documents = [prepared("aaaaaaaa"), prepared(id.as_str())];
    let verdicts = runtime.block_on(folder.index.index(&documents)).unwrap();

    assert!(matches!(&verdicts[..], [Verdict::Rejected(_), Verdict::Indexed]), "{verdicts:?}");
    assert_eq!(folder.finish().unwrap(), finished(1, 0, 0));
}
