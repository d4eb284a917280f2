//! The pages as files: what is in them, what never is, and how they hang together.

#[path = "browser/run_outcome.rs"]
mod run_outcome;

use std::collections::BTreeSet;
use std::fs;

use inference_manager::page::PageReport;
use percent_encoding::percent_decode_str;
use regex::Regex;
use run_outcome::{RunOutcome, hostile_names};

/// The first groups of all matches of `pattern` in `html`.
fn all<'h>(pattern: &str, html: &'h str) -> Vec<&'h str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(html).map(|found| found.get(1).unwrap().as_str()).collect()
}

fn files(outcome: &RunOutcome) -> BTreeSet<String> {
    let entries = fs::read_dir(&outcome.out).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn each_picture_has_its_plate_its_facts_and_six_neighbours_of_each_kind() {
    let outcome = RunOutcome::of_pictures(9);

    let report = outcome.write().unwrap();

    assert_eq!(report, PageReport { pages: 1, pictures: 9, parked: 0, without_thumbnail: 0 });
    let html = outcome.html("index.html");
    let articles: Vec<_> = html.split("<article ").skip(1).collect();
    assert_eq!(articles.len(), 9);
    for (n, article) in articles.iter().enumerate() {
        let name = format!("picture-000{n}.png");
        assert!(article.contains(&format!("<bdi>{name}</bdi>")), "in the order of the names");
        assert!(article.contains(&format!("alt=\"{name}\"")));
        assert!(article.contains(&format!("href=\"./../my%20pictures/{name}\"")));
        assert!(article.contains("<svg class=\"palette\""));
        assert_eq!(all("<dd>([01][.0-9 :]+)</dd>", article).len(), 1, "an aspect ratio");
        assert_eq!(all("(#[0-9a-f]{6})</dd>", article).len(), 1, "an average colour");
        let own = all("^class=\"entry\" id=\"(p-[a-z2-7]{8})\"", article)[0];
        let lists: Vec<_> =
            article.split("<ol").skip(1).map(|l| all("href=\"#([^\"]+)\"", l)).collect();
        assert_eq!(lists.len(), 2);
        for list in lists {
            assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), 6);
            assert!(!list.contains(&own), "it is not its own neighbour");
        }
    }
}

#[test]
fn three_hundred_pictures_are_the_most_on_a_page_and_every_link_arrives() {
    let outcome = RunOutcome::of_pictures(301);

    assert_eq!(outcome.write().unwrap().pages, 2);

    let pages = ["index.html", "index-2.html"].map(|file| (file, outcome.html(file)));
    let marks: BTreeSet<String> = pages
        .iter()
        .flat_map(|(file, html)| {
            all(" id=\"([^\"]+)\"", html).into_iter().map(move |id| format!("{file}#{id}"))
        })
        .collect();
    let mut between = 0;
    for (file, html) in &pages {
        for link in all("href=\"([^\"]+)\"", html) {
            let link =
                if link.starts_with('#') { format!("{file}{link}") } else { link.to_owned() };
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let path = percent_decode_str(path).decode_utf8().unwrap();
            assert!(outcome.out.join(&*path).exists(), "{link}");
            assert!(fragment.is_empty() || marks.contains(&link), "{link}");
            between += usize::from(!fragment.is_empty() && !link.starts_with(file));
        }
    }
    assert_eq!(pages[0].1.matches("<article ").count(), 300);
    assert_eq!(pages[1].1.matches("<article ").count(), 1);
    assert!(between >= 12, "the last picture's neighbours are on the other page");
    assert!(pages[0].1.contains("<a href=\"index-2.html\" rel=\"next\">Next</a>"));
    assert!(pages[1].1.contains("<a href=\"index.html\" rel=\"prev\">Previous</a>"));
}

