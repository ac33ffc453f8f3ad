//! The pieces of an answer that a server sent, each when it came.

use std::time::Duration;

use emulator::cloud::calls::Call;
use emulator::gateway::{Piece, Relayed};
use maud::{Markup, html};

use crate::local::waterfall::milliseconds;

/// The most pieces that are shown.
const SHOWN: usize = 200;

/// The section about the pieces; nothing where no server answered.
pub(super) fn section(call: &Call) -> Markup {
    let Some(relayed) = &call.exchange.relayed else { return Markup::default() };
    html! {
        section {
            h2 { "Pieces of the answer" }
            p {
                "Head after " (time(relayed.head)) ", " (relayed.count) " pieces, "
                @if relayed.is_whole { "whole after " } @else { "broken off after " }
                (time(relayed.until - relayed.from)) "."
                @if relayed.count > SHOWN { " The first " (SHOWN) " are listed." }
            }
            table {
                thead { tr { th.number { "After" } th.number { "Gap" } th.number { "Bytes" } } }
                tbody { @for (number, piece) in relayed.pieces.iter().take(SHOWN).enumerate() {
                    (row(relayed, number, piece))
                } }
            }
        }
    }
}

fn row(relayed: &Relayed, number: usize, piece: &Piece) -> Markup {
    let earlier = number.checked_sub(1).and_then(|number| relayed.pieces.get(number));
    html! {
        tr {
            td.number { (time(piece.after)) }
            td.number { @if let Some(earlier) = earlier { (time(piece.after.saturating_sub(earlier.after))) } }
            td.number { (piece.bytes) }
        }
    }
}

fn time(time: Duration) -> String {
    milliseconds(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use emulator::gateway::Exchange;
    use serde_json::Value;

    use super::*;

    fn call(relayed: Option<Relayed>) -> Call {
        let exchange = Exchange {
            received: SystemTime::UNIX_EPOCH,
            took: Duration::ZERO,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            claims: Value::Null,
            dispatch: None,
            relayed,
            status: 200,
        };
        Call { number: 1, exchange, requests: vec![], spans: vec![] }
    }

    #[test]
    fn each_piece_has_its_time_and_the_gap_before_it() {
        let from = Instant::now();
        let piece = |after| Piece { after: Duration::from_millis(after), bytes: 7 };
        let relayed = Relayed {
            from,
            until: from + Duration::from_millis(90),
            head: Duration::from_millis(5),
            pieces: vec![piece(10), piece(60)],
            count: 2,
            is_whole: false,
        };
        let shown = section(&call(Some(relayed))).0;
        assert!(shown.contains("Head after 5.00 ms, 2 pieces, broken off after 90.00 ms."));
        assert!(
            shown.contains("<td class=\"number\">60.00 ms</td><td class=\"number\">50.00 ms</td>"),
            "{shown}"
        );
        assert_eq!(section(&call(None)).0, "");
    }
}
