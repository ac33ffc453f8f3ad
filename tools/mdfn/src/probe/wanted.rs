//! What is asked, and what that needs, checked as far as possible without the service.

use std::fmt;

use super::error::Error;
use super::options::Options;
use super::question::Question;
use super::subject::Subject;
use crate::application::is_ocid;
use crate::input::read_word;

/// What is never shown.
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) asked: Vec<Question>,
    /// Questions that cannot be asked, with the reason.
    pub(super) not_asked: Vec<(Question, String)>,
    pub(super) subjects: Vec<Subject>,
    /// A token of the identity domain.
    pub(super) token: Option<Secret>,
}

impl Wanted {
    pub(super) fn read(options: &Options) -> Result<Self, Error> {
        let is_name = options.application.as_ref().is_some_and(|named| !is_ocid(named));
        if is_name && options.compartment.is_none() {
            return Err(Error::NoCompartment);
        }
        let (mut asked, mut not_asked) = (Vec::new(), Vec::new());
        for question in Question::ALL {
            if !options.only.is_empty() && !options.only.contains(&question) {
                not_asked.push((question, "`--only` leaves it out".to_owned()));
            } else if let Some(why) = missing(question, options) {
                not_asked.push((question, why));
            } else {
                asked.push(question);
            }
        }
        if asked.is_empty() {
            let left_out = |(question, why): &(Question, String)| {
                format!("question {}: {why}", question.number())
            };
            let named = not_asked
                .iter()
                .filter(|(question, _)| options.only.is_empty() || options.only.contains(question));
            let why: Vec<String> = named.map(left_out).collect();
            return Err(Error::NothingToAsk(why.join("; ")));
        }
        let subjects = Subject::read(options, &asked)?;
        let file = options.token_file.as_ref().filter(|_| asked.contains(&Question::KeySet));
        let token = file.map(|file| read_word("the token", file)).transpose()?;
        Ok(Self { asked, not_asked, subjects, token: token.map(Secret) })
    }

    /// Returns whether the runtimes have to be listed.
    pub(super) fn needs_runtimes(&self, options: &Options) -> bool {
        let has_archive = self.subjects.iter().any(|subject| subject.kind.needs_runtime());
        self.asked.contains(&Question::Runtimes) || has_archive && options.runtime.is_none()
    }
}

/// Returns the options that a question needs and that are not there.
fn missing(question: Question, options: &Options) -> Option<String> {
    let unless = |is_given: bool, option| (!is_given).then_some(option);
    let has_archive = options.archive.is_some() || options.archive_pie.is_some();
    let application = unless(options.application.is_some(), "--application");
    let any_archive = unless(has_archive, "--archive or --archive-pie");
    let needs = match question {
        Question::NotGo => vec![application, any_archive],
        Question::Pie => vec![
            application,
            unless(options.archive.is_some(), "--archive"),
            unless(options.archive_pie.is_some(), "--archive-pie"),
        ],
        Question::Runtimes => Vec::new(),
        Question::KeySet => vec![
            unless(options.gateway.is_some(), "--gateway"),
            unless(options.domain.is_some(), "--domain"),
        ],
        Question::Streaming => vec![
            unless(options.gateway.is_some(), "--gateway"),
            unless(options.stream_backend.is_some(), "--stream-backend"),
        ],
        Question::Detached => {
            vec![application, any_archive, unless(options.stream.is_some(), "--stream")]
        }
        Question::ColdStart => {
            vec![application, any_archive, unless(options.image.is_some(), "--image")]
        }
    };
    let needs: Vec<&str> = needs.into_iter().flatten().collect();
    (!needs.is_empty()).then(|| format!("it needs {}", needs.join(" and ")))
}
