//! Files that have changed are taken over, each part by itself: a broken policy does not keep a new
//! revocation list out, nor the other way round. What is not good is not taken; the last good one stays.

use crate::audit::Event;
use crate::material::Loaded;
use crate::shared::{Shared, Snapshot};
use crate::{GatewayError, Sources};
use sealock_diag::{Diagnose, escape};
use sealock_policy::{Mode, Policy};
use sealock_tls::Clock;
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What became of one part at a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// `certificates` or `policy`.
    pub part: &'static str,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of new files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They say what they said before.
    Unchanged,
    /// They hold from now on, and so many live connections were cut.
    Taken {
        /// The number of the new snapshot.
        epoch: u64,
        /// Connections whose caller may no longer be here.
        cut: usize,
    },
    /// They are not good; the last good ones stay.
    Kept(GatewayError),
}

/// Reads files anew when it is told to. One reload at a time.
#[derive(Debug)]
pub(crate) struct Reloader {
    shared: Arc<Shared>,
    sources: Option<Sources>,
    policy: Option<PathBuf>,
    held: Mutex<Held>,
    /// Time alone may change what the files are worth.
    waits: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    /// The policy's text in force, so that a touched file is no change.
    text: String,
    /// What was last told of each part that is not good.
    told: HashMap<&'static str, GatewayError>,
}

/// Why files are read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// They changed, or somebody asks.
    Change,
    /// Time has passed over what was not good, or was published ahead.
    Time,
}

impl Reloader {
    /// Reads everything for the first time.
    ///
    /// # Errors
    /// The first thing that is not good: a gateway does not start without.
    pub(crate) fn start(
        sources: Option<Sources>,
        policy: Option<PathBuf>,
        share: impl FnOnce(Snapshot) -> Arc<Shared>,
    ) -> Result<Self, GatewayError> {
        let mut snapshot = Snapshot::default();
        let load = |sources| crate::material::Material::load(sources, Clock::System);
        // Side by side: both take a millisecond or two, and somebody waits for the gateway to start.
        let (material, read) = std::thread::scope(|scope| {
            let reading = policy.as_ref().map(|path| {
                let thread = std::thread::Builder::new().name("policy".to_owned());
                (path, thread.spawn_scoped(scope, move || read_policy(path)))
            });
            let material = sources.as_ref().map(load).transpose();
            let read = reading.map(|(path, reading)| match reading {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_no_thread) => read_policy(path),
            });
            (material, read)
        });
        snapshot.material = material?.map(Arc::new);
        let mut held = Held::default();
        if let Some((read, parsed)) = read.transpose()? {
            held.text = read;
            snapshot.policy = Some(Arc::new(parsed));
            snapshot.policy_epoch = 1;
        }
        let waits = snapshot.material.as_ref();
        let waits = waits.is_some_and(|material| material.waits());
        Ok(Self {
            shared: share(snapshot),
            sources,
            policy,
            held: Mutex::new(held),
            waits: AtomicBool::new(waits),
        })
    }

    /// What is read.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Folders and files that are worth watching.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let sources = self.sources.iter().flat_map(|sources| {
            [&sources.certificate, &sources.key, &sources.anchors]
                .into_iter()
                .chain(&sources.server_anchors)
                .chain(&sources.lists)
                .chain(&sources.deny)
        });
        sources.chain(&self.policy).cloned().collect()
    }

    /// Whether the files are to be read again after a while, although nobody changes them: a list that begins in a
    /// second, or that was published ahead, begins whether somebody looks or not.
    pub(crate) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// Reads everything anew. What is not good is told and left; this never fails as a whole. When nothing but time has
    /// passed, what was told before is not told again, and not given back.
    pub(crate) fn reload(&self, cause: Cause) -> Vec<Reloaded> {
        // Also keeps two reloads apart.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = Vec::new();
        if let Some(sources) = &self.sources {
            parts.push(Reloaded {
                part: "certificates",
                outcome: self.reload_material(sources),
            });
        }
        if let Some(path) = &self.policy {
            parts.push(Reloaded {
                part: "policy",
                outcome: self.reload_policy(path, &mut held.text),
            });
        }
        let material = self.shared.current.snapshot().material.clone();
        let ahead = material.is_some_and(|material| material.waits());
        let broken = |part: &Reloaded| matches!(part.outcome, Outcome::Kept(_));
        self.waits
            .store(ahead || parts.iter().any(broken), Ordering::Release);
        parts.retain(|part| cause == Cause::Change || held.is_news(part));
        for part in &parts {
            held.told(part);
            self.tell(part);
        }
        parts
    }

    fn reload_material(&self, sources: &Sources) -> Outcome {
        let held = self.shared.current.snapshot().material.clone();
        let Some(held) = held else {
            return Outcome::Unchanged;
        };
        match held.reload(sources, Clock::System) {
            Err(error) => Outcome::Kept(error),
            Ok(Loaded::Same) => Outcome::Unchanged,
            Ok(Loaded::New(material)) => {
                let epoch = material.epoch();
                let material = Arc::new(*material);
                self.shared
                    .current
                    .replace(|next| next.material = Some(material.clone()));
                // Only now: whoever comes in from here on is judged by the new one.
                let cut = self.shared.live.judge(&material);
                Outcome::Taken { epoch, cut }
            }
        }
    }

    fn reload_policy(&self, path: &Path, held: &mut String) -> Outcome {
        let (text, policy) = match read_policy(path) {
            Err(error) => return Outcome::Kept(error),
            Ok(read) => read,
        };
        if text == *held {
            return Outcome::Unchanged;
        }
        *held = text;
        let policy = Arc::new(policy);
        let mut epoch = 0;
        self.shared.current.replace(|next| {
            next.policy_epoch += 1;
            epoch = next.policy_epoch;
            if let Some(before) = &next.policy {
                policy.go_on_learning(before);
            }
            next.policy = Some(policy.clone());
        });
        // While a policy is only tried out, nobody is cut by it.
        let cut = match policy.mode() {
            Mode::Enforce => self.shared.live.judge_grants(&policy),
            Mode::Warn | Mode::Learn => 0,
        };
        Outcome::Taken { epoch, cut }
    }

    fn tell(&self, part: &Reloaded) {
        let metrics = &self.shared.metrics;
        let snapshot = self.shared.current.snapshot();
        let detail = match &part.outcome {
            Outcome::Unchanged => return,
            Outcome::Taken { epoch, cut } => {
                metrics.reloads.one();
                format!("{} {epoch} taken over, {cut} connections cut", part.part)
            }
            Outcome::Kept(error) => {
                metrics.reload_failures.one();
                format!(
                    "{} not taken over: [{}] {error}{}",
                    part.part,
                    error.code(),
                    Diagnose::cause(error)
                        .map(|cause| format!(": {cause}"))
                        .unwrap_or_default()
                )
            }
        };
        snapshot.count(metrics);
        self.shared.audit.event(Event::Reload, &detail);
    }
}

