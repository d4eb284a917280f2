//! The page as a file: what is in it, what never is, and what lies beside it.

#[path = "browser/run_outcome.rs"]
mod run_outcome;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use inference_manager::page::PageReport;
use percent_encoding::percent_decode_str;
use regex::Regex;
use run_outcome::{RunOutcome, hostile_names};
use serde_json::Value;

/// The first groups of all matches of `pattern` in `html`.
fn all<'h>(pattern: &str, html: &'h str) -> Vec<&'h str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(html).map(|found| found.get(1).unwrap().as_str()).collect()
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What the page's script gets.
fn data(html: &str) -> Value {
    let data = all("<script type=\"application/json\" id=\"gallery\">([^<]*)</script>", html);
    serde_json::from_str(data[0]).unwrap()
}

fn pictures(html: &str) -> Vec<Value> {
    data(html)["pictures"].as_array().unwrap().clone()
}

fn text<'v>(picture: &'v Value, key: &str) -> &'v str {
    picture[key].as_str().unwrap()
}

#[test]
fn each_picture_has_a_name_a_thumbnail_a_link_its_colours_and_its_sketches() {
    let outcome = RunOutcome::of_pictures(9);

    let report = outcome.write().unwrap();

    assert_eq!(report, PageReport { pictures: 9, parked: 0, without_thumbnail: 0 });
    let html = outcome.html("index.html");
    let shown = pictures(&html);
    assert_eq!(shown.len(), 9);
    for (n, picture) in shown.iter().enumerate() {
        let name = format!("picture-000{n}.png");
        assert_eq!(text(picture, "name"), name, "in the order of the names");
        assert_eq!(text(picture, "href"), format!("./../my%20pictures/{name}"));
        assert_eq!(all("^(#[0-9a-f]{6})$", text(picture, "colour")).len(), 1);
        assert!(picture["ratio"].as_f64().unwrap() > 0.0);
        let shares = picture["palette"].as_array().unwrap();
        let sum: f64 = shares.iter().map(|share| share[1].as_f64().unwrap()).sum();
        assert!((sum - 100.0).abs() < 1.0, "{sum} percent");
        let [src, width, height] = [0, 1, 2].map(|at| &picture["thumbnail"][at]);
        let thumbnail = image::open(outcome.out.join(src.as_str().unwrap())).unwrap();
        assert_eq!(u64::from(thumbnail.width()), width.as_u64().unwrap());
        assert_eq!(u64::from(thumbnail.height()), height.as_u64().unwrap());
    }
    assert_eq!(data(&html)["features"]["length"], 20);
    assert_eq!(data(&html)["palettes"]["length"], 1000);
}

#[test]
fn no_name_model_or_message_becomes_markup() {
    let mut outcome = RunOutcome::new();
    hostile_names().iter().for_each(|name| outcome.augmented(name));
    outcome.parked("<script>parked()</script>.jpg", "<i>class", "it's \"<b>bold</b>\" & broken");

    let report = outcome.write().unwrap();

    assert_eq!((report.pictures, report.without_thumbnail), (18, 0));
    let html = outcome.html("index.html");
    for harm in ["<script>.", "<img src=x", "<!--", "<b>", "<i>", "\u{202e}"] {
        assert!(!html.contains(harm), "{harm}");
    }
    assert_eq!(all("(<script)", &html).len(), 2, "ours alone");
    assert_eq!(all("(<style)", &html).len(), 1, "ours alone");
    assert_eq!(all("(<title)", html.split("<body>").next().unwrap()).len(), 1);
    assert!(html.contains("<bdi>&lt;script&gt;parked()&lt;/script&gt;.jpg</bdi>"));
    assert!(html.contains("it&#39;s &quot;&lt;b&gt;bold&lt;/b&gt;&quot; &amp; broken"));
    let shown = pictures(&html);
    let names: BTreeSet<_> = shown.iter().map(|picture| text(picture, "name")).collect();
    assert!(names.contains("<script>.jpg") && names.contains("a␊b␉c␍.png"), "{names:?}");
    for picture in &shown {
        let link = text(picture, "href");
        assert!(link.starts_with("./../my%20pictures/"), "{link}");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(link.chars().all(is_plain), "{link}");
        let bytes: Vec<u8> = percent_decode_str(link).collect();
        let path = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&bytes);
        assert!(outcome.out.join(path).exists(), "{link}");
    }
}

#[test]
fn a_page_loads_nothing_but_pictures_and_says_so_in_its_policy() {
    let outcome = RunOutcome::of_pictures(3);
    outcome.write().unwrap();
    let html = outcome.html("index.html");

    assert_eq!(all("<(link|iframe|object|embed|base|form)[ >]", &html), [""; 0]);
    let outside_the_script = Regex::new("(?s)<script>.*?</script>").unwrap().replace(&html, "");
    assert_eq!(all(" (src|style|on[a-z]+)=", &outside_the_script), [""; 0]);
    let policy = all("http-equiv=\"Content-Security-Policy\" content=\"([^\"]+)\"", &html)[0];
    assert!(policy.starts_with("default-src 'none'; img-src 'self' file:; style-src 'sha256-"));
    assert!(policy.contains("; script-src 'sha256-"));
    assert!(!policy.contains("unsafe"));
}

