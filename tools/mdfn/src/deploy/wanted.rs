//! The command line's settings, read and checked as far as possible without the service.

use std::collections::BTreeMap;

use super::code::Code;
use super::error::Error;
use super::options::Options;
use super::settings::Settings;
pub(super) use crate::application::is_ocid;

/// A function as it is wanted.
pub(super) struct Wanted<'a> {
    pub(super) options: &'a Options,
    pub(super) code: Code,
    pub(super) settings: Settings,
    pub(super) tags: BTreeMap<String, String>,
}

impl<'a> Wanted<'a> {
    pub(super) fn read(
        options: &'a Options,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        if options.compartment.is_none() && !is_ocid(&options.application) {
            return Err(Error::NoCompartment);
        }
        let mut tags = BTreeMap::new();
        for (name, value) in &options.tags {
            if tags.insert(name.clone(), value.clone()).is_some() {
                return Err(Error::TagTwice(name.clone()));
            }
        }
        let settings = Settings::given(options, variable)?;
        Ok(Self { options, code: Code::read(options)?, settings, tags })
    }
}
