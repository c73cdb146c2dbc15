//! Who is whose child, and what their rules are. Every change can be taken back.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::crypto::keys::Fingerprint;
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::{Authorisation, ReadRule, Retention, WriteRule};
use crate::limits::TREE_DEPTH_MAX;

/// An object by its primary key; None is the root of the chain.
pub(crate) type Place = Option<PrimaryKey>;
pub(crate) const ROOT: Place = None;

/// An object that the tree remembers: one that has a parent, rules of its own or children, or that was kept.
///
/// All others are at the root of the chain, have no rules, and are not in the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub parent: Place,
    /// None: as the parent; at the root of the chain: its root keys.
    pub write: Option<Arc<WriteRule>>,
    /// None: nobody else.
    pub add: Option<Arc<WriteRule>>,
    pub read: Option<ReadRule>,
    children: u64,
    /// False: it was removed, and is remembered since it has children.
    pub is_live: bool,
    is_kept: bool,
}

impl Node {
    fn new(parent: Place, is_kept: bool) -> Self {
        Node { parent, write: None, add: None, read: None, children: 0, is_live: true, is_kept }
    }
}

/// A change of the tree that can be taken back.
#[derive(Clone, Debug)]
pub(crate) enum TreeUndo {
    Node(Place, Option<Node>),
    Admitted(BTreeSet<Fingerprint>),
    Retention(Option<Retention>),
}

/// The objects of a chain, as far as there is something to say of them.
#[derive(Clone, Debug)]
pub(crate) struct ObjectTree {
    root: Node,
    pub private: bool,
    confidential: bool,
    nodes: HashMap<PrimaryKey, Node>,
    read_rules: usize,
    /// How many rules for writing or adding name a key; None stands for everyone.
    named: HashMap<Option<Fingerprint>, usize>,
    admitted: BTreeSet<Fingerprint>,
    retention: Option<Retention>,
    undo: Vec<TreeUndo>,
}

impl ObjectTree {
    pub fn new(confidential: bool, private: bool) -> Self {
        ObjectTree {
            root: Node::new(ROOT, true),
            private,
            confidential,
            nodes: HashMap::new(),
            read_rules: 0,
            named: HashMap::new(),
            admitted: BTreeSet::new(),
            retention: None,
            undo: Vec::new(),
        }
    }

    /// What was changed since this was asked last.
    pub fn take_undo(&mut self) -> Vec<TreeUndo> {
        std::mem::take(&mut self.undo)
    }

    pub fn take_back(&mut self, undo: TreeUndo) {
        match undo {
            TreeUndo::Node(place, node) => {
                self.exchange(place, node);
            }
            TreeUndo::Admitted(admitted) => self.admitted = admitted,
            TreeUndo::Retention(retention) => self.retention = retention,
        }
    }

    /// Whether any object's data is to be sealed.
    pub fn has_read_rules(&self) -> bool {
        self.confidential || self.read_rules > 0
    }

    /// Who may open the chain besides those whom rules of its root name.
    pub fn admitted(&self) -> &BTreeSet<Fingerprint> {
        &self.admitted
    }

    /// For how long the chain keeps data; None: for ever.
    pub fn retention(&self) -> Option<Retention> {
        self.retention
    }

    /// Whether a rule for writing or adding names a key.
    pub fn is_named(&self, fingerprint: &Fingerprint) -> bool {
        self.named.contains_key(&Some(*fingerprint))
    }

    /// Whether a rule for writing or adding names everyone.
    pub fn names_everyone(&self) -> bool {
        self.named.contains_key(&None)
    }

    /// Whether the root of the chain has no rule for writing, so that its owners write there.
    pub fn root_is_owners(&self) -> bool {
        self.root.write.is_none()
    }

    /// Whether a rule of the root of the chain names a key, or lets it in besides.
    pub fn is_admitted(&self, fingerprint: &Fingerprint) -> bool {
        let named = [&self.root.write, &self.root.add]
            .into_iter()
            .any(|rule| names_of(rule.as_deref()).contains(&Some(*fingerprint)));
        named || self.admitted.contains(fingerprint)
    }

    pub fn find(&self, key: &PrimaryKey) -> Option<&Node> {
        self.nodes.get(key)
    }

    pub fn node(&self, place: Place) -> Option<&Node> {
        place.map_or(Some(&self.root), |key| self.nodes.get(&key))
    }

    /// The place above; None above the root of the chain. What isn't in the tree is at the root.
    fn above(&self, place: Place) -> Option<Place> {
        place.map(|key| self.nodes.get(&key).map_or(ROOT, |node| node.parent))
    }

    /// The rule for writing that counts for a place, None being that of the root keys, and the place that has it.
    pub fn write_rule_of(&self, place: Place) -> (Option<Arc<WriteRule>>, Place) {
        let mut at = place;
        for _ in 0..=TREE_DEPTH_MAX {
            if let Some(rule) = self.node(at).and_then(|node| node.write.clone()) {
                return (Some(rule), at);
            }
            match self.above(at) {
                None => return (None, at),
                Some(above) => at = above,
            }
        }
        // Above as many parents as there may be is the root of the chain, or the place is too deep.
        if at == ROOT { (self.root.write.clone(), at) } else { (Some(Arc::new(WriteRule::Nobody)), at) }
    }

    /// The rule for reading that counts for a place; None: none does, and nothing may be written.
    pub fn read_rule_of(&self, place: Place) -> Option<ReadRule> {
        let mut at = Some(place).filter(|_| self.read_rules > 0);
        while let Some(one) = at {
            if let Some(rule) = self.node(one).and_then(|node| node.read.clone()) {
                return Some(rule);
            }
            at = self.above(one);
        }
        if self.confidential { None } else { Some(ReadRule::Everyone) }
    }