#[test]
fn no_name_model_or_message_becomes_markup() {
    let mut outcome = RunOutcome::new();
    hostile_names().iter().for_each(|name| outcome.augmented(name));
    outcome.parked("<script>parked()</script>.jpg", "<i>class", "it's \"<b>bold</b>\" & broken");

    let report = outcome.write().unwrap();

    assert_eq!((report.pictures, report.without_thumbnail), (18, 0));
    let html = outcome.html("index.html");
    for harm in ["<script", "<img src=x", "<!--", "<b>", "<i>", "onmouseover='", "\u{202e}"] {
        assert!(!html.contains(harm), "{harm}");
    }
    assert_eq!(all("(<style)", &html).len(), 2, "ours alone");
    assert_eq!(all("(<title)", html.split("<body>").next().unwrap()).len(), 1);
    assert!(html.contains("<bdi>&lt;script&gt;.jpg</bdi>"));
    assert!(html.contains("<bdi>&amp;amp;lt;.png</bdi>"));
    assert!(
        html.contains("<bdi>a␊b␉c␍.png</bdi>")
            || html.contains("<bdi>a&#9226;b&#9225;c&#9229;.png</bdi>")
    );
    assert!(html.contains("<bdi>&lt;script&gt;parked()&lt;/script&gt;.jpg</bdi>"));
    assert!(html.contains("it&#39;s &quot;&lt;b&gt;bold&lt;/b&gt;&quot; &amp; broken"));
    for link in all("<a class=\"plate\" href=\"([^\"]+)\"", &html) {
        assert!(link.starts_with("./../my%20pictures/"), "{link}");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(link.chars().all(is_plain), "{link}");
    }
}

#[test]
fn a_page_needs_nothing_but_itself_and_says_so_in_its_policy() {
    let outcome = RunOutcome::of_pictures(3);
    outcome.write().unwrap();
    let html = outcome.html("index.html");

    assert_eq!(all("<(script|link|iframe|object|embed|base|form)[ >]", &html), [""; 0]);
    assert!(all(" src=\"([^\"]*)\"", &html).iter().all(|src| src.starts_with("data:image/jpeg;")));
    assert!(all("url\\(([^)]*)\\)", &html).iter().all(|url| url.starts_with("data:image/jpeg;")));
    assert_eq!(all(" (style|on[a-z]+)=", &html), [""; 0]);
    let policy = all("http-equiv=\"Content-Security-Policy\" content=\"([^\"]+)\"", &html)[0];
    assert!(policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"));
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
fn pages_of_an_earlier_larger_run_are_gone_and_nothing_else_is_left() {
    let outcome = RunOutcome::of_pictures(5);
    ["index-2.html", "index-17.html", "notes.html"]
        .iter()
        .for_each(|name| fs::write(outcome.out.join(name), "").unwrap());

    outcome.write().unwrap();

    let left = ["augmented.ndjson", "index.html", "notes.html", "parked.ndjson"];
    assert_eq!(files(&outcome), left.map(str::to_owned).into());
}

#[test]
fn a_file_that_is_gone_meanwhile_has_a_placeholder_and_stays_a_neighbour() {
    let outcome = RunOutcome::of_pictures(4);
    fs::remove_file(outcome.images.join("picture-0002.png")).unwrap();
    fs::write(outcome.images.join("picture-0003.png"), "no picture any more").unwrap();

    let report = outcome.write().unwrap();

    assert_eq!((report.pictures, report.without_thumbnail), (4, 2));
    let html = outcome.html("index.html");
    assert_eq!(html.matches("Its file can no longer be shown.").count(), 2);
    assert_eq!(all("(<img )", &html).len(), 2);
    assert!(html.contains(".t2{background-color:#4ab61a}"), "its colour stands for it");
}

#[test]
fn parked_pictures_are_told_with_their_class_cause_and_remedy() {
    let mut outcome = RunOutcome::new();
    outcome.parked("b.jpg", "corrupt_image", "the scan ends early");
    outcome.parked("a.jpg", "corrupt_image", "a marker is missing");
    outcome.parked("c.png", "empty_body", "the file is empty");

    let report = outcome.write().unwrap();

    assert_eq!(report, PageReport { pages: 1, pictures: 0, parked: 3, without_thumbnail: 0 });
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

    assert_eq!(report, PageReport { pages: 1, pictures: 0, parked: 0, without_thumbnail: 0 });
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

    let error = inference_manager::page::write(
        &outcome.out,
        &outcome.images,
        "2026-11-23T06:30:00Z".parse().unwrap(),
    );

    let words = error.unwrap_err().to_string();
    assert!(words.contains("parked.ndjson, line 2: "), "{words}");
    assert!(before == outcome.html("index.html"));
}
