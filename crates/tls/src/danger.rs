//! What must never carry a secret or a decision: connections to servers that nobody verified.

/// Accepts whatever certificate a server shows, so that it can be looked at.
///
/// A server that does not prove that it holds the key of the certificate it shows is noted, see
/// [`Seen::unproven`](crate::Seen::unproven), and looked at all the same. Use it to learn what is served;
/// never to send anything that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverified(());

impl Unverified {
    /// The only way to get one; grep for it.
    pub fn for_looking_only() -> Self {
        Self(())
    }
}
