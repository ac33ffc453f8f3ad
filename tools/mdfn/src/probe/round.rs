//! All questions, one after the other; what is known survives an end in the middle.

use std::cell::RefCell;

use super::detached::Detached;
use super::finding::Finding;
use super::key_set::{KeySet, Keys};
use super::question::Question;
use super::runtimes::Runtimes;
use super::streaming::Streaming;
use super::subject::SubjectKind;
use super::trial::{Bench, Trial};
use super::wanted::{Secret, Wanted};
use crate::client::Client;

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct Round {
    answers: RefCell<Vec<(Question, Finding)>>,
}

impl Round {
    /// Asks all chosen questions.
    pub(super) async fn ask(&self, wanted: &Wanted, bench: &Bench<'_>, client: &Client) {
        self.ask_gateway(wanted, bench, client).await;
        let mut runtimes = None;
        if wanted.needs_runtimes(bench.options) {
            let listed = Runtimes::list(bench.functions).await;
            self.note(wanted, Question::Runtimes, Finding::of_runtimes(&listed));
            runtimes = Some(listed);
        }
        let named = bench.options.runtime.clone().map(Ok);
        let runtime = named.or_else(|| runtimes.as_ref().map(Runtimes::for_archives));
        let mut trials = Vec::new();
        for subject in &wanted.subjects {
            let needs = subject.kind.needs_runtime().then(|| runtime.clone()).flatten();
            match needs.transpose() {
                Ok(runtime) => {
                    let runtime = runtime.unwrap_or_default();
                    match &bench.options.stream {
                        Some(stream) if subject.kind == SubjectKind::Detached => {
                            let detached = Detached::run(subject, &runtime, stream, bench).await;
                            let finding = Finding::of_detached(detached);
                            self.note(wanted, Question::Detached, finding);
                        }
                        _ => trials.push(Trial::run(subject, &runtime, bench).await),
                    }
                }
                // All questions that make functions have an archive among them.
                Err(why) => {
                    let of_archives =
                        [Question::NotGo, Question::Pie, Question::Detached, Question::ColdStart];
                    for question in of_archives {
                        let finding = Finding::without_runtime(question, &why, runtimes.as_ref());
                        self.note(wanted, question, finding);
                    }
                    return;
                }
            }
        }
        for question in &wanted.asked {
            if let Some(answer) = Finding::of_trials(*question, &trials) {
                self.note(wanted, *question, answer);
            }
        }
    }

    /// Asks what the gateway takes.
    async fn ask_gateway(&self, wanted: &Wanted, bench: &Bench<'_>, client: &Client) {
        let Bench { options, .. } = bench;
        if let (Some(gateway), Some(domain)) = (&options.gateway, &options.domain)
            && wanted.asked.contains(&Question::KeySet)
        {
            let token = wanted.token.as_ref().map(|Secret(token)| token.as_str());
            let keys = Keys { gateway, domain, token, client };
            let key_set = KeySet::ask(&keys, bench).await;
            self.note(wanted, Question::KeySet, Finding::of_key_set(key_set));
        }
        if let (Some(gateway), Some(backend)) = (&options.gateway, &options.stream_backend)
            && wanted.asked.contains(&Question::Streaming)
        {
            let streaming = Streaming::ask(gateway, backend, client, bench).await;
            self.note(wanted, Question::Streaming, Finding::of_streaming(streaming));
        }
    }

    /// Returns the outcomes of all questions in their order.
    pub(super) fn answers(&self, wanted: &Wanted) -> Vec<Finding> {
        let found = self.answers.borrow();
        let outcome = |question: Question| {
            let known = found.iter().find(|(known, _)| *known == question);
            let left_out = wanted.not_asked.iter().find(|(known, _)| *known == question);
            match (known, left_out) {
                (Some((_, answer)), _) => answer.clone(),
                (None, Some((_, why))) => Finding::not_asked(question, why.clone()),
                (None, None) => {
                    Finding::not_asked(question, "it was stopped before its end".to_owned())
                }
            }
        };
        Question::ALL.map(outcome).to_vec()
    }

    fn note(&self, wanted: &Wanted, question: Question, answer: Finding) {
        if wanted.asked.contains(&question) {
            self.answers.borrow_mut().push((question, answer));
        }
    }
}
