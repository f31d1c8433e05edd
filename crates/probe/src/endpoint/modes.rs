//! What each mode of the docker CLI gets, really tried.

use super::look::Look;
use super::outcome::outcome;
use super::visitors::{judging, unjudging};
use crate::Dress;
use sealock_check::seen::{ClientMode, ModeVisit, Outcome, Visitor};
use sealock_tls::{SettingsError, Versions};

impl Look<'_> {
    /// The docker CLI's modes, each with the trust that it really has.
    pub(super) fn try_modes(&mut self) {
        self.note_mode(ClientMode::Plain, self.seen.plain.clone());
        let rightful = self.visitors.rightful().cloned();
        let anchors = self.visitors.anchors().to_vec();
        for (mode, verifies, shows) in [
            (ClientMode::Tls, false, false),
            (ClientMode::TlsWithCertificate, false, true),
            (ClientMode::VerifyWithoutCertificate, true, false),
            (ClientMode::Verify, true, true),
        ] {
            let identity = rightful.clone().filter(|_| shows);
            let lacking = (verifies && anchors.is_empty()) || (shows && identity.is_none());
            let outcome = if lacking {
                None
            } else if self.spoken.is_empty() {
                // Nobody gets as far as a certificate: all of them meet what was met already.
                let mut met = self.seen.outcomes(Visitor::NoCertificate);
                met.next().map(|visit| visit.outcome.clone())
            } else if verifies {
                self.try_as(judging(&anchors, identity, self.at))
            } else {
                self.try_as(unjudging(identity, Versions::Both, self.at))
            };
            self.note_mode(mode, outcome);
        }
    }

    fn try_as(&mut self, dress: Result<Dress, SettingsError>) -> Option<Outcome> {
        if let Err(error) = &dress {
            return Some(Outcome::NotTrusted(error.to_string()));
        }
        let observed = self.ask(dress)?;
        self.note_answer(&observed);
        Some(outcome(&observed.answer))
    }

    fn note_mode(&mut self, mode: ClientMode, outcome: Option<Outcome>) {
        self.seen.modes.push(ModeVisit { mode, outcome });
    }
}
