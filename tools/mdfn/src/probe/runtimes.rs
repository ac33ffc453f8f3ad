//! The runtimes that the service has, and the one that archives are to have.

use oracle_cloud_client::Service;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::evidence::{Evidence, asked};

const LANGUAGE: &str = "go";
/// The most pages that are asked for.
const PAGES: usize = 20;

/// All active runtimes, or why they are unknown.
#[derive(Debug)]
pub(super) struct Runtimes {
    pub(super) found: Result<Vec<Runtime>, String>,
    pub(super) evidence: Vec<Evidence>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Runtime {
    pub(super) name: String,
    #[serde(default)]
    pub(super) os: Option<String>,
    #[serde(default)]
    pub(super) language: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Runtime>,
}

impl Runtimes {
    pub(super) async fn list(service: &Service) -> Self {
        let (mut all, mut evidence, mut page) = (Vec::new(), Vec::new(), None);
        for _ in 0..PAGES {
            let call = Call::runtimes(page.as_deref());
            let (seen, answer) = asked("list the runtimes", &call, service).await;
            evidence.push(seen);
            let answer = match answer.and_then(|answer| Ok((answer.json::<Page>()?, answer))) {
                Ok((read, answer)) => {
                    all.extend(read.items);
                    answer
                }
                Err(error) => {
                    let why = format!("the runtimes cannot be listed: {error}");
                    return Self { found: Err(why), evidence };
                }
            };
            page = answer.header("opc-next-page").map(str::to_owned);
            if page.is_none() {
                return Self { found: Ok(all), evidence };
            }
        }
        Self { found: Err(format!("the list of runtimes has over {PAGES} pages")), evidence }
    }

    /// Returns the names of those for Go.
    pub(super) fn for_go(&self) -> Vec<&str> {
        let of_go = |runtime: &&Runtime| {
            let language = runtime.language.as_deref();
            language.is_some_and(|language| language.eq_ignore_ascii_case(LANGUAGE))
        };
        let all = self.found.as_deref().unwrap_or_default();
        all.iter().filter(of_go).map(|runtime| runtime.name.as_str()).collect()
    }

    /// Returns the runtime for archives, or why none can be chosen.
    pub(super) fn for_archives(&self) -> Result<String, String> {
        if let Err(why) = &self.found {
            return Err(format!("{why}; `--runtime` names one"));
        }
        match self.for_go().as_slice() {
            [one] => Ok((*one).to_owned()),
            [] => Err("no active runtime is for Go; `--runtime` names one".to_owned()),
            several => Err(format!(
                "several runtimes are for Go, {}; `--runtime` names one",
                several.join(", ")
            )),
        }
    }
}
