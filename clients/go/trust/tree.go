package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// A node is an object that the tree remembers: one that has a parent, rules of its own or children, or that didn't come to the root by
// the right to the root. All others are at the root, have no rules, and are not in the tree.
type node struct {
	// key is the primary key; empty for the root of the chain.
	key string
	// parent is nil for the root of the chain alone.
	parent *node
	// write is nil where it is as the parent's; at the root of the chain: its root keys.
	write *event.Rule
	// add is nil for nobody else.
	add *event.Rule
	// read is nil where it is as the parent's; at the root of the chain: in clear.
	read *event.ReadRule
	// children is the number of the nodes whose parent it is.
	children int
	// gone: it was removed, and is remembered since it has children.
	gone bool
	// kept: it is remembered also where it has no parent, rules and children.
	kept bool
}

// A tree says who is whose child, and what their rules are. Every change can be taken back.
type tree struct {
	root         *node
	nodes        map[string]*node
	private      bool
	confidential bool
	// readRules counts nodes with a rule for reading, the root too.
	readRules int
	// named counts how often rules for writing and adding name each key; everyone: how often they name everyone.
	named    map[keys.Fingerprint]int
	everyone int
	// admitted may open the chain besides, in their order.
	admitted []keys.Fingerprint
	// retention says for how long data is kept; nil: for ever.
	retention *event.Retention
}

func newTree(confidential, private bool) *tree {
	return &tree{root: &node{}, nodes: map[string]*node{}, private: private, confidential: confidential, named: map[keys.Fingerprint]int{}}
}

func (t *tree) clone() *tree {
	copied := *t
	copied.nodes = make(map[string]*node, len(t.nodes))
	copied.named = make(map[keys.Fingerprint]int, len(t.named))
	for name, count := range t.named {
		copied.named[name] = count
	}
	made := make(map[*node]*node, len(t.nodes)+1)
	root := *t.root
	copied.root = &root
	made[t.root] = copied.root
	for key, of := range t.nodes {
		another := *of
		made[of] = &another
		copied.nodes[key] = &another
	}
	for _, of := range copied.nodes {
		of.parent = made[of.parent]
	}
	return &copied
}

func (t *tree) hasReadRules() bool { return t.confidential || t.readRules > 0 }

// isNamed reports whether a rule for writing or adding names a key: not only everyone.
func (t *tree) isNamed(key keys.Fingerprint) bool { return t.named[key] > 0 }

// isAdmitted reports whether a rule of the root of the chain names a key, or lets it in besides. Rules of objects don't count: they are
// set by those who may write the object, and who opens the chain is for its roots to say.
func (t *tree) isAdmitted(key keys.Fingerprint) bool {
	for _, rule := range []*event.Rule{t.root.write, t.root.add} {
		if rule != nil && rule.Kind == event.AnyOf && contains(rule.Keys, key) {
			return true
		}
	}
	return contains(t.admitted, key)
}

func contains(all []keys.Fingerprint, one keys.Fingerprint) bool {
	for _, is := range all {
		if is == one {
			return true
		}
	}
	return false
}

var tooDeep = &event.Rule{Kind: event.Nobody}

// writeRuleOf is the rule for writing that counts for a node, and where it was found; nil: that of the root keys.
func (t *tree) writeRuleOf(of *node) (rule *event.Rule, at *node) {
	at = of
	for range limits.TreeDepth + 1 {
		if at.write != nil || at.parent == nil {
			return at.write, at
		}
		at = at.parent
	}
	// Above as many parents as there may be is the root of the chain, or the node is too deep.
	if at.parent == nil {
		return at.write, at
	}
	return tooDeep, at
}

var inClear = &event.ReadRule{Kind: event.Everyone}

// readRuleOf is the rule for reading that counts for a node; nil: none does, and nothing may be written in clear or sealed.
func (t *tree) readRuleOf(of *node) *event.ReadRule {
	if t.readRules > 0 {
		for at := of; at != nil; at = at.parent {
			if at.read != nil {
				return at.read
			}
		}
	}
	if t.confidential {
		return nil
	}
	return inClear
}

// depthOf are the parents between a node and the root of the chain, the root not counted; as far as the limit and one.
func (t *tree) depthOf(of *node) int {
	if of == t.root {
		return -1
	}
	depth := 0
	for at := of.parent; at != nil && at.parent != nil; at = at.parent {
		if depth++; depth > limits.TreeDepth {
			break
		}
	}
	return depth
}