impl Held {
    /// Whether it was not told before. The words may hold the time of day, so the code and the place decide.
    fn is_news(&self, part: &Reloaded) -> bool {
        match (&part.outcome, self.told.get(part.part)) {
            (Outcome::Unchanged, told) => told.is_some(),
            (Outcome::Kept(now), Some(told)) => {
                (now.code(), Diagnose::location(now)) != (told.code(), Diagnose::location(told))
            }
            (Outcome::Kept(_), None) | (Outcome::Taken { .. }, _) => true,
        }
    }

    fn told(&mut self, part: &Reloaded) {
        match &part.outcome {
            Outcome::Kept(error) => self.told.insert(part.part, error.clone()),
            Outcome::Unchanged | Outcome::Taken { .. } => self.told.remove(part.part),
        };
    }
}

fn read_policy(path: &Path) -> Result<(String, Policy), GatewayError> {
    let shown = escape(&path.to_string_lossy());
    let text = crate::material::read_small(path)?;
    let text = String::from_utf8(text).map_err(|_| {
        GatewayError::new("SL-G001", format!("{shown} cannot be read")).because("it is not UTF-8")
    })?;
    let policy = Policy::parse(&text).map_err(|error| {
        let place = match Diagnose::location(&error) {
            Some(line) => format!("{shown}, {line}"),
            None => shown.clone(),
        };
        GatewayError::from_below(&error).at(place)
    })?;
    Ok((text, policy))
}

#[cfg(test)]
mod tests {
    use super::{Held, Outcome, Reloaded};
    use crate::GatewayError;

    #[test]
    fn what_stays_broken_is_told_once_until_somebody_asks() {
        let part = |outcome| Reloaded {
            part: "policy",
            outcome,
        };
        let broken = |words: &str| part(Outcome::Kept(GatewayError::new("SL-G002", words)));
        let mut held = Held::default();
        assert!(!held.is_news(&part(Outcome::Unchanged)));
        assert!(held.is_news(&broken("it is 12:00")));
        held.told(&broken("it is 12:00"));
        assert!(!held.is_news(&broken("it is 12:01")));
        let other = part(Outcome::Kept(GatewayError::new("SL-G001", "gone")));
        assert!(held.is_news(&other));
        // Good again, as before: that is news, once.
        let good = part(Outcome::Unchanged);
        assert!(held.is_news(&good));
        held.told(&good);
        assert!(!held.is_news(&good) && held.is_news(&broken("it is 12:02")));
    }
}
