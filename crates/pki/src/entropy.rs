//! Randomness as an argument.

/// A source of unpredictable bytes for serials and salts.
///
/// The real one lives where the operating system may be asked (the vault); tests bring their own.
/// aws-lc draws the randomness of keys and signatures itself.
pub trait Entropy {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&mut self, buffer: &mut [u8]);
}
