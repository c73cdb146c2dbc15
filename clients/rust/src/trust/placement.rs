//! Where an event is going to put an object, assumed before the chain has decided.

use crate::events::rules::{Authorisation, ReadRule};
use crate::trust::authority::Authority;
use crate::trust::object_tree::{ObjectTree, Place, ROOT};

/// What an event says of where its object is, and of who reads it. It serves to seal what comes behind it.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub is_tombstone: bool,
    /// None: the root of the chain, whose rules it sets.
    pub primary_key: Place,
    pub parent: Place,
    pub moves: bool,
    pub read: Option<ReadRule>,
}

impl Authority {
    /// Has an object where an event is going to put it, and its rule for reading.
    ///
    /// What the event may do is not looked at, nor what it says of who writes. Gives whether that makes anything else of the tree.
    pub fn assume(&mut self, event: &Placement) -> bool {
        let changes = assume(&mut self.tree, event);
        // It is never taken back: whoever assumes works on a copy.
        self.tree.take_undo();
        changes
    }
}

fn assume(tree: &mut ObjectTree, event: &Placement) -> bool {
    let Some(key) = event.primary_key else {
        return set_read(tree, ROOT, event.read.as_ref());
    };
    let (is_known, is_live) = tree.find(&key).map_or((false, false), |node| (true, node.is_live));
    if event.is_tombstone {
        tree.set_live(key, false);
        return is_known;
    }
    let is_placed = if is_known { event.moves || !is_live } else { event.parent.is_some() };
    if is_placed {
        let above = event.parent;
        if let Some(parent) = above.filter(|parent| tree.find(parent).is_none()) {
            tree.insert(parent, ROOT, false);
        }
        if !is_known {
            if above != Some(key) {
                tree.insert(key, above, false);
            }
        } else {
            if tree.find(&key).is_some_and(|node| node.parent != above) && !tree.is_within(above, &key) {
                tree.move_to(key, above);
            }
            tree.set_live(key, true);
        }
    }
    if event.read.is_none() {
        return is_placed;
    }
    if tree.find(&key).is_none() {
        tree.insert(key, ROOT, false);
    }
    set_read(tree, Some(key), event.read.as_ref())
}

fn set_read(tree: &mut ObjectTree, place: Place, read: Option<&ReadRule>) -> bool {
    let Some(read) = read else {
        return false;
    };
    tree.set_rules(place, &Authorisation { read: Some(read.clone()), ..Authorisation::default() });
    true
}
