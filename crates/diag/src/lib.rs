//! The shape of an error, escaping of foreign text, and values that cannot be printed.
//!
//! Every crate above speaks of failure in the same words: a stable [`Code`], *where*, *cause* and
//! *help*. The *state* of the host (nothing changed, rolled back, partly changed) is known only to
//! whoever ran a plan, so it is added by the binary and is not part of [`Diagnose`].

mod catalogue;
mod escape;
mod sensitive;

pub use catalogue::{Code, Entry};
pub use escape::escape;
pub use sensitive::Sensitive;

/// An error that can explain itself.
///
/// `Display` of the implementor is the headline: lowercase, no full stop, stands alone, says what
/// is wrong, and prints its own level only. The chain below it is [`Diagnose::cause`].
pub trait Diagnose: std::error::Error {
    /// The stable code; its [`Entry`] is what `sealock explain CODE` prints.
    fn code(&self) -> Code;

    /// Where it happened: a file, an address, a step. `None` when the headline says it all.
    fn location(&self) -> Option<String> {
        None
    }

    /// What was found, with values: expected and presented. By default the chain of sources.
    fn cause(&self) -> Option<String> {
        let mut parts = Vec::new();
        let mut next = self.source();
        while let Some(error) = next {
            parts.push(error.to_string());
            next = error.source();
        }
        (!parts.is_empty()).then(|| parts.join(": "))
    }

    /// What to do, pasteable; only when we are sure.
    fn help(&self) -> Option<String> {
        None
    }
}
