package trust

import (
	"encoding/hex"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
)

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
	if !a.mayAdd(does.acting, parent) {
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
	ownsRoot := a.mayWrite(does.acting, root)
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
	if !a.mayAdd(does.acting, parent) {
		return nil, a.refused(does, parent, "write")
	}
	// Whoever has no right to the root has none to the objects that may be there.
	if !ownsRoot && does.said.Label == nil {
		return nil, does.about(eventFault(fault.KeyNotAllowed, does.index,
			"the right to add the object %x comes from its parent alone, and its primary key is not made from that one. Leave the key out or give the object a name, so that it is",
			does.event.PrimaryKey)).With("rule", "label")
	}
	if does.said.Authorisation != nil && !a.mayWrite(does.acting, parent) {
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
		if !a.mayWrite(does.acting, a.tree.root) {
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
