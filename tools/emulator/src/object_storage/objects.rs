//! The objects that were stored.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use md5::{Digest, Md5};

/// Namespace, bucket and name of an object.
pub(super) type Place<'a> = [&'a str; 3];

/// The objects by their places.
type Kept = BTreeMap<[String; 3], Object>;

/// The objects of all buckets, for the services that read them.
#[derive(Clone, Debug, Default)]
pub struct Objects(Arc<Mutex<Kept>>);

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
    /// Its headers `opc-meta-…`.
    pub(super) metadata: Vec<(String, String)>,
    pub(super) stored: SystemTime,
}

impl Object {
    /// Returns the MD5 of the bytes, in base64.
    pub(super) fn md5(&self) -> String {
        STANDARD.encode(Md5::digest(&self.bytes))
    }

    /// Returns the entity tag.
    pub(super) fn etag(&self) -> String {
        let bytes = Md5::digest(&self.bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }
}

impl Objects {
    /// The bytes of this name in a bucket of a namespace.
    pub fn get(&self, namespace: &str, bucket: &str, name: &str) -> Option<Bytes> {
        self.find([namespace, bucket, name]).map(|object| object.bytes)
    }

    pub(super) fn find(&self, place: Place<'_>) -> Option<Object> {
        self.kept().get(&place.map(str::to_owned)).cloned()
    }

    pub(super) fn put(&self, place: Place<'_>, object: Object) {
        self.kept().insert(place.map(str::to_owned), object);
    }

    pub(super) fn remove(&self, place: Place<'_>) -> Option<Object> {
        self.kept().remove(&place.map(str::to_owned))
    }

    /// Returns the objects of a bucket in the order of their names, from `start` on.
    pub(super) fn list(&self, namespace: &str, bucket: &str, start: &str) -> Vec<(String, Object)> {
        let first = Bound::Included([namespace, bucket, start].map(str::to_owned));
        let kept = self.kept();
        let here = kept.range((first, Bound::Unbounded));
        here.take_while(|([of, within, _], _)| of == namespace && within == bucket)
            .map(|([.., name], object)| (name.clone(), object.clone()))
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
