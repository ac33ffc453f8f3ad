//! The sessions of MCP clients, and the events that each has been sent, so that a stream which
//! broke off can be resumed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most sessions, and the most streams of one, that are kept; older ones are forgotten.
const KEPT: usize = 100;

/// All sessions, by their ids.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<String, Session>>);

/// One session: its streams, each with its number and the events that went into it.
#[derive(Debug, Default)]
struct Session {
    streams: VecDeque<(u64, Vec<String>)>,
}

impl Sessions {
    /// Opens a session; its id is `number` in a form that sorts as the numbers do.
    pub(super) fn open(&self, number: u64) -> String {
        let id = format!("emulated-session-{number:020}");
        let mut sessions = self.all();
        if sessions.len() == KEPT {
            sessions.pop_first();
        }
        sessions.insert(id.clone(), Session::default());
        id
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.all().contains_key(id)
    }

    /// Ends a session, if there is one.
    pub(super) fn end(&self, id: &str) {
        self.all().remove(id);
    }

    /// The messages as the events of a new stream of a session, each with an id.
    pub(super) fn stream(&self, id: &str, number: u64, messages: &[String]) -> Vec<String> {
        let event = |(place, message): (usize, &String)| {
            format!("id: {number}-{place}\nevent: message\ndata: {message}\n\n")
        };
        let events: Vec<String> = messages.iter().enumerate().map(event).collect();
        if let Some(session) = self.all().get_mut(id) {
            if session.streams.len() == KEPT {
                session.streams.pop_front();
            }
            session.streams.push_back((number, events.clone()));
        }
        events
    }

    /// What followed the event of this id in its stream; None if there is no such event.
    pub(super) fn after(&self, id: &str, event: &str) -> Option<Vec<String>> {
        let (number, place) = event.split_once('-')?;
        let (number, place): (u64, usize) = (number.parse().ok()?, place.parse().ok()?);
        let sessions = self.all();
        let (_, events) = sessions.get(id)?.streams.iter().find(|(known, _)| *known == number)?;
        events.get(place + 1..).map(<[String]>::to_vec)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