// isWithin reports whether a node is another one, or below it; as far as the limit.
func (t *tree) isWithin(of, other *node) bool {
	at := of
	for steps := 0; at != nil && steps <= 2*limits.TreeDepth; steps++ {
		if at == other {
			return true
		}
		at = at.parent
	}
	// Deeper than anything may be: nothing is put below such a node.
	return at != nil
}

func set[V any](field *V, value V, u *undo) {
	before := *field
	*field = value
	u.push(func() { *field = before })
}

// insert remembers an object, as a child of a node.
func (t *tree) insert(key string, parent *node, kept bool, u *undo) *node {
	made := &node{key: key, parent: parent, kept: kept}
	setEntry(t.nodes, key, made, u)
	set(&parent.children, parent.children+1, u)
	return made
}

// setRules has the rules that are said; those that aren't stay.
func (t *tree) setRules(of *node, rules *event.Authorisation, u *undo) {
	if rules.Write != nil {
		t.setRule(&of.write, held(rules.Write, event.Inherit), u)
	}
	if rules.Add != nil {
		t.setRule(&of.add, held(rules.Add, event.Nobody), u)
	}
	if rules.Admit != nil {
		set(&t.admitted, *rules.Admit, u)
	}
	if rules.Retain != nil {
		is := rules.Retain
		if *is == (event.Retention{}) {
			is = nil
		}
		set(&t.retention, is, u)
	}
	if rules.Read == nil {
		return
	}
	is := rules.Read
	if is.Kind == event.Inherit {
		is = nil
	}
	t.countReadRules(is, 1, u)
	t.countReadRules(of.read, -1, u)
	set(&of.read, is, u)
}

// held is a rule as the tree has it: one of the kind that says nothing isn't there.
func held(rule *event.Rule, none event.RuleKind) *event.Rule {
	if rule.Kind == none {
		return nil
	}
	return rule
}

func (t *tree) setRule(field **event.Rule, rule *event.Rule, u *undo) {
	t.countNames(*field, -1, u)
	set(field, rule, u)
	t.countNames(rule, 1, u)
}

func (t *tree) countNames(rule *event.Rule, by int, u *undo) {
	if rule == nil {
		return
	}
	if rule.Kind == event.Everyone {
		set(&t.everyone, t.everyone+by, u)
	}
	for _, name := range rule.Keys {
		if count := t.named[name] + by; count == 0 {
			deleteEntry(t.named, name, u)
		} else {
			setEntry(t.named, name, count, u)
		}
	}
}

func (t *tree) countReadRules(rule *event.ReadRule, by int, u *undo) {
	if rule != nil {
		set(&t.readRules, t.readRules+by, u)
	}
}

// move has another parent.
func (t *tree) move(of, parent *node, u *undo) {
	before := of.parent
	set(&of.parent, parent, u)
	// It has come from elsewhere, so what its key was made from says nothing of where it is.
	set(&of.kept, true, u)
	set(&parent.children, parent.children+1, u)
	set(&before.children, before.children-1, u)
	t.forgetUnused(before, u)
}

// revive: it was written, so it is live.
func (t *tree) revive(of *node, u *undo) {
	if of.gone {
		set(&of.gone, false, u)
	}
}

// remove: it is gone; what its children inherit stays, as long as there are any.
func (t *tree) remove(of *node, u *undo) {
	set(&of.gone, true, u)
	t.forgetUnused(of, u)
}

// forgetUnused forgets a node that nothing depends on any more, and its parents that only it kept.
func (t *tree) forgetUnused(of *node, u *undo) {
	for at := of; at.parent != nil && at.children == 0 && (at.gone || !t.isTold(at)); {
		parent := at.parent
		deleteEntry(t.nodes, at.key, u)
		t.countReadRules(at.read, -1, u)
		t.countNames(at.write, -1, u)
		t.countNames(at.add, -1, u)
		set(&parent.children, parent.children-1, u)
		at = parent
	}
}

// isTold reports whether a live node is anything but an object at the root without rules.
func (t *tree) isTold(of *node) bool {
	return of.parent != t.root || of.kept || of.write != nil || of.add != nil || of.read != nil
}
