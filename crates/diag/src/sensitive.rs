//! Values that must not be seen.

use std::fmt;
use zeroize::Zeroize;

/// A secret: it cannot be printed, is wiped when dropped, and is reached only by [`Sensitive::expose`].
///
/// Every use of the secret is therefore a grep for `expose` away.
#[derive(Clone)]
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Wraps a secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself. Keep the borrow short, and never format it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Sensitive;

    #[test]
    fn debug_does_not_show_the_secret() {
        let secret = Sensitive::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Sensitive(..)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
