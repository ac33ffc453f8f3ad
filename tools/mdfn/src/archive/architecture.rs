//! The processors that OCI Functions has.

use std::fmt::{self, Display, Formatter};

/// What an executable is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Architecture {
    X86,
    Arm,
}

impl Architecture {
    pub(crate) const ALL: [Self; 2] = [Self::X86, Self::Arm];

    /// Returns its folder in an archive for both.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::X86 => "fn-arch-x86",
            Self::Arm => "fn-arch-arm",
        }
    }
}

impl Display for Architecture {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        })
    }
}
