//! Why something is refused.

use sealock_diag::{Code, Diagnose};
use std::fmt;

/// The kinds of refusals; each has a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing was granted to the caller.
    NoGrant,
    /// It was taken from the caller by name.
    Denied,
    /// None of the caller's roles has the verb.
    NotGranted,
    /// The object is outside the scope, so it does not exist for the caller.
    Hidden,
    /// The call is about everything at once and cannot be held to a scope.
    Unscopable,
    /// A place of the host.
    Bind,
    /// An image that the role does not name.
    Image,
    /// A name for an image that the role does not name.
    Tag,
    /// A capability, or all of them.
    Capability,
    /// A namespace of the host or of another container.
    Namespace,
    /// A device.
    Device,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// A port of the host.
    Port,
    /// More than the limits allow.
    Limit,
    /// A field with which a container reaches beyond itself.
    Field,
    /// A user, program or environment variable.
    Process,
    /// A container that is as strong as the host.
    Strong,
    /// A command that somebody else prepared.
    ForeignExec,
    /// A label that decides who an object belongs to.
    Label,
    /// An option of a build.
    Build,
    /// A value that can be read in more than one way.
    Unclear,
    /// More objects in one request than can be looked at.
    TooMany,
    /// The daemon did not say what the object is.
    Unanswered,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::NoGrant,
        Self::Denied,
        Self::NotGranted,
        Self::Hidden,
        Self::Unscopable,
        Self::Bind,
        Self::Image,
        Self::Tag,
        Self::Capability,
        Self::Namespace,
        Self::Device,
        Self::Network,
        Self::Volume,
        Self::Port,
        Self::Limit,
        Self::Field,
        Self::Process,
        Self::Strong,
        Self::ForeignExec,
        Self::Label,
        Self::Build,
        Self::Unclear,
        Self::TooMany,
        Self::Unanswered,
    ];

    /// The stable code.
    pub fn code(self) -> Code {
        Code(match self {
            Self::NoGrant => "SL-A060",
            Self::Denied => "SL-A061",
            Self::NotGranted => "SL-A062",
            Self::Hidden => "SL-A063",
            Self::Unscopable => "SL-A064",
            Self::Bind => "SL-A065",
            Self::Image => "SL-A066",
            Self::Tag => "SL-A067",
            Self::Capability => "SL-A068",
            Self::Namespace => "SL-A069",
            Self::Device => "SL-A070",
            Self::Network => "SL-A071",
            Self::Volume => "SL-A072",
            Self::Port => "SL-A073",
            Self::Limit => "SL-A074",
            Self::Field => "SL-A075",
            Self::Process => "SL-A076",
            Self::Strong => "SL-A077",
            Self::ForeignExec => "SL-A078",
            Self::Label => "SL-A079",
            Self::Build => "SL-A080",
            Self::Unclear => "SL-A081",
            Self::TooMany => "SL-A082",
            Self::Unanswered => "SL-A083",
        })
    }
}

/// A refusal: which kind, and the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub reason: Reason,
    /// What exactly is refused, escaped, as a part of a sentence: `mount /etc for writing`.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Refusal {}

impl Diagnose for Refusal {
    fn code(&self) -> Code {
        self.reason.code()
    }
}
