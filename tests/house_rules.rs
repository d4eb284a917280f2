//! The rules that no compiler checks: which crate may know what, and how files are written.
//!
//! Every check is a function from text to complaints, and is tried on made-up input that breaks it
//! before it judges the real tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

/// Network, AWS and HTTP crates: the pipeline's edges, which live in the root package alone.
const EDGES: &[&str] =
    &["aws-*", "reqwest", "hyper", "hyper-*", "http", "http-*", "h2", "ureq", "actix-web", "axum"];

#[test]
fn the_actors_know_no_network_no_aws_and_no_mathematics() {
    let packages = needed_by("actors");

    assert!(packages.contains("actix"), "the list does not hold what it should");
    assert_eq!(forbidden(&packages, &[EDGES, &["burn", "burn-*", "image", "models"]]), NONE);
}

#[test]
fn the_mathematics_knows_no_actors_no_runtime_and_no_documents() {
    let packages = needed_by("models");
    let banned = ["actors", "actix", "actix-*", "tokio", "tokio-*", "inference-manager"];

    assert!(packages.contains("burn"), "the list does not hold what it should");
    assert_eq!(forbidden(&packages, &[EDGES, &banned]), NONE);
}

#[test]
fn only_tests_depend_on_the_fakes() {
    for package in ["inference-manager", "actors", "models"] {
        let packages = needed_by(package);

        assert!(packages.contains(package), "the list does not hold what it should");
        assert_eq!(forbidden(&packages, &[&["actors-testing"]]), NONE, "{package}");
    }
}

#[test]
fn a_forbidden_package_is_found_in_what_cargo_lists() {
    let packages =
        names("actors v0.1.0 (/a/b)\naws-sdk-sqs v1.2.3\nhyper v1.0.0 (*)\nhypernym v1.0.0\n");

    assert_eq!(forbidden(&packages, &[EDGES]), ["aws-sdk-sqs", "hyper"]);
    assert_eq!(forbidden(&packages, &[&["actix"]]), NONE);
}

#[test]
fn no_module_hides_in_a_mod_rs_and_each_begins_by_saying_why_it_exists() {
    assert_eq!(complaints(&rust_files(), &[no_mod_rs, begins_with_its_reason]), NONE);

    assert_eq!(no_mod_rs(&file("src/adapters/mod.rs", "//! Why.\n")).len(), 1);
    assert_eq!(begins_with_its_reason(&file("src/a.rs", "use std::fs;\n//! Late.\n")).len(), 1);
    assert_eq!(begins_with_its_reason(&file("src/a.rs", "//!\nfn a() {}\n")).len(), 1);
}

#[test]
fn files_are_named_in_the_terms_of_the_field() {
    assert_eq!(complaints(&rust_files(), &[named_by_what_it_is]), NONE);

    assert_eq!(named_by_what_it_is(&file("src/util.rs", "")).len(), 1);
    assert_eq!(named_by_what_it_is(&file("src/http_helpers.rs", "")).len(), 1);
    assert_eq!(named_by_what_it_is(&file("src/utilisation.rs", "")), NONE);
}

#[test]
fn nothing_unwraps_outside_tests_and_every_expect_says_why_it_holds() {
    assert_eq!(complaints(&rust_files(), &[panics_only_with_a_proof]), NONE);

    let faulty = |code: &str| panics_only_with_a_proof(&file("src/a.rs", code)).len();
    assert_eq!(faulty("fn a() { b.unwrap(); }"), 1);
    assert_eq!(faulty("fn a() { b.expect(\"failed\"); }"), 1);
    assert_eq!(faulty("fn a() { b.expect(\"could not lock the book at all\"); }"), 1);
    assert_eq!(faulty("fn a() { b.expect(&format!(\"{c}\")); }"), 1);
    assert_eq!(faulty("fn a() { b\n.expect(\n\"nothing ever closes this semaphore\"); }"), 0);
    assert_eq!(faulty("/// a.unwrap()\nfn a() {}\n#[cfg(test)]\nmod tests { b.unwrap(); }"), 0);
    assert_eq!(panics_only_with_a_proof(&file("tests/a.rs", "b.unwrap();")), NONE);
    assert_eq!(panics_only_with_a_proof(&file("actors/src/book_tests.rs", "b.unwrap();")), NONE);
}

#[test]
fn nothing_but_the_import_unpickles() {
    let sources = rust_files().into_iter().filter(|file| !is_test_code(&file.path));
    assert_eq!(complaints(&sources.collect::<Vec<_>>(), &[unpickles_on_import_alone]), NONE);

    let reader = "let store = PytorchStore::from_file(path);";
    assert_eq!(unpickles_on_import_alone(&file("models/src/set/loaded.rs", reader)).len(), 1);
    assert_eq!(unpickles_on_import_alone(&file("models/src/import/checkpoint.rs", reader)), NONE);
}

#[test]
fn no_file_speaks_of_the_place_where_it_was_written() {
    assert_eq!(complaints(&text_files(), &[speaks_of_nothing_outside]), NONE);

    let outside = concat!("see ..", "/shared/contract.md");
    assert_eq!(speaks_of_nothing_outside(&file("README.md", outside)).len(), 1);
    assert_eq!(speaks_of_nothing_outside(&file("README.md", "see ARCHITECTURE.md")), NONE);
}

const NONE: [&str; 0] = [];

/// One file of the tree, by its path from the root.
struct File {
    path: PathBuf,
    text: String,
}

type Check = fn(&File) -> Vec<String>;

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.to_owned() }
}

fn complaints(files: &[File], checks: &[Check]) -> Vec<String> {
    files.iter().flat_map(|file| checks.iter().flat_map(|check| check(file))).collect()
}

