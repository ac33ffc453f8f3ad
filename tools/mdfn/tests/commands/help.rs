//! `--help` of every command: narrow enough to read, and on the page docs/commands.md as it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::mdfn;

/// The widest line, in columns.
const WIDTH: usize = 120;

fn help(command: &[String]) -> String {
    let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let done = mdfn(&arguments, "");
    assert_eq!(done.code, 0, "{done:?}");
    // Clap leaves blanks in empty lines, which no page should have.
    done.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The commands that a help lists below this one.
fn listed(help: &str) -> impl Iterator<Item = String> {
    let list = help.split_once("\nCommands:\n").map_or("", |(_, list)| list);
    let names = list.lines().take_while(|line| line.starts_with("  "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned)
}

/// `mdfn` and all commands below it, each with its help.
fn commands() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let help = help(&command);
        let below = listed(&help).map(|name| [command.as_slice(), &[name]].concat());
        let below: Vec<_> = below.collect();
        open.extend(below.into_iter().rev());
        found.push(([&["mdfn".to_owned()], command.as_slice()].concat().join(" "), help));
    }
    assert!(found.iter().any(|(name, _)| name == "mdfn gateway-spec validate"), "{found:?}");
    found
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md")
}

/// The text between a section's heading and its help.
fn words<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, section) = page.split_once(&format!("\n## `{name}`\n")).unwrap_or_default();
    section.split("```text\n").next().unwrap_or_default().trim()
}

#[test]
fn every_help_fits_a_terminal() {
    for (name, help) in commands() {
        for line in help.lines() {
            assert!(line.chars().count() <= WIDTH, "{name}: {line}");
        }
    }
}

/// `WRITE=1` writes the helps into the page. The words above each are written by hand.
#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says whether it writes")]
fn a_page_has_the_help_of_every_command() {
    let path = page();
    let found = fs::read_to_string(&path).unwrap();
    let (mut expected, _) = found.split_once("\n## ").unwrap_or((&found, ""));
    expected = expected.trim_end();
    let section = |(name, help): (String, String)| {
        let words = words(&found, &name);
        format!("## `{name}`\n\n{words}\n\n```text\n{}\n```", help.trim())
    };
    let sections: Vec<String> = commands().into_iter().map(section).collect();
    let expected = format!("{expected}\n\n{}\n", sections.join("\n\n"));
    if std::env::var_os("WRITE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    for (name, _) in commands() {
        let words = words(&found, &name);
        assert!(words.ends_with('.') && !words.contains("\n\n"), "`{name}` needs a sentence");
    }
    let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(found == expected, "WRITE=1 writes {}: {differs:?}", path.display());
}
