//! What is printed: a table by kind, and the cases in which not all agree.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compare::Verdict;
use crate::kind::KINDS;

/// A case and what each signer made of it.
pub(crate) struct Row {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) verdicts: [Verdict; 3],
}

/// The text of all rows.
pub(crate) fn text(names: &[&str; 3], rows: &[Row]) -> String {
    let mut text = String::new();
    let headings = names.map(|name| format!("`{name}` {}", version(name)));
    line(&mut text, &["what is signed".to_owned(), "vectors".to_owned()], &headings);
    text.push_str("|---|---|---|---|---|\n");
    for kind in KINDS {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.kind == kind).collect();
        let cells = [0, 1, 2].map(|signer| cell(&rows, signer));
        line(&mut text, &[kind.to_owned(), rows.len().to_string()], &cells);
    }
    let all: Vec<&Row> = rows.iter().collect();
    let cells = [0, 1, 2].map(|signer| {
        let agrees = all.iter().filter(|row| row.verdicts[signer] == Verdict::Agrees).count();
        format!("agrees in {agrees}")
    });
    line(&mut text, &["all".to_owned(), all.len().to_string()], &cells);

    text.push_str("\nWhere not all agree:\n\n");
    for row in rows.iter().filter(|row| row.verdicts.iter().any(|one| *one != Verdict::Agrees)) {
        let verdicts = names.iter().zip(&row.verdicts);
        let said: Vec<String> =
            verdicts.map(|(name, verdict)| format!("{name} {}", said(verdict))).collect();
        let x_date = if row.kind == KINDS[KINDS.len() - 1] { " (`x-date`)" } else { "" };
        writeln!(text, "- {}{x_date}: {}", row.id, said.join("; ")).expect("a String takes all");
    }
    text
}

fn line(text: &mut String, first: &[String; 2], rest: &[String; 3]) {
    let cells = [first.as_slice(), rest.as_slice()].concat();
    writeln!(text, "| {} |", cells.join(" | ")).expect("a String takes all");
}

/// One verdict where it is the same for all, otherwise how often each was given.
fn cell(rows: &[&Row], signer: usize) -> String {
    let mut counts: BTreeMap<&Verdict, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(&row.verdicts[signer]).or_default() += 1;
    }
    if counts.len() == 1 {
        return counts.keys().map(|verdict| said(verdict)).collect();
    }
    let counted = counts.iter().map(|(verdict, count)| match (verdict, count) {
        (_, 1) | (Verdict::Cannot(_), _) => format!("{count} {}", said(verdict)),
        (Verdict::Agrees, _) => format!("{count} agree"),
        (Verdict::Differs(what), _) => format!("{count} differ: {what}"),
    });
    counted.collect::<Vec<_>>().join("; ")
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Agrees => "agrees".to_owned(),
        Verdict::Differs(what) => format!("differs: {what}"),
        Verdict::Cannot(why) => format!("cannot: {why}"),
    }
}

/// The version of a crate that this program is built with.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).expect("it is used");
    entry.1.split('"').next().unwrap_or_default()
}