fn complaint(holds: bool, file: &File, why: &str) -> Vec<String> {
    if holds { vec![] } else { vec![format!("{}: {why}", file.path.display())] }
}

fn no_mod_rs(file: &File) -> Vec<String> {
    let holds = file.path.file_name().is_some_and(|name| name != "mod.rs");
    complaint(holds, file, "a module is name.rs beside name/, so that editor tabs tell them apart")
}

fn begins_with_its_reason(file: &File) -> Vec<String> {
    let reason = file.text.lines().next().and_then(|line| line.strip_prefix("//! "));
    complaint(reason.is_some_and(|why| why.len() > 10), file, "begins with no `//!` line")
}

fn named_by_what_it_is(file: &File) -> Vec<String> {
    const EMPTY_WORDS: &[&str] = &[
        "util", "utils", "helper", "helpers", "manager", "common", "misc", "service", "data",
        "info", "stuff", "shared",
    ];
    let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
    let holds = !stem.split('_').any(|word| EMPTY_WORDS.contains(&word));
    complaint(holds, file, "its name says nothing of what is in it")
}

/// A pickle is a program; what serves reads formats that are data.
fn unpickles_on_import_alone(file: &File) -> Vec<String> {
    let readers = ["PytorchStore", "pytorch_reader"];
    let reads = readers.iter().any(|reader| production_code(&file.text).contains(reader));
    let holds = !reads || file.path.starts_with("models/src/import");
    complaint(holds, file, "reads a pickle, which only an import may do")
}

fn speaks_of_nothing_outside(file: &File) -> Vec<String> {
    let outside = concat!("..", "/shared");
    let lines = file.text.lines().enumerate().filter(|(_, line)| line.contains(outside));
    lines.map(|(at, _)| format!("{}:{}: names {outside}", file.path.display(), at + 1)).collect()
}

fn panics_only_with_a_proof(file: &File) -> Vec<String> {
    if is_test_code(&file.path) {
        return vec![];
    }
    let code = production_code(&file.text);
    let complain = |what: &str| format!("{}: {what}", file.path.display());
    let unwraps = code.matches(".unwrap()").map(|_| complain("unwraps outside a test"));
    let expects = code.split(".expect(").skip(1).filter(|rest| !proves_something(rest));
    let start = |rest: &str| rest.trim_start().chars().take(40).collect::<String>();
    unwraps
        .chain(expects.map(|rest| complain(&format!("`expect({}…` proves nothing", start(rest)))))
        .collect()
}

/// The message must be a literal sentence that gives a reason: three words or more, and none of the
/// openings that only repeat that it failed.
fn proves_something(rest_after_expect: &str) -> bool {
    const NO_REASON: &[&str] =
        &["failed", "could", "couldn't", "cannot", "can't", "unable", "should"];
    let message =
        rest_after_expect.trim_start().strip_prefix('"').and_then(|m| m.split('"').next());
    let words = message.unwrap_or_default().split_whitespace().collect::<Vec<_>>();
    words.len() >= 3 && !NO_REASON.contains(&words[0].to_lowercase().as_str())
}

fn is_test_code(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.ends_with("tests")
        || ["tests", "testing", "benches"]
            .iter()
            .any(|place| path.iter().any(|part| part == *place))
}

/// Without comments and without what follows `#[cfg(test)]` on a module: test modules stand last.
fn production_code(text: &str) -> String {
    let until_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    until_tests
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn rust_files() -> Vec<File> {
    let files = files_ending_in(&["rs"]);
    assert!(files.iter().any(|file| file.path.ends_with("actors/src/lib.rs")), "no tree was read");
    files
}

fn text_files() -> Vec<File> {
    files_ending_in(&[
        "rs", "md", "toml", "py", "sh", "json", "html", "css", "js", "tf", "hcl", "yaml", "yml",
        "conf", "svg", "test", "",
    ])
}

fn files_ending_in(extensions: &[&str]) -> Vec<File> {
    const NOT_WRITTEN_HERE: &[&str] = &["target", ".git", "out", "node_modules"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let written_here = |entry: &walkdir::DirEntry| {
        !NOT_WRITTEN_HERE.contains(&entry.file_name().to_string_lossy().as_ref())
    };
    let extension =
        |path: &Path| path.extension().unwrap_or_default().to_string_lossy().to_string();

    let mut files = Vec::new();
    for entry in WalkDir::new(root).into_iter().filter_entry(written_here) {
        let entry = entry.expect("the tree can be read");
        let wanted = extensions.contains(&extension(entry.path()).as_str());
        if !wanted || !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path().strip_prefix(root).expect("it was found below the root");
        let text = String::from_utf8_lossy(&fs::read(entry.path()).expect("it can be read")).into();
        files.push(File { path: path.to_owned(), text });
    }
    files
}

/// Every package that is linked where `package` is, however indirectly.
///
/// `cargo tree` and not `cargo metadata`, which lists optional packages that no feature switches on.
/// Answered from `Cargo.lock`, without the network.
fn needed_by(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--edges=normal", "--prefix=none", "--package"])
        .arg(package)
        .output()
        .expect("cargo built this test");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    names(&String::from_utf8_lossy(&tree.stdout))
}

fn names(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Those of `packages` that `rules` name; a rule may end in `*`.
fn forbidden(packages: &BTreeSet<String>, rules: &[&[&str]]) -> Vec<String> {
    let banned = |name: &&String| {
        rules.iter().flat_map(|list| list.iter()).any(|rule| match rule.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == rule,
        })
    };
    packages.iter().filter(banned).cloned().collect()
}
