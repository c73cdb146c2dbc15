package trust

import "atedb.example/go/event"

// A Placement is what an event says of where its object is, and of who reads it.
type Placement struct {
	// Kind is KindData, KindTombstone or KindRules.
	Kind event.Kind
	// PrimaryKey is nil where it is the root of the chain, whose rules it sets; Parent where there is none.
	PrimaryKey, Parent []byte
	Moves              bool
	Read               *event.ReadRule
}

// Assume has an object where an event of one's own puts it, and its rule for reading, before the chain has decided on the event. What it may
// do is not looked at, nor what it says of who writes: it serves to seal what comes behind it. It returns whether that changes anything.
func (a *Authority) Assume(of Placement) bool {
	var u undo
	t := a.tree
	if of.PrimaryKey == nil {
		if of.Read != nil {
			t.setRules(t.root, &event.Authorisation{Read: of.Read}, &u)
		}
		return of.Read != nil
	}
	key := string(of.PrimaryKey)
	known := t.nodes[key]
	if of.Kind == event.KindTombstone {
		if known != nil {
			t.remove(known, &u)
		}
		return known != nil
	}
	isPlaced := of.Moves || known != nil && known.gone
	if known == nil {
		isPlaced = of.Parent != nil
	}
	if isPlaced {
		a.put(key, known, of.Parent, &u)
	}
	if of.Read == nil {
		return isPlaced
	}
	at := t.nodes[key]
	if at == nil {
		at = t.insert(key, t.root, false, &u)
	}
	t.setRules(at, &event.Authorisation{Read: of.Read}, &u)
	return true
}

func (a *Authority) put(key string, known *node, parent []byte, u *undo) {
	t := a.tree
	above := t.root
	if parent != nil {
		if above = t.nodes[string(parent)]; above == nil {
			above = t.insert(string(parent), t.root, false, u)
		}
	}
	if known == nil {
		if string(parent) != key {
			t.insert(key, above, false, u)
		}
		return
	}
	if known.parent != above && !t.isWithin(above, known) {
		t.move(known, above, u)
	}
	t.revive(known, u)
}
