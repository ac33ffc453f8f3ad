//! Which items are checked.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Numbers of items, none of them outside 1 to 104.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Selection(BTreeSet<u8>);

impl Selection {
    pub(super) fn has(&self, number: u8) -> bool {
        self.0.contains(&number)
    }
}

impl FromStr for Selection {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        let ranges = ranges.ok_or("expected numbers from 1 to 104 and ranges, such as 17,20-25")?;
        Ok(Self(ranges.into_iter().flatten().collect()))
    }
}

fn range(text: &str) -> Option<RangeInclusive<u8>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse().ok().filter(|number| (1..=104).contains(number));
    let range = number(first)?..=number(last)?;
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_select() {
        let selection: Selection = "17, 20-22,104".parse().unwrap();
        assert_eq!(selection.0.into_iter().collect::<Vec<_>>(), [17, 20, 21, 22, 104]);
        for text in ["", "0", "105", "5-4", "1-", "a", "1,,2"] {
            assert!(text.parse::<Selection>().is_err(), "{text:?}");
        }
    }
}