    /// Parents between a new child of a place and the root of the chain, as far as the limit and one.
    pub fn depth_below(&self, place: Place) -> usize {
        let mut depth = 0;
        let mut at = place;
        while at != ROOT && depth <= TREE_DEPTH_MAX + 1 {
            depth += 1;
            at = self.above(at).unwrap_or(ROOT);
        }
        depth
    }

    /// Whether a place is an object, or below it; as far as the limit.
    pub fn is_within(&self, place: Place, object: &PrimaryKey) -> bool {
        let mut at = place;
        for _ in 0..=2 * TREE_DEPTH_MAX {
            if at == Some(*object) {
                return true;
            }
            match self.above(at) {
                None => return false,
                Some(above) => at = above,
            }
        }
        // Deeper than anything may be: nothing is put below such a place.
        true
    }

    /// Remembers an object, as a child of a place.
    pub fn insert(&mut self, key: PrimaryKey, parent: Place, is_kept: bool) {
        self.put(Some(key), Some(Node::new(parent, is_kept)));
        self.count(parent, 1);
    }

    /// Has the rules that are said; those that aren't stay.
    pub fn set_rules(&mut self, place: Place, rules: &Authorisation) {
        if let Some(admit) = &rules.admit {
            let after = admit.iter().copied().collect();
            let before = std::mem::replace(&mut self.admitted, after);
            self.undo.push(TreeUndo::Admitted(before));
        }
        if let Some(retain) = rules.retain {
            let after = Some(retain).filter(|retain| *retain != Retention::default());
            let before = std::mem::replace(&mut self.retention, after);
            self.undo.push(TreeUndo::Retention(before));
        }
        let Some(mut node) = self.node(place).cloned() else {
            return;
        };
        if let Some(rule) = &rules.write {
            node.write = Some(rule).filter(|rule| **rule != WriteRule::Inherit).cloned().map(Arc::new);
        }
        if let Some(rule) = &rules.add {
            node.add = Some(rule).filter(|rule| **rule != WriteRule::Nobody).cloned().map(Arc::new);
        }
        if let Some(rule) = &rules.read {
            node.read = Some(rule).filter(|rule| **rule != ReadRule::Inherit).cloned();
        }
        self.put(place, Some(node));
    }

    /// Has another parent.
    pub fn move_to(&mut self, key: PrimaryKey, parent: Place) {
        let Some(mut node) = self.nodes.get(&key).cloned() else {
            return;
        };
        let before = std::mem::replace(&mut node.parent, parent);
        // It has come from elsewhere, so what its key was made from says nothing of where it is.
        node.is_kept = true;
        self.put(Some(key), Some(node));
        self.count(parent, 1);
        self.count(before, -1);
        self.forget_unused(before);
    }

    /// Has it live: it was written. Or gone; what its children inherit stays, as long as there are any.
    pub fn set_live(&mut self, key: PrimaryKey, is_live: bool) {
        if let Some(node) = self.nodes.get(&key).filter(|node| node.is_live != is_live) {
            let node = Node { is_live, ..node.clone() };
            self.put(Some(key), Some(node));
        }
        if !is_live {
            self.forget_unused(Some(key));
        }
    }

    /// Forgets an object that nothing depends on any more, and its parents that only it kept.
    pub fn forget_unused(&mut self, place: Place) {
        let mut at = place;
        while let Some(key) = at {
            let Some(node) = self.nodes.get(&key) else {
                return;
            };
            let has_rules = node.write.is_some() || node.add.is_some() || node.read.is_some();
            let is_told = node.parent != ROOT || node.is_kept || has_rules;
            if node.children > 0 || (node.is_live && is_told) {
                return;
            }
            let parent = node.parent;
            self.put(at, None);
            self.count(parent, -1);
            at = parent;
        }
    }

    fn count(&mut self, place: Place, by: i64) {
        if let Some(node) = self.node(place) {
            let node = Node { children: node.children.saturating_add_signed(by), ..node.clone() };
            self.put(place, Some(node));
        }
    }

    fn put(&mut self, place: Place, node: Option<Node>) {
        let before = self.exchange(place, node);
        self.undo.push(TreeUndo::Node(place, before));
    }

    /// Has a node as it is given, and what is counted of its rules with it. The root of the chain is always there.
    fn exchange(&mut self, place: Place, node: Option<Node>) -> Option<Node> {
        let (after, before) = match place {
            None => (node.clone(), node.map(|node| std::mem::replace(&mut self.root, node))),
            Some(key) => match node {
                Some(node) => (Some(node.clone()), self.nodes.insert(key, node)),
                None => (None, self.nodes.remove(&key)),
            },
        };
        for rule in before.iter().flat_map(|node| [&node.write, &node.add]) {
            for name in names_of(rule.as_deref()) {
                if let Some(count) = self.named.get_mut(&name) {
                    *count -= 1;
                    if *count == 0 {
                        self.named.remove(&name);
                    }
                }
            }
        }
        for rule in after.iter().flat_map(|node| [&node.write, &node.add]) {
            for name in names_of(rule.as_deref()) {
                *self.named.entry(name).or_default() += 1;
            }
        }
        let has_read = |node: &Option<Node>| usize::from(node.as_ref().is_some_and(|node| node.read.is_some()));
        self.read_rules = self.read_rules + has_read(&after) - has_read(&before);
        before
    }
}

/// The keys that a rule names; None stands for everyone.
fn names_of(rule: Option<&WriteRule>) -> Vec<Option<Fingerprint>> {
    match rule {
        Some(WriteRule::Everyone) => vec![None],
        Some(WriteRule::AnyOf(names)) => names.iter().copied().map(Some).collect(),
        _ => Vec::new(),
    }
}
