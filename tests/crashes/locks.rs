//! Two processes that want one `--out`.

use std::fs;
use std::os::unix::fs::symlink;

use super::place::Place;

/// By its own path and through a link; and when the first has been killed, the next run goes on.
pub fn run() {
    let place = Place::with_pictures(60);
    let linked = place.beside("linked");
    symlink(&place.out, &linked).expect("there is room");
    let mut first = place.start();
    // The lock comes first, so whoever has a journal has it.
    while !place.out.join(".journal").exists() {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }

    for out in [&place.out, &linked] {
        let mut second = place.program();
        second.env("OUT", out);
        let said = place.run_as(second, 69);
        assert!(said.contains("another process is working on"), "{said}");
        assert!(said.contains("choose another --out"), "{said}");
    }

    first.killed();
    let journal = fs::metadata(place.out.join(".journal"));
    assert!(journal.is_ok(), "the first run ended before it was killed");
    assert_eq!(place.finish().documents.len(), 54);
}
