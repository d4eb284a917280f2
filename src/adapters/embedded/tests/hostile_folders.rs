//! Folders with whatever may have a picture's name.

use super::*;

#[test]
fn out_inside_the_folder_of_pictures_is_none_of_them() {
    let place = Place::with(&["a.png"]);
    let out = place.images.path().join("results.png");
    let settings = FolderSettings { out: out.clone(), ..place.settings("1") };
    for expected in [(1, 0), (0, 1)] {
        let folder = EmbeddedFolder::open(&settings).unwrap();
        fs::write(out.join("page.png"), "a picture of ours").unwrap();
        assert_eq!((folder.census.queued, folder.census.unchanged), expected);
        work(&folder, &spec("1"), usize::MAX).unwrap();
        folder.finish().unwrap();
    }
}

#[test]
fn every_hostile_name_and_file_has_its_document_or_its_class() {
    let place = Place::with(&[
        "with space.jpg",
        "quote\"'.jpg",
        "line\nbreak.jpg",
        "画像 🎨.JPG",
        "a..b.jpg",
        "%41.jpg",
        "<script>.jpg",
        "real/deep/er.tiff",
    ]);
    let at = |name: &[u8]| place.images.path().join(OsStr::from_bytes(name));
    fs::write(at(b"not utf-8 \xff.jpg"), "content").unwrap();
    fs::write(at(b"not utf-8 \xfe.jpg"), "content").unwrap();
    fs::write(at(("x".repeat(251) + ".png").as_bytes()), "content").unwrap();
    place.write("empty.jpg", "");
    place.write("folder.png/inside.png", "content");
    symlink("nowhere", at(b"dangling.png")).unwrap();
    symlink("real/deep/er.tiff", at(b"link.png")).unwrap();
    assert!(Command::new("mkfifo").arg(at(b"fifo.png")).status().unwrap().success());

    let (census, end) = place.run("1");

    assert_eq!(census.queued, 16);
    assert_eq!(end, finished(12, 4, 0));
    let parked: BTreeMap<_, _> = fs::read_to_string(place.out(PARKED))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| (record["path"].as_str().unwrap().to_owned(), record["class"].clone()))
        .collect();
    let expected = [
        ("dangling.png", Class::NotFound),
        ("empty.jpg", Class::EmptyBody),
        ("fifo.png", Class::UnsupportedFormat),
        ("folder.png", Class::UnsupportedFormat),
    ];
    let expected = expected.map(|(name, class)| (name.to_owned(), json!(class.as_str())));
    assert_eq!(parked, expected.into());
    let content = fs::read_to_string(place.out(AUGMENTED)).unwrap();
    assert_eq!(content.lines().count(), 12);
    assert_eq!(place.run("1").0.unchanged, 12, "those that are not UTF-8 are known again, too");
}
