//! One answer of a language model through the streaming server, piece by piece.

use std::time::{Duration, SystemTime};

use emulator::clock::now;
use emulator::cloud::Cloud;
use serde_json::Value;

use super::error::Error;
use super::waterfall::milliseconds;
use crate::client::{Answered, Piece};
use crate::terminal::{printable, say};

/// The body of a request for a conversation in pieces.
pub(super) const BODY: &str = r#"{"model": "odsc-llm", "stream": true, "messages": [{"role": "user", "content": "Which Iris is 6.3 3.3 6.0 2.5?"}]}"#;
/// What the model says to that.
const SAID: &str = "This is an Iris virginica.";

/// What came of a request, and when it was sent.
pub(super) struct Streamed {
    answer: Answered,
    sent: SystemTime,
}

/// A piece as it came, and as the model wrote it.
struct Line {
    /// When it came, counted from the request.
    after: Duration,
    text: String,
    /// Between writing and arrival; None where nothing was written for it alone.
    delay: Option<Duration>,
}

impl Streamed {
    /// What `answer` gives to a request that is sent now.
    pub(super) async fn of(
        answer: impl Future<Output = Result<Answered, Error>>,
    ) -> Result<Self, Error> {
        let sent = now();
        Ok(Self { answer: answer.await?, sent })
    }

    pub(super) fn status(&self) -> u16 {
        self.answer.status
    }

    /// Checks that it says what it should, and came in pieces as the model wrote them.
    pub(super) fn check(&self, pace: Duration) -> Result<(), Error> {
        let wrong = |what: String| Err(Error::Unexpected(what));
        let said = said(&self.answer.body);
        if said != SAID {
            return wrong(format!("the model says `{SAID}`: `{said}`"));
        }
        let (first, last) = (self.answer.pieces.first(), self.answer.pieces.last());
        let (Some(first), Some(last)) = (first, last) else {
            return wrong("the answer has no pieces".to_owned());
        };
        // A word is a piece; half of their time is far more than a collected answer would take.
        let words = u32::try_from(SAID.split(' ').count()).unwrap_or(u32::MAX);
        if last.after.saturating_sub(first.after) < pace * words / 2 {
            return wrong("the answer came at once, and not in pieces".to_owned());
        }
        Ok(())
    }

    /// When each piece came.
    pub(super) fn show(&self, cloud: &Cloud, pace: Duration) {
        let gap = milliseconds(micros(pace));
        say(&format!("\n6. The stream; the model writes a token every {gap}"));
        let lines = self.lines(cloud);
        if let Some(first) = lines.first() {
            say(&format!("   time to first byte {}", milliseconds(micros(first.after))));
        }
        let mut earlier = None;
        for Line { after, text, delay } in lines {
            let gap = earlier.map(|earlier| after.saturating_sub(earlier));
            let gap = gap.map_or_else(|| "-".to_owned(), |gap| milliseconds(micros(gap)));
            let delay = delay.map(|delay| milliseconds(micros(delay)));
            let delay = delay.map(|delay| format!(", {delay} after it was written"));
            say(&format!(
                "   {:>10}  gap {gap:>9}  {}{}",
                milliseconds(micros(after)),
                printable(&text),
                delay.unwrap_or_default()
            ));
            earlier = Some(after);
        }
    }

    fn lines(&self, cloud: &Cloud) -> Vec<Line> {
        let written = cloud.deployment.written();
        // Where two pieces came as one, nobody can say which was when.
        let each = written.len() == self.answer.pieces.len();
        let mut start = 0;
        let line = |(number, piece): (usize, &Piece)| {
            let bytes = self.answer.body.get(start..start + piece.bytes).unwrap_or_default();
            start += piece.bytes;
            let written = written.get(number).filter(|_| each);
            let delay = written
                .and_then(|written| (self.sent + piece.after).duration_since(written.at).ok());
            Line { after: piece.after, text: told(bytes), delay }
        };
        self.answer.pieces.iter().enumerate().map(line).collect()
    }
}

/// What a piece says: the words in it, or else its last event.
fn told(bytes: &[u8]) -> String {
    let said = said(bytes);
    let text = String::from_utf8_lossy(bytes);
    let data = text.lines().rev().find_map(|line| line.strip_prefix("data: "));
    match (said.is_empty(), data) {
        (false, _) => format!("`{said}`"),
        (true, Some("[DONE]")) => "[DONE]".to_owned(),
        (true, Some(_)) => "(no text)".to_owned(),
        (true, None) => "(a comment)".to_owned(),
    }
}

/// The text in events of `OpenAI`'s protocol.
fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let values = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let content = |value: Value| {
        value.pointer("/choices/0/delta/content").and_then(Value::as_str).map(str::to_owned)
    };
    values.filter_map(content).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_told_by_its_words_or_by_what_it_is_else() {
        let word = r#"data: {"choices":[{"delta":{"content":"an "}}]}"#;
        for (piece, text) in [
            (format!("{word}\n\n"), "`an `"),
            (format!("{word}\n\n{word}\n\n"), "`an an `"),
            ("data: {\"choices\":[]}\n\n".to_owned(), "(no text)"),
            ("data: [DONE]\n\n".to_owned(), "[DONE]"),
            (": keep-alive\n\n".to_owned(), "(a comment)"),
        ] {
            assert_eq!(told(piece.as_bytes()), text);
        }
    }
}
