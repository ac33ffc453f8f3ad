//! A log from its first byte to its last, in whichever form it is.

use std::io::{self, BufRead};

use super::document;
use super::line::{Line, is_entry};
use super::lines::{Lines, Place};
use super::skipped::Skipped;

/// Tells all lines and entries of the log, each with the number of the line that it ends in;
/// nothing of it is kept.
pub(super) fn read(
    log: impl BufRead,
    mut tell: impl FnMut(u64, Result<Line, Skipped>),
) -> io::Result<()> {
    let place = Place::default();
    let mut lines = Lines::new(log, &place);
    let mut is_more = lines.advance()?;
    while is_more {
        lines.skip_blanks();
        is_more = match lines.rest().first() {
            None => lines.advance()?,
            Some(b'{' | b'[') => read_json(&mut lines, &place, &mut tell)?,
            Some(_) => {
                let line = Line::parse(&String::from_utf8_lossy(lines.rest()));
                tell(place.number(), line.ok_or(Skipped::NoForm));
                lines.advance()?
            }
        };
    }
    Ok(())
}

/// Reads a document, which may end many lines later; false at the end of the log.
fn read_json(
    lines: &mut Lines<'_, impl BufRead>,
    place: &Place,
    tell: &mut impl FnMut(u64, Result<Line, Skipped>),
) -> io::Result<bool> {
    let (begin, at, mut found) = (place.number(), lines.at(), false);
    let document = document::read(&mut *lines, place, &mut |element| {
        let line = Line::from_json(element).ok_or(Skipped::NoForm);
        if line.is_ok() || is_entry(element) {
            found = true;
            tell(place.number(), line);
        }
    });
    match document {
        Ok(document) => {
            let line = Line::from_json(&document).ok_or(Skipped::NoForm);
            // What is around the entries need not be one.
            if line.is_ok() || !found {
                tell(place.number(), line);
            }
            Ok(true)
        }
        Err(error) if error.is_io() => Err(error.into()),
        // A line may begin with a time in brackets.
        Err(_) if place.number() == begin => {
            lines.rewind(at);
            let line = Line::parse(&String::from_utf8_lossy(lines.rest())).filter(|_| !found);
            tell(begin, line.ok_or(Skipped::Broken));
            lines.advance()
        }
        // What broke the document may be a line of the function.
        Err(_) => {
            tell(begin, Err(Skipped::Broken));
            lines.rewind(0);
            Ok(!lines.rest().is_empty())
        }
    }
}
