//! Where an archive has its executables.

use super::architecture::Architecture;

/// The name that the service starts.
pub(super) const EXECUTABLE: &str = "func";
/// The folder that may be beside it.
pub(super) const RESOURCES: &str = "resources/";

/// What an archive is for. It must fit the shape of the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// One `func`, at the root.
    One(Architecture),
    /// A folder for each architecture.
    Both,
}

impl Layout {
    /// Returns the shape that an application needs for it, as the service names it.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::One(Architecture::X86) => "GENERIC_X86",
            Self::One(Architecture::Arm) => "GENERIC_ARM",
            Self::Both => "GENERIC_X86_ARM",
        }
    }

    /// Returns the prefix of the names in an archive of this layout.
    pub(super) fn prefix(self, architecture: Architecture) -> String {
        match self {
            Self::One(_) => String::new(),
            Self::Both => format!("{}/", architecture.folder()),
        }
    }

    /// Returns the path of the executable for an architecture.
    pub(crate) fn path(self, architecture: Architecture) -> String {
        self.prefix(architecture) + EXECUTABLE
    }
}
