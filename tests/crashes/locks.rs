//! Two processes that want one `--out`.

use std::fs;
use std::os::unix::fs::symlink;

use super::place::Place;

/// In looks of 5 ms; a loaded machine may need it.
const A_LONG_TIME: usize = 12_000;

/// By its own path and through a link; and when the first has been killed, the next run goes on.
pub fn run() {
    let place = Place::with_pictures(20);
    let linked = place.beside("linked");
    symlink(&place.out, &linked).expect("there is room");
    let mut first = place.start();
    // The lock comes first, so whoever has a journal has it.
    for _ in 0..A_LONG_TIME {
        if place.out.join(".journal").exists() {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    first.stopped(); // so that it does not come to its end meanwhile

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
    assert_eq!(place.finish().documents.len(), 18);
}
