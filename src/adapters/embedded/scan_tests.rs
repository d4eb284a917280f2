//! What is found in a folder.

use std::os::unix::fs::symlink;

use super::*;

fn touch(folder: &Path, name: &[u8]) {
    let path = folder.join(OsStr::from_bytes(name));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "x").unwrap();
}

fn scan(images: &Path, out: &Path) -> Result<Scan, EmbeddedError> {
    super::scan(root(images)?, &fs::canonicalize(out).unwrap())
}

fn found(scan: &Scan) -> Vec<&[u8]> {
    (0..scan.pictures.len() as u32).map(|number| scan.pictures.get(number).path_bytes()).collect()
}

#[test]
fn pictures_are_known_by_their_names_at_any_depth_and_come_in_order_of_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let names = "z.JPG|a.jpeg|b/c/d.Png|b.webp|b!.gif|e.tif|f.tiff|g.bmp|h.jp2|i.j2k|\
                 quote\"'.png|line\nbreak.png|a..b.jpg|画.jpg";
    let others = "notes.txt|jpg|x.jpg.txt|.hidden.jpg|.git/a.jpg|.git/b.jpg";
    for name in names.split('|').chain(others.split('|')) {
        touch(folder.path(), name.as_bytes());
    }
    touch(folder.path(), b"\xff.png");

    let scan = scan(folder.path(), folder.path()).unwrap();

    let mut expected: Vec<_> = names.split('|').map(str::as_bytes).collect();
    expected.push(b"\xff.png");
    expected.sort_unstable();
    assert_eq!(found(&scan), expected);
    assert_eq!((scan.ignored, scan.unreadable), (5, 0), "notes.txt jpg x.jpg.txt .hidden .git");
    for (number, _) in (0..).zip(&expected) {
        let id = scan.pictures.get(number).id;
        assert_eq!(scan.pictures.number(id.as_str()), Some(number));
    }
}

#[test]
fn whatever_is_named_as_a_picture_is_one_and_no_folder_so_named_is_entered() {
    let folder = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    touch(folder.path(), b"folder.png/inside.png");
    touch(folder.path(), b"real/a.png");
    symlink("nowhere", folder.path().join("dangling.png")).unwrap();
    symlink("loop.png", folder.path().join("loop.png")).unwrap();
    symlink(folder.path(), folder.path().join("up.png")).unwrap();
    symlink(folder.path(), folder.path().join("up")).unwrap();
    symlink("real/a.png", folder.path().join("link.png")).unwrap();

    let scan = scan(folder.path(), out.path()).unwrap();

    let expected = ["dangling.png", "folder.png", "link.png", "loop.png", "real/a.png", "up.png"];
    assert_eq!(found(&scan), expected.map(str::as_bytes));
    assert_eq!(scan.ignored, 1, "the link named up");
}

#[test]
fn a_links_modification_time_is_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), b"a.png");
    let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    fs::File::options()
        .append(true)
        .open(folder.path().join("a.png"))
        .and_then(|file| file.set_modified(old))
        .unwrap();
    symlink("a.png", folder.path().join("b.png")).unwrap();

    let scan = scan(folder.path(), folder.path()).unwrap();

    assert_eq!(scan.pictures.get(1).modified, timestamp::from_system(old));
}

#[test]
fn the_out_folder_is_left_out_wherever_it_lies_and_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), b"a.png");
    touch(folder.path(), b"deep/out.png/b.png");
    let out = folder.path().join("deep/../deep/out.png");

    let inside = scan(folder.path(), &out).unwrap();
    let same = scan(folder.path(), folder.path()).unwrap();

    assert_eq!(found(&inside), [b"a.png"]);
    assert_eq!(inside.ignored, 0);
    assert_eq!(found(&same), ["a.png", "deep/out.png"].map(str::as_bytes));
}

#[test]
fn a_folder_that_is_missing_or_none_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), b"a.png");

    for name in ["missing", "a.png"] {
        let path = folder.path().join(name);
        let refusal = scan(&path, folder.path()).unwrap_err();
        assert!(refusal.is_usage());
        assert!(refusal.to_string().contains(path.to_str().unwrap()), "{refusal}");
    }
}
