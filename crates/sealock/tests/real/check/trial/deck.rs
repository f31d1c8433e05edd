//! Chance, from a seed.

use super::breaks::Break;

/// Every kind once, in an order of the seed's; then again, in another.
pub(super) struct Deck {
    state: u64,
    all: Vec<&'static Break>,
    left: Vec<&'static Break>,
}

impl Deck {
    pub(super) fn new(seed: u64, all: Vec<&'static Break>) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            all,
            left: Vec::new(),
        }
    }

    /// The next break.
    pub(super) fn draw(&mut self) -> &'static Break {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
        }
        let index = self.below(self.left.len());
        self.left.swap_remove(index)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// A number below this one.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // xorshift64*, Vigna 2016.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(number).unwrap() % limit
    }
}

/// A seed that nobody chose.
pub(super) fn chance() -> u64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    u64::from(now.subsec_nanos()) ^ now.as_secs()
}
