//! Who prepared which command, and with what the daemon does not tell.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The memory of commands that were prepared through the gateway: bounded, the oldest go first.
///
/// A prepared command lives for milliseconds until it is started; the daemon tells its user and
/// arguments, but neither its environment nor who made it.
#[derive(Debug)]
pub struct ExecMakers {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    makers: HashMap<String, String>,
    order: VecDeque<String>,
}

impl Default for ExecMakers {
    fn default() -> Self {
        // At 64 bytes for an ID and some for a name, about 3 MiB.
        Self::new(16 * 1024)
    }
}

impl ExecMakers {
    /// A memory of this many commands.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            held: Mutex::default(),
        }
    }

    /// Remembers that `maker` prepared the command `id`.
    pub fn note(&self, id: &str, maker: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held
            .makers
            .insert(id.to_owned(), maker.to_owned())
            .is_some()
        {
            return;
        }
        held.order.push_back(id.to_owned());
        while held.order.len() > self.most {
            if let Some(oldest) = held.order.pop_front() {
                held.makers.remove(&oldest);
            }
        }
    }

    /// Whether `maker` prepared the command `id`.
    pub fn made(&self, id: &str, maker: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.makers.get(id).is_some_and(|known| known == maker)
    }

    /// How many commands are remembered.
    pub fn len(&self) -> usize {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.makers.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::ExecMakers;

    #[test]
    fn the_memory_is_bounded_and_the_oldest_go_first() {
        let makers = ExecMakers::new(2);
        assert!(makers.is_empty());
        for id in ["a", "b", "b", "c"] {
            makers.note(id, "cn:alice");
        }
        assert_eq!(makers.len(), 2);
        assert!(!makers.made("a", "cn:alice"));
        assert!(makers.made("b", "cn:alice"));
        assert!(makers.made("c", "cn:alice"));
        assert!(!makers.made("c", "cn:bob"));
    }
}
