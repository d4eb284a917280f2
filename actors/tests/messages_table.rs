//! The message table of ARCHITECTURE.md names exactly the messages that there are.

use std::collections::BTreeSet;

/// Names in the first column of the table under the heading `## Messages`.
fn documented(architecture: &str) -> BTreeSet<String> {
    let section = architecture.split("\n## Messages\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}

/// Structs of messages.rs that are messages: by derive, or as work.
fn defined(source: &str) -> BTreeSet<String> {
    let by_derive = source.split("#[derive(Message").skip(1).filter_map(|rest| {
        let name = rest.split("pub struct ").nth(1)?;
        name.split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned)
    });
    let as_work = source
        .split("impl Work for ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next().map(str::to_owned));
    by_derive.chain(as_work).collect()
}

#[test]
fn the_message_table_of_the_architecture_names_exactly_the_messages_there_are() {
    let table = documented(include_str!("../../ARCHITECTURE.md"));
    let types = defined(include_str!("../src/messages.rs"));

    assert!(types.len() > 10, "the types were not found: {types:?}");
    assert_eq!(table, types);
}

#[test]
fn a_message_that_only_one_side_has_is_noticed() {
    let table =
        "\n## Messages\n| `Retrieve` | a | b | work |\n| `Gone` | a | b | work |\n## Next\n";
    let types =
        "#[derive(Message)]\n#[rtype(result = \"()\")]\npub struct New;\nimpl Work for Retrieve {";

    let (table, types) = (documented(table), defined(types));

    assert_eq!(table.difference(&types).collect::<Vec<_>>(), ["Gone"]);
    assert_eq!(types.difference(&table).collect::<Vec<_>>(), ["New"]);
}
