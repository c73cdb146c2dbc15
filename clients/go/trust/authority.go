package trust

import (
	"encoding/hex"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// An Authority is who may do what in a chain: its keys, its tree of objects, and the rules. Each event is decided on by the state before
// it, in the order of the events, and changes the state for those behind it, in its own batch too.
type Authority struct {
	ring *ring
	tree *tree
}

// NewAuthority is that of a chain that has just begun.
func NewAuthority(genesis *event.Genesis) *Authority {
	return &Authority{newRing(genesis.Roots), newTree(genesis.Confidential, genesis.Private)}
}

// Clone is a copy that changes by itself from here.
func (a *Authority) Clone() *Authority { return &Authority{a.ring.clone(), a.tree.clone()} }

// Objects is the number of objects that have a parent or rules.
func (a *Authority) Objects() int { return len(a.tree.nodes) }

// Roots are the fingerprints of the chain's roots as they are now.
func (a *Authority) Roots() []keys.Fingerprint { return a.ring.sortedRoots() }

// Key finds a public key that the chain knows, whether it counts or not; nil for none.
func (a *Authority) Key(name keys.Fingerprint) *keys.Public { return a.ring.keys[name] }

// Current is the key that counts where one is named: itself, what it was replaced by, or none.
func (a *Authority) Current(name keys.Fingerprint) (keys.Fingerprint, bool) {
	return a.ring.currentOf(name)
}

// Learn knows a key. The error is TOO_MANY_KEYS.
func (a *Authority) Learn(key *keys.Public) error { return a.ring.add(key, new(undo)) }

// Admitted are those who may open the chain, if it is private, besides roots and those whom rules of the root of the chain name.
func (a *Authority) Admitted() []keys.Fingerprint { return a.tree.admitted }

// Admits reports whether a key may open the chain, if it is private.
func (a *Authority) Admits(key keys.Fingerprint) bool {
	if a.ring.isChanged(key) {
		return false
	}
	return a.ring.roots[key] || slices.ContainsFunc(a.ring.namesOf(key), a.tree.isAdmitted)
}

// HasReadRules reports whether any object's data is to be sealed.
func (a *Authority) HasReadRules() bool { return a.tree.hasReadRules() }

// ReadRule that counts for data of an object that is written below a parent (nil: none) now; inherits: the event gives up the object's
// own rule. nil: there is none yet, so that nothing can be written.
func (a *Authority) ReadRule(primaryKey, parent []byte, inherits bool) *event.ReadRule {
	of := a.tree.nodes[string(primaryKey)]
	if of != nil && !inherits {
		// What moves inherits from where it comes to.
		if of.parent.key == string(parent) || of.read != nil {
			return a.tree.readRuleOf(of)
		}
	}
	if above := a.tree.nodes[string(parent)]; above != nil {
		return a.tree.readRuleOf(above)
	}
	return a.tree.readRuleOf(a.tree.root)
}

// NamedReadKeys are the read keys that rules name now.
func (a *Authority) NamedReadKeys() map[event.Hash]bool {
	named := map[event.Hash]bool{}
	note := func(of *node) {
		if of.read != nil && of.read.Kind == event.SealedWith {
			named[of.read.ReadKeyID] = true
		}
	}
	note(a.tree.root)
	for _, of := range a.tree.nodes {
		note(of)
	}
	return named
}

// Decide whether the keys that a batch is from may do what its events do, and have the state after it. The batch itself was found good by
// CheckBatch. The error is KEY_UNKNOWN, KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED or
// BATCH_INVALID, and names the event: nothing has changed then.
func (a *Authority) Decide(batch *event.Batch) error {
	if _, err := a.keysOf(batch); err != nil {
		return err
	}
	return a.decide(batch)
}

// keysOf finds the keys that a batch is to be signed by, or proven. It looks at no event's right, so that strangers cost little: only
// at whether any rule of the chain allows them anything.
func (a *Authority) keysOf(batch *event.Batch) (map[keys.Fingerprint]*keys.Public, error) {
	signers, err := signersOf(batch)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(signers, a.mayAnything) {
		return nil, fault.New(fault.KeyNotAllowed, "the keys %s may not write to this chain: no rule of it names them, and its roots are %s. Use another key, or ask its owner",
			joined(signers), joined(a.ring.sortedRoots())).With("fingerprint", joined(signers)).With("allowed", joined(a.ring.sortedRoots()))
	}
	return keysOfSigners(batch, signers, a.ring)
}

func (a *Authority) mayAnything(actor keys.Fingerprint) bool {
	return a.ring.roots[actor] || a.ring.isChanged(actor) || slices.ContainsFunc(a.ring.namesOf(actor), a.tree.isNamed) ||
		// Who was let in may give its key up.
		a.tree.private && a.Admits(actor)
}

func (a *Authority) decide(batch *event.Batch) error {
	var u undo
	if err := a.decideAll(batch, &u); err != nil {
		u.takeBack()
		return err
	}
	return nil
}

func (a *Authority) decideAll(batch *event.Batch, u *undo) error {
	shown, err := batch.SealKeys()
	if err != nil {
		return err
	}
	for _, key := range shown {
		if err := a.ring.add(key, u); err != nil {
			return err
		}
	}
	writer := []keys.Fingerprint{batch.Seal.Fingerprint}
	isKnown, mayWriteRoot := false, false
	for i := range batch.Events {
		if !isKnown {
			isKnown, mayWriteRoot = true, !a.ring.isChanged(writer[0]) && a.mayWrite(writer, a.tree.root)
		}
		// Nearly all events of most chains: what follows decides the same of them, and takes longer.
		if mayWriteRoot && a.isPlain(&batch.Events[i]) {
			continue
		}
		if err := a.decideEvent(batch, i, u); err != nil {
			return err
		}
		isKnown = false
	}
	return nil
}

// isPlain reports whether an event is about an object at the root of the chain that has no rules and gets none, in clear as it is to be.
func (a *Authority) isPlain(of *event.Event) bool {
	return !of.SaysMore() && !of.Sealed && of.Parent == nil && !a.tree.hasReadRules() && of.Kind.WritesObject() &&
		a.tree.nodes[string(of.PrimaryKey)] == nil
}

// An act is an event, as far as its right is concerned.
type act struct {
	index  int
	event  *event.Event
	said   *event.Authority
	actors []keys.Fingerprint
}

func (a *Authority) decideEvent(batch *event.Batch, index int, u *undo) error {
	of := &batch.Events[index]
	said, err := batch.Authority(index)
	if err != nil {
		return err
	}
	does := &act{index, of, said, append([]keys.Fingerprint{batch.Seal.Fingerprint}, said.SignWith...)}
	signers := does.actors
	if said.Author != nil {
		signers = append(slices.Clone(signers), *said.Author)
	}
	// An event before it, in this batch too, may have ended them.
	for _, signer := range signers {
		if a.ring.isChanged(signer) {
			return countsNoMore(does, signer)
		}
	}
	for _, key := range said.PublicKeys {
		if err := a.ring.add(key, u); err != nil {
			return err
		}
	}
	switch {
	case of.Kind == event.KindKeyChange:
		return a.changeKey(does, u)
	case of.Kind == event.KindRoots:
		return a.changeRoots(does, u)
	case of.Kind == event.KindRules && of.PrimaryKey == nil:
		return a.ruleRoot(does, u)
	case of.Kind == event.KindTombstone:
		return a.remove(does, u)
	}
	at, err := a.write(does, u)
	if err == nil && of.Kind == event.KindData {
		err = a.checkSealed(does, at)
	}
	return err
}

// write an object, or have other rules for it. It returns where it is.
func (a *Authority) write(does *act, u *undo) (*node, error) {
	known := a.tree.nodes[string(does.event.PrimaryKey)]
	at, err := known, error(nil)
	if known == nil {
		at, err = a.create(does, u)
	} else {
		err = a.writeKnown(does, known, u)
	}
	if err != nil || does.said.Authorisation == nil {
		return at, err
	}
	if key := string(does.event.PrimaryKey); at.key != key {
		at = a.tree.insert(key, at, false, u)
	}
	a.tree.setRules(at, does.said.Authorisation, u)
	a.tree.forgetUnused(at, u)
	return at, nil
}

func (a *Authority) writeKnown(does *act, of *node, u *undo) error {
	if err := a.requireWrite(does, of); err != nil {
		return err
	}
	isThere := of.parent.key == string(does.event.Parent)
	switch {
	case isThere && does.said.Moves:
		return parentInvalid(does, "there", "it says that the object moves, and it is there, or new")
	case !isThere && !does.said.Moves:
		return parentInvalid(does, "elsewhere", "the object has another parent. Name that one, or say that the object moves")
	case !isThere:
		if err := a.move(does, of, u); err != nil {
			return err
		}
	case a.tree.depthOf(of) > limits.TreeDepth:
		return parentInvalid(does, "too_deep", "the object is too far from the root of the chain")
	}
	a.tree.revive(of, u)
	return nil
}

func (a *Authority) move(does *act, of *node, u *undo) error {
	parent, err := a.parentFor(does, u)
	if err != nil {
		return err
	}
	if !a.mayAdd(does.actors, parent) {
		return a.refused(does, parent, "move")
	}
	if a.tree.isWithin(parent, of) {
		return parentInvalid(does, "cycle", "the parent is the object itself, or below it")
	}
	if err := a.checkDepth(does, parent); err != nil {
		return err
	}
	a.tree.move(of, parent, u)
	return nil
}

// create an object that the tree doesn't know: it is new, or at the root of the chain and without rules.
func (a *Authority) create(does *act, u *undo) (*node, error) {
	root, named := a.tree.root, does.event.Parent != nil
	if does.said.Moves && !named {
		return nil, parentInvalid(does, "there", "it says that the object moves to the root of the chain, and it is there, or new")
	}
	if named && string(does.event.Parent) == string(does.event.PrimaryKey) {
		return nil, parentInvalid(does, "cycle", "the object is its own parent")
	}
	ownsRoot := a.mayWrite(does.actors, root)
	if !named && ownsRoot {
		return root, nil
	}
	// It comes from the root then.
	if does.said.Moves && !ownsRoot {
		return nil, a.refused(does, root, "move")
	}
	parent, err := a.parentFor(does, u)
	if err != nil {
		return nil, err
	}
	if !a.mayAdd(does.actors, parent) {
		return nil, a.refused(does, parent, "write")
	}
	// Whoever has no right to the root has none to the objects that may be there.
	if !ownsRoot && does.said.Label == nil {
		return nil, does.about(eventFault(fault.KeyNotAllowed, does.index,
			"the right to add the object %x comes from its parent alone, and its primary key is not made from that one. Leave the key out or give the object a name, so that it is",
			does.event.PrimaryKey)).With("rule", "label")
	}
	if does.said.Authorisation != nil && !a.mayWrite(does.actors, parent) {
		return nil, a.refused(does, parent, "set rules for")
	}
	if err := a.checkDepth(does, parent); err != nil {
		return nil, err
	}
	return a.tree.insert(string(does.event.PrimaryKey), parent, parent == root, u), nil
}

// parentFor is the node of the parent that an event names. One that is not known is an object at the root without rules.
func (a *Authority) parentFor(does *act, u *undo) (*node, error) {
	if does.event.Parent == nil {
		return a.tree.root, nil
	}
	name := string(does.event.Parent)
	parent := a.tree.nodes[name]
	if parent == nil {
		return a.tree.insert(name, a.tree.root, false, u), nil
	}
	if parent.gone {
		return nil, parentInvalid(does, "gone", "the parent was removed")
	}
	return parent, nil
}

func (a *Authority) checkDepth(does *act, above *node) error {
	if a.tree.depthOf(above)+1 <= limits.TreeDepth {
		return nil
	}
	return parentInvalid(does, "too_deep", "the parent is too far from the root of the chain")
}

func (a *Authority) remove(does *act, u *undo) error {
	of := a.tree.nodes[string(does.event.PrimaryKey)]
	if of == nil {
		if !a.mayWrite(does.actors, a.tree.root) {
			return a.refused(does, a.tree.root, "remove")
		}
		return nil
	}
	if err := a.requireWrite(does, of); err != nil {
		return err
	}
	a.tree.remove(of, u)
	return nil
}

// checkSealed: the data of an object is sealed as the rule for it after the event says.
func (a *Authority) checkSealed(does *act, at *node) error {
	due := a.tree.readRuleOf(at)
	if due != nil && due.Kind == event.Everyone && !does.event.Sealed {
		return nil
	}
	if due != nil && due.Kind == event.SealedWith && does.event.Sealed {
		if sealed := event.ReadConfidentiality(does.event.Header); sealed.ReadKeyID == due.ReadKeyID {
			return nil
		}
	}
	mismatch := eventFault(fault.ReadRuleMismatch, does.index, "its data is not sealed, or not in clear, as the rule for reading says; in a confidential chain one has to name a read key first")
	if due != nil && due.Kind == event.SealedWith {
		mismatch.With("read_key_id", hex.EncodeToString(due.ReadKeyID[:]))
	}
	return mismatch
}

func (a *Authority) mayWrite(actors []keys.Fingerprint, of *node) bool {
	rule, _ := a.tree.writeRuleOf(of)
	return a.allows(rule, actors)
}

func (a *Authority) mayAdd(actors []keys.Fingerprint, parent *node) bool {
	return a.mayWrite(actors, parent) || parent.add != nil && a.allows(parent.add, actors)
}

// allows reports whether a rule allows any of some keys; nil: that of the root keys.
func (a *Authority) allows(rule *event.Rule, actors []keys.Fingerprint) bool {
	switch {
	case rule == nil:
		return slices.ContainsFunc(actors, func(actor keys.Fingerprint) bool { return a.ring.roots[actor] })
	case rule.Kind == event.Everyone:
		return true
	case rule.Kind == event.Nobody:
		return false
	}
	return slices.ContainsFunc(rule.Keys, func(named keys.Fingerprint) bool {
		current, counts := a.ring.currentOf(named)
		return counts && contains(actors, current)
	})
}

func (a *Authority) requireWrite(does *act, of *node) error {
	if a.mayWrite(does.actors, of) {
		return nil
	}
	return a.refused(does, of, "write")
}
