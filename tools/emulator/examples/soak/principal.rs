//! The token and key of who calls, replaced as the platform replaces them: whole, one after the
//! other, late and too late.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emulator::keys::Key;
use emulator::principal::Issuer;

/// Keys are dear to make: these take turns. Each token is new.
const KEYS: usize = 8;

pub(crate) struct Principal {
    issuer: Arc<Issuer>,
    keys: Vec<Key>,
    directory: PathBuf,
    turn: usize,
    token: String,
    late: Option<String>,
}

impl Principal {
    pub(crate) fn new(issuer: Arc<Issuer>, directory: &Path) -> Self {
        let keys = (0..KEYS).map(|_| Key::generate()).collect();
        let (token, late) = (String::new(), None);
        let mut principal =
            Self { issuer, keys, directory: directory.to_owned(), turn: 0, token, late };
        principal.rotate(3600);
        principal
    }

    /// The token that requests must be signed with now.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Replaces key and token with a pair that is good for so many seconds.
    pub(crate) fn rotate(&mut self, lifetime: i64) {
        let token = self.next(lifetime);
        self.replace("rpst", &token);
        self.token = token;
        self.late = None;
    }

    /// Replaces the key; its token comes with [`Principal::finish`], and until then the old pair
    /// serves.
    pub(crate) fn rotate_key(&mut self) {
        self.late = Some(self.next(3600));
    }

    pub(crate) fn finish(&mut self) {
        if let Some(token) = self.late.take() {
            self.replace("rpst", &token);
            self.token = token;
        }
    }

    /// Writes the next key; the token for it. Of tokens that are valid each ends later than the one
    /// before, as the platform's do: one that ends earlier would not take its place.
    fn next(&mut self, lifetime: i64) -> String {
        self.turn += 1;
        let key = self.keys.get(self.turn % KEYS).unwrap();
        self.replace("private.pem", &key.pem());
        let later = if lifetime > 0 { i64::try_from(self.turn).unwrap() } else { 0 };
        self.issuer.token(key, lifetime + later)
    }

    fn replace(&self, name: &str, text: &str) {
        let new = self.directory.join(format!("{name}.new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, self.directory.join(name)).unwrap();
    }
}
