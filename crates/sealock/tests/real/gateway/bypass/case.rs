//! One trick: how it is made, and what it does where it works.

use std::path::Path;

use super::raw::{Reply, Until};
use super::world::World;

/// Whose rights the caller has at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// May look.
    Observer,
    /// May make hardened containers of its own.
    Deployer,
    /// May build.
    Builder,
    /// May run commands in its own containers, as one user.
    Debugger,
    /// May make hardened services of its own.
    Swarmer,
}

impl Role {
    /// What a grant of these rights says: the shipped role, with any image and little else on top.
    pub(super) fn policy(self, folder: &Path) -> String {
        let (more, grant) = match self {
            Self::Observer => ("", "role = \"observer\"".to_owned()),
            Self::Deployer => (
                "",
                format!(
                    "role = \"deployer\"\nimages = [\"*\"]\nbinds = [\"{}/open/*\"]",
                    folder.display()
                ),
            ),
            Self::Builder => (
                "",
                "role = \"ci-builder\"\nimages = [\"*\"]\ntags = [\"*\"]".to_owned(),
            ),
            Self::Debugger => (
                "",
                "role = \"debugger\"\nexec-users = [\"daemon\"]".to_owned(),
            ),
            Self::Swarmer => (
                "[roles.swarmer]\nfrom = \"deployer\"\nverbs = [\"services\", \"swarm-read\"]\n",
                "role = \"swarmer\"\nimages = [\"*\"]\nbinds = [\"/srv/*\"]".to_owned(),
            ),
        };
        format!("version = 1\n{more}\n[[grants]]\nto = [\"uid:0\"]\n{grant}\n")
    }
}

/// What there is before the trick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// Nothing of its own.
    Nothing,
    /// A container that belongs to the caller, not running.
    Own,
    /// A container that belongs to somebody else, not running.
    Foreign,
}

/// What is new for every run of a case.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// A name nobody had before.
    pub(super) name: String,
    /// The container of the setup.
    pub(super) id: String,
}

type Bytes = Box<dyn Fn(&World, &Scene) -> Vec<u8> + Send + Sync>;
type Effect = Box<dyn Fn(&World, &Scene, &Reply) -> bool + Send + Sync>;

/// One trick.
pub(super) struct Case {
    /// The row of the list of known tricks.
    pub(super) row: u8,
    /// Which variant.
    pub(super) label: String,
    pub(super) role: Role,
    pub(super) setup: Setup,
    pub(super) until: Until,
    pub(super) bytes: Bytes,
    /// Whether the trick worked, as the daemon itself tells.
    pub(super) bites: Effect,
}

impl Case {
    pub(super) fn new(
        row: u8,
        label: impl Into<String>,
        bytes: impl Fn(&World, &Scene) -> Vec<u8> + Send + Sync + 'static,
        bites: impl Fn(&World, &Scene, &Reply) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            row,
            label: label.into(),
            role: Role::Deployer,
            setup: Setup::Nothing,
            until: Until::Answers(1),
            bytes: Box::new(bytes),
            bites: Box::new(bites),
        }
    }

    pub(super) fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    pub(super) fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    pub(super) fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }
}
