//! The answers of the trials and of the list of runtimes to each question.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::detached::Detached;
use super::evidence::Evidence;
use super::key_set::KeySet;
use super::question::Question;
use super::runtimes::Runtimes;
use super::streaming::Streaming;
use super::subject::SubjectKind;
use super::trial::{Called, Outcome, Trial};

/// The outcome of one question: exactly one of the three is set.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    number: u8,
    question: &'static str,
    pub(super) answer: Option<Value>,
    pub(super) not_asked: Option<String>,
    /// Why it was asked and has no answer.
    pub(super) no_answer: Option<String>,
    evidence: Vec<Evidence>,
}

impl Finding {
    pub(super) fn not_asked(question: Question, why: String) -> Self {
        Self { not_asked: Some(why), ..Self::empty(question) }
    }

    fn of(question: Question, found: Result<Value, String>, evidence: Vec<Evidence>) -> Self {
        let (answer, no_answer) = match found {
            Ok(answer) => (Some(answer), None),
            Err(why) => (None, Some(why)),
        };
        Self { answer, no_answer, evidence, ..Self::empty(question) }
    }

    fn empty(question: Question) -> Self {
        let (number, question) = (question.number(), question.text());
        Self { number, question, answer: None, not_asked: None, no_answer: None, evidence: vec![] }
    }

    /// Returns one line for a person.
    pub(super) fn line(&self) -> String {
        let outcome = match (&self.answer, &self.not_asked, &self.no_answer) {
            (Some(Value::String(text)), ..) => text.clone(),
            (Some(value), ..) => value.to_string(),
            (None, Some(why), _) => format!("not asked: {why}"),
            (None, None, why) => format!("no answer: {}", why.as_deref().unwrap_or("unknown")),
        };
        format!("{}  {}\n   {outcome}", self.number, self.question)
    }

    /// Returns how it was found out what the runtimes are called.
    pub(super) fn of_runtimes(runtimes: &Runtimes) -> Self {
        let found = runtimes.found.as_ref().map_err(Clone::clone);
        let found = found.map(|all| json!({ "go": runtimes.for_go(), "all": all }));
        Self::of(Question::Runtimes, found, runtimes.evidence.clone())
    }

    /// Returns a question whose archives have no runtime. Where the list was given, nothing was
    /// asked: somebody has to choose.
    pub(super) fn without_runtime(
        question: Question,
        why: &str,
        runtimes: Option<&Runtimes>,
    ) -> Self {
        match runtimes {
            Some(Runtimes { found: Err(_), evidence }) => {
                Self::of(question, Err(why.to_owned()), evidence.clone())
            }
            _ => Self::not_asked(question, why.to_owned()),
        }
    }

    /// Returns what the gateway made of a key set.
    pub(super) fn of_key_set(key_set: KeySet) -> Self {
        Self::of(Question::KeySet, key_set.found, key_set.evidence)
    }

    /// In which pieces an answer passed the gateway.
    pub(super) fn of_streaming(streaming: Streaming) -> Self {
        Self::of(Question::Streaming, streaming.found, streaming.evidence)
    }

    /// Returns what the destination of a detached call got.
    pub(super) fn of_detached(detached: Detached) -> Self {
        Self::of(Question::Detached, detached.found, detached.evidence)
    }

    /// Returns the answer of all trials to one question; `None` for one that no trial answers.
    pub(super) fn of_trials(question: Question, trials: &[Trial]) -> Option<Self> {
        let of_archives = || trials.iter().filter(|trial| trial.kind.is_archive());
        let (found, evidence) = match question {
            Question::NotGo => (any(of_archives()), evidence(of_archives())),
            Question::Pie => (each(of_archives()), evidence(of_archives())),
            Question::ColdStart => {
                let archive = of_archives().next();
                let image = trials.iter().find(|trial| trial.kind == SubjectKind::Image);
                let both = archive.into_iter().chain(image);
                (times(archive, image), evidence(both))
            }
            Question::Runtimes | Question::KeySet | Question::Streaming | Question::Detached => {
                return None;
            }
        };
        Some(Self::of(question, found, evidence))
    }
}

/// Returns whether any archive became a function that runs. A no needs all of them.
fn any<'a>(archives: impl Iterator<Item = &'a Trial> + Clone) -> Result<Value, String> {
    let verdicts: Vec<Verdict> = archives.clone().map(verdict).collect();
    let best = [Verdict::Taken, Verdict::MadeOnly, Verdict::No];
    let unknown = archives.filter_map(|trial| match &trial.outcome {
        Outcome::Unknown(why) => Some(format!("{}: {why}", trial.kind.word())),
        Outcome::Refused | Outcome::Failed | Outcome::Active { .. } => None,
    });
    let unknown: Vec<String> = unknown.collect();
    let found = best.into_iter().find(|best| verdicts.contains(best));
    match found {
        Some(found) if found != Verdict::No || unknown.is_empty() => Ok(json!(found.text())),
        _ => Err(unknown.join("; ")),
    }
}

/// Returns the verdict on each archive; it takes both.
fn each<'a>(archives: impl Iterator<Item = &'a Trial>) -> Result<Value, String> {
    let mut found = Map::new();
    for trial in archives {
        if let Outcome::Unknown(why) = &trial.outcome {
            return Err(format!("{}: {why}", trial.kind.word()));
        }
        let name = if trial.kind == SubjectKind::Pie { "static_pie" } else { "fixed_addresses" };
        found.insert(name.to_owned(), json!(verdict(trial).text()));
    }
    Ok(Value::Object(found))
}

/// Returns the seconds of the first and the next call of each. One call is no average.
fn times(archive: Option<&Trial>, image: Option<&Trial>) -> Result<Value, String> {
    let both = |trial: Option<&Trial>| -> Result<Value, String> {
        let trial = trial.ok_or("it was not made")?;
        let named = |why: &str| format!("{}: {why}", trial.kind.word());
        match &trial.outcome {
            Outcome::Active { first: Called { ran: Err(why), .. }, .. } => {
                Err(named(&format!("the first call did not reach it: {why}")))
            }
            Outcome::Active { first, next: Some(Called { seconds, ran: Ok(()) }) } => {
                Ok(json!({ "first_call_s": first.seconds, "next_call_s": seconds }))
            }
            Outcome::Active { .. } => Err(named("the next call did not reach it")),
            Outcome::Refused => Err(named("the service refused it")),
            Outcome::Failed => Err(named("it was accepted and failed")),
            Outcome::Unknown(why) => Err(named(why)),
        }
    };
    Ok(json!({ "archive": both(archive)?, "image": both(image)? }))
}

fn evidence<'a>(trials: impl Iterator<Item = &'a Trial>) -> Vec<Evidence> {
    trials.flat_map(|trial| trial.evidence.clone()).collect()
}

/// The outcome for an archive, if it is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Taken,
    MadeOnly,
    No,
    Unknown,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Taken => "yes",
            Self::MadeOnly => "made, and a call does not reach it",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

fn verdict(trial: &Trial) -> Verdict {
    match &trial.outcome {
        Outcome::Active { first: Called { ran: Ok(()), .. }, .. } => Verdict::Taken,
        Outcome::Active { .. } => Verdict::MadeOnly,
        Outcome::Refused | Outcome::Failed => Verdict::No,
        Outcome::Unknown(_) => Verdict::Unknown,
    }
}