#[test]
fn the_same_outcome_gives_the_same_bytes_in_whatever_order_it_was_written() {
    let mut outcome = RunOutcome::of_pictures(40);
    outcome.write().unwrap();
    let once = outcome.html("index.html");

    outcome.reverse();
    outcome.write().unwrap();

    assert!(once == outcome.html("index.html"), "the pages differ");
}

#[test]
fn thumbnails_of_pictures_that_are_gone_are_removed_and_nothing_else_is_left() {
    let outcome = RunOutcome::of_pictures(5);
    outcome.write().unwrap();
    let thumbnails = outcome.out.join("thumbnails");
    let before = files(&thumbnails);
    let old = thumbnails.join("aaaaaaaa-0-9x9.jpg");
    fs::write(&old, "of a picture that is gone").unwrap();

    outcome.write().unwrap();

    assert_eq!(files(&thumbnails), before);
    assert_eq!(before.len(), 5);
    let left = ["augmented.ndjson", "index.html", "parked.ndjson", "thumbnails"];
    assert_eq!(files(&outcome.out), left.map(str::to_owned).into());
}

#[test]
fn a_thumbnail_that_the_run_has_drawn_is_not_drawn_again() {
    let outcome = RunOutcome::of_pictures(2);
    outcome.write().unwrap();
    fs::remove_file(outcome.images.join("picture-0000.png")).unwrap();

    let report = outcome.write().unwrap();

    assert_eq!(report.without_thumbnail, 0, "its file is gone, its thumbnail is not");
}

#[test]
fn a_file_that_is_gone_before_it_was_drawn_stays_and_can_be_compared() {
    let outcome = RunOutcome::of_pictures(4);
    fs::remove_file(outcome.images.join("picture-0002.png")).unwrap();
    fs::write(outcome.images.join("picture-0003.png"), "no picture any more").unwrap();

    let report = outcome.write().unwrap();

    assert_eq!((report.pictures, report.without_thumbnail), (4, 2));
    let shown = pictures(&outcome.html("index.html"));
    let with: Vec<_> = shown.iter().map(|picture| picture["thumbnail"].is_array()).collect();
    assert_eq!(with, [true, true, false, false]);
    assert_eq!(text(&shown[2], "colour"), "#4ab61a", "its colour stands for it");
}

#[test]
fn parked_pictures_are_told_with_their_class_cause_and_remedy() {
    let mut outcome = RunOutcome::new();
    outcome.parked("b.jpg", "corrupt_image", "the scan ends early");
    outcome.parked("a.jpg", "corrupt_image", "a marker is missing");
    outcome.parked("c.png", "empty_body", "the file is empty");

    let report = outcome.write().unwrap();

    assert_eq!(report, PageReport { pictures: 0, parked: 3, without_thumbnail: 0 });
    let html = outcome.html("index.html");
    assert!(html.contains("None of the pictures in the folder could be augmented."));
    assert!(html.contains("<a href=\"#parked\">3 parked</a>"));
    let section = html.split("id=\"parked\"").nth(1).unwrap();
    assert_eq!(all("<h3>([^<]+) <span>", section), ["Corrupt image", "Empty body"]);
    assert_eq!(all("<li><bdi>([^<]+)</bdi>", section), ["a.jpg", "b.jpg", "c.png"]);
    assert!(section.contains("copy it again, or save it anew with an image editor."));
    assert!(section.contains("the scan ends early"));
}

#[test]
fn a_run_over_nothing_has_a_page_that_says_what_to_do() {
    let outcome = RunOutcome::new();

    let report = outcome.write().unwrap();

    assert_eq!(report, PageReport { pictures: 0, parked: 0, without_thumbnail: 0 });
    let html = outcome.html("index.html");
    assert!(html.contains("There was no picture in the folder."));
    assert!(html.contains("<title>No pictures of my pictures · inference-manager</title>"));
    assert!(!html.contains("id=\"parked\""));
}

#[test]
fn a_line_that_no_run_writes_is_an_error_that_names_it_and_the_old_page_stays() {
    let outcome = RunOutcome::of_pictures(2);
    outcome.write().unwrap();
    let before = outcome.html("index.html");
    fs::write(outcome.out.join("parked.ndjson"), "{}\n{\"path\":1}\n").unwrap();

    let error = outcome.draw();

    let words = error.unwrap_err().to_string();
    assert!(words.contains("parked.ndjson, line 2: "), "{words}");
    assert!(before == outcome.html("index.html"));
}
