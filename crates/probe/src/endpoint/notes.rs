//! What is kept of a handshake and of an answer.

use super::date;
use super::look::Look;
use crate::{Answer, Observation, Reply};
use sealock_check::seen::Api;
use sealock_diag::escape;
use sealock_pki::Certificate;
use sealock_tls::{Seen, Version};

/// Certificates of a chain that are read; no honest chain is longer.
const MOST_CERTIFICATES: usize = 16;
/// Authorities that are kept of those that a server hints at.
const MOST_AUTHORITIES: usize = 64;
/// A handshake message of this many bytes or more is refused by TLS libraries, unread.
pub(super) const TOO_LARGE: usize = 0x1_0000;
/// How the TLS library begins when the peer broke a rule, and not merely has nothing in common with us.
const RULES: [&str; 3] = ["peer misbehaved", "received corrupt", "received unexpected"];
impl Look<'_> {
    pub(super) fn note_handshake(&mut self, seen: &Seen, version: Option<Version>) {
        self.seen.asks_for_certificate |= seen.certificate_requested;
        if self.seen.authorities.is_empty() {
            let kept = seen.authorities.iter().take(MOST_AUTHORITIES);
            self.seen.authorities = kept.cloned().collect();
        }
        if seen.chain_der.is_empty() {
            return;
        }
        if let Some(version) = version
            && !self.spoken.contains(&version)
        {
            self.spoken.push(version);
        }
        if self.seen.chain_size.0 > 0 {
            return;
        }
        let bytes = seen.chain_der.iter().map(Vec::len).sum();
        self.seen.chain_size = (seen.chain_der.len(), bytes);
        for (index, der) in seen.chain_der.iter().take(MOST_CERTIFICATES).enumerate() {
            match Certificate::from_der(der.clone()) {
                Ok(certificate) => self.seen.chain.push(certificate),
                Err(error) => {
                    let error = escape(&error.to_string());
                    let problem = format!("certificate {}: {error}", index + 1);
                    self.seen.chain_problems.push(problem);
                }
            }
        }
        if let Some(why) = seen.unproven.as_ref().filter(|_| self.can_be_proved()) {
            self.misbehaves(format!(
                "it did not prove that it holds the key of the certificate it presents: {why}"
            ));
        }
    }

    /// Whether the certificate and its key are of a kind that we can check: others cannot be proved to us,
    /// and that is no lie.
    fn can_be_proved(&self) -> bool {
        self.seen
            .leaf()
            .is_some_and(|leaf| leaf.key_kind().is_some() && leaf.describe().version == 3)
    }

    pub(super) fn note_answer(&mut self, observed: &Observation) {
        match &observed.answer {
            Answer::Answered(reply) => self.note_reply(reply),
            Answer::Nonsense { what } if what.contains("HandshakePayloadTooLarge") => {
                let size = &mut self.seen.chain_size.1;
                *size = (*size).max(TOO_LARGE);
            }
            Answer::Nonsense { what } if what.contains("sent more than") => {
                self.misbehaves(what.clone());
            }
            Answer::Nonsense { what } if RULES.iter().any(|start| what.starts_with(start)) => {
                self.misbehaves(format!("it breaks the rules of TLS: {what}"));
            }
            _ => {}
        }
    }

    fn note_reply(&mut self, reply: &Reply) {
        if self.seen.date.is_none() {
            let theirs = reply.date.as_deref().and_then(date::read);
            self.seen.date = theirs.map(|theirs| (theirs, self.at + self.begun.elapsed()));
        }
        if reply.api_version.is_some() || reply.is_from_the_api() {
            self.seen.api.get_or_insert_with(|| Api {
                version: reply.api_version.clone(),
                server: reply.server.clone(),
            });
        }
    }
}
