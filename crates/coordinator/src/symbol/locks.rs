//! Who keeps a symbol from being removed.

use std::collections::BTreeSet;

use crate::control::event::Origin;
use crate::saved::{NotRestored, Saved};

/// The locks of a symbol, by who put them: consumers by their names, `None` for everyone else.
#[derive(Clone, Default)]
pub(crate) struct Locks(BTreeSet<Option<String>>);

impl Saved for Locks {
    fn write(&self, to: &mut Vec<u8>) {
        self.0.write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Locks, NotRestored> {
        BTreeSet::read(from).map(Locks)
    }
}

/// Which way a lock goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    Put,
    Lift,
}

impl Locks {
    pub(crate) fn is_locked(&self) -> bool {
        !self.0.is_empty()
    }

    /// Puts or lifts a lock as `origin` asks. A consumer lets go of its own lock only; whoever unlocks
    /// from outside lets go of all.
    pub(crate) fn change(&mut self, lock: Lock, origin: &Origin) {
        let owner = match origin {
            Origin::Consumer { name } => Some(name.clone()),
            Origin::Handle | Origin::Schedule { .. } => None,
        };
        match (lock, &owner) {
            (Lock::Put, _) => drop(self.0.insert(owner)),
            (Lock::Lift, None) => self.0.clear(),
            (Lock::Lift, Some(_)) => drop(self.0.remove(&owner)),
        }
    }
}
