//! The items of the container contract's checklist, section by section.
//!
//! Source: docs/spec/fn-container-contract.md#checklist.

mod connections;
mod deadlines;
mod detached;
mod end_to_end;
mod failures;
mod gateway;
mod identity;
mod logging;
mod refusals;
mod requests;
mod responses;
mod sandbox;
mod sizes;
mod start;
mod stop;
mod tracing;

use crate::item::Item;

/// Returns all items by number, each with the name of its section.
pub(super) fn all() -> Vec<(&'static str, Item)> {
    let sections: [(&str, &[Item]); 16] = [
        ("start-up", start::ITEMS),
        ("start-up", sandbox::ITEMS),
        ("start-up", stop::ITEMS),
        ("requests", requests::ITEMS),
        ("requests", connections::ITEMS),
        ("gateway requests", gateway::ITEMS),
        ("responses", responses::ITEMS),
        ("responses", refusals::ITEMS),
        ("responses", failures::ITEMS),
        ("responses", sizes::ITEMS),
        ("deadlines", deadlines::ITEMS),
        ("logging and tracing", logging::ITEMS),
        ("logging and tracing", tracing::ITEMS),
        ("config and identity", identity::ITEMS),
        ("end to end", end_to_end::ITEMS),
        ("detached calls", detached::ITEMS),
    ];
    let each = |(section, items): (&'static str, &'static [Item])| {
        items.iter().map(move |item| (section, *item))
    };
    let mut all: Vec<_> = sections.into_iter().flat_map(each).collect();
    all.sort_by_key(|(_, item)| item.number);
    all
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::item::Level;

    #[test]
    fn the_checklist_has_each_number_once() {
        let numbers: Vec<u8> = all().iter().map(|(_, item)| item.number).collect();
        assert_eq!(numbers, (1..=104).collect::<Vec<u8>>());
    }

    #[test]
    fn the_rule_of_every_item_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (_, item) in all() {
            let rule = item.rule();
            let (page, anchor) = rule.split_once('#').unwrap();
            let text = fs::read_to_string(root.join(page)).unwrap();
            assert!(
                text.contains(&format!("\n{}. <a id=\"{anchor}\"></a>", item.number)),
                "{rule}"
            );
        }
    }

    #[test]
    fn a_must_is_what_the_platform_fails_calls_without() {
        let musts = all().into_iter().filter(|(_, item)| item.level == Level::Must);
        let numbers: Vec<u8> = musts.map(|(_, item)| item.number).collect();
        // 54 is none: versions are optional, and the status is what 67 looks at.
        let expected = [
            &[7, 8, 9, 10, 14, 15, 17, 18, 19, 20, 21, 22, 23, 25, 26, 35, 37, 38, 40, 44, 46][..],
            &[56, 58, 65, 67, 69, 70, 72, 87, 96, 97, 98, 99, 100, 102],
        ];
        assert_eq!(numbers, expected.concat());
    }
}
