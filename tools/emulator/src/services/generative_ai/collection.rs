//! Items by their ids, in the order of their creation, with a bound.

use crate::services::answer::Answer;

/// The most items of a collection.
const MAX_ITEMS: usize = 1000;

/// A bounded collection.
#[derive(Clone, Debug)]
pub(super) struct Collection<T>(Vec<(String, T)>);

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Collection<T> {
    pub(super) fn add(&mut self, id: String, item: T) -> Result<(), Answer> {
        if self.0.len() == MAX_ITEMS {
            let message = format!("There are {MAX_ITEMS} already; delete some.");
            return Err(Answer::error(400, "LimitExceeded", &message));
        }
        self.0.push((id, item));
        Ok(())
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, item)| item)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(known, _)| known == id).map(|(_, item)| item)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.0.iter().position(|(known, _)| known == id)?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.0.iter().map(|(id, item)| (id.as_str(), item))
    }
}
