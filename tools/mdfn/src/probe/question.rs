//! The questions.

/// A question; its number is that of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Question {
    NotGo,
    Pie,
    Runtimes,
    KeySet,
    Streaming,
    Detached,
    ColdStart,
}

impl Question {
    pub(super) const ALL: [Self; 7] = [
        Self::NotGo,
        Self::Pie,
        Self::Runtimes,
        Self::KeySet,
        Self::Streaming,
        Self::Detached,
        Self::ColdStart,
    ];

    /// Returns the question of a number on the command line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|known| known.number().to_string() == text);
        let numbers = || Self::ALL.map(|known| known.number().to_string()).join(", ");
        found.ok_or_else(|| format!("expected one of {}", numbers()))
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::NotGo => 1,
            Self::Pie => 2,
            Self::Runtimes => 3,
            Self::KeySet => 4,
            Self::Streaming => 5,
            Self::Detached => 6,
            Self::ColdStart => 7,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NotGo => {
                "does the service take an archive of an executable that Go did not build?"
            }
            Self::Pie => "does it take an executable at fixed addresses, and a static PIE?",
            Self::Runtimes => "what are the runtimes for Go called?",
            Self::KeySet => "does the gateway take the identity domain's key set by its address?",
            Self::Streaming => "does an answer pass the gateway in pieces, as they are sent?",
            Self::Detached => "what does the destination of a detached call get?",
            Self::ColdStart => {
                "how long do the first call and the next one take, of an archive and of an image?"
            }
        }
    }
}
