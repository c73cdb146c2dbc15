package trust

import (
	"encoding/hex"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// about has an error say what it is about, for programs.
func (does *act) about(err *fault.Error) *fault.Error {
	if does.event.PrimaryKey != nil {
		err.With("primary_key", hex.EncodeToString(does.event.PrimaryKey))
	}
	return err.With("fingerprint", joined(does.actors))
}

// refused says who may not do what, by which rule, and who may.
func (a *Authority) refused(does *act, of *node, verb string) error {
	rule, at := a.tree.writeRuleOf(of)
	late := a.delegations.lateFor(does, func(actors []keys.Fingerprint) bool {
		return a.allows(rule, actors) || of.add != nil && a.allows(of.add, actors)
	})
	if late != nil {
		return late
	}
	var allowed []keys.Fingerprint
	for _, one := range []*event.Rule{rule, of.add} {
		if one == nil {
			continue
		}
		for _, named := range one.Keys {
			if current, counts := a.ring.currentOf(named); counts {
				allowed = append(allowed, current)
			}
		}
	}
	kind := "roots"
	if rule != nil {
		kind = map[event.RuleKind]string{event.Everyone: "everyone", event.Nobody: "nobody", event.AnyOf: "any_of"}[rule.Kind]
	} else {
		allowed = append(allowed, a.ring.owners()...)
	}
	where, ruleAt := "the root of the chain", "root"
	if at.key != "" {
		ruleAt = hex.EncodeToString([]byte(at.key))
		where = "the object " + ruleAt
	}
	who := "nobody"
	if len(allowed) > 0 {
		who = joined(allowed)
	}
	return does.about(eventFault(fault.KeyNotAllowed, does.index,
		"the keys %s may not %s the object %x. The rule of %s decides, and allows %s. Use one of those keys, or ask their owner",
		joined(does.actors), verb, does.event.PrimaryKey, where, who)).
		With("rule", kind).With("rule_at", ruleAt).With("allowed", joined(allowed))
}

// requireRoot refuses an event that isn't from a root of the chain.
func (a *Authority) requireRoot(does *act, what string) error {
	for _, actor := range does.actors {
		if a.ring.roots[actor] {
			return nil
		}
	}
	return a.byRoots(does, "only a root of the chain may "+what+", and it is from "+joined(does.actors))
}

func (a *Authority) byRoots(does *act, why string) error {
	return does.about(eventFault(fault.KeyNotAllowed, does.index, "%s", why)).With("rule", "roots").With("allowed", joined(a.ring.sortedRoots()))
}

func (a *Authority) ruleRoot(does *act, u *undo) error {
	if err := a.requireRoot(does, "change the rules of the root of the chain"); err != nil {
		return err
	}
	rules := does.said.Authorisation
	if rules == nil {
		return nil
	}
	if rules.Admit != nil && !a.tree.private {
		return eventFault(fault.BatchInvalid, does.index, "it says who may open the chain, and the chain is not private, which is fixed when a chain is made").With("rule", "admit")
	}
	a.tree.setRules(a.tree.root, rules, u)
	return nil
}

// changeRoots has other roots: it takes more than half of those before.
func (a *Authority) changeRoots(does *act, u *undo) error {
	if owner := a.Owner(); owner != nil {
		return fault.Of(a.byRoots(does, "the roots of this chain are the keys of "+owner.Name+", as the auth service says them. Change the account's keys instead")).With("owner", owner.Name)
	}
	agreed := 0
	for root := range a.ring.roots {
		if contains(does.actors, root) {
			agreed++
		}
	}
	if 2*agreed <= len(a.ring.roots) {
		return a.byRoots(does, "other roots take the signatures of more than half of the roots there are")
	}
	for _, root := range does.said.Roots {
		if a.ring.isChanged(root.Fingerprint()) {
			return countsNoMore(does, root.Fingerprint())
		}
	}
	return a.ring.setRoots(does.said.Roots, u)
}

// changeKey has a key count no more, and perhaps another in its place.
func (a *Authority) changeKey(does *act, u *undo) error {
	name, successor := does.said.KeyChange.Fingerprint, does.said.KeyChange.Successor
	if a.ring.roots[name] {
		return a.byRoots(does, name.String()+" is a root of the chain. Change the roots instead")
	}
	if a.ring.isChanged(name) {
		return countsNoMore(does, name)
	}
	// A key may always give itself up, and whom it trusts is its owner's to say. What was delegated is its giver's to end, and no more.
	isGivers := successor == nil && slices.ContainsFunc(a.delegations.givenBy(name), func(issuer keys.Fingerprint) bool { return contains(does.actors, issuer) })
	if !contains(does.actors, name) && !isGivers {
		if err := a.requireRoot(does, "change the key "+name.String()); err != nil {
			return err
		}
	}
	if successor == nil {
		a.ring.change(name, nil, u)
		return nil
	}
	next := successor.Fingerprint()
	if next == name || a.ring.isChanged(next) {
		return countsNoMore(does, next)
	}
	if err := a.ring.add(successor, u); err != nil {
		return err
	}
	a.ring.change(name, &next, u)
	return nil
}

// countsNoMore: a key that counts no more is named.
func countsNoMore(does *act, key keys.Fingerprint) error {
	return does.about(eventFault(fault.KeyRevoked, does.index, "the key %s counts no more, or would replace itself, and can't be named", key)).
		With("fingerprint", key.String())
}

// parentInvalid: an object can't have the parent that an event names.
func parentInvalid(does *act, problem, why string) error {
	return eventFault(fault.ParentInvalid, does.index, "%s", why).With("problem", problem).With("parent", hex.EncodeToString(does.event.Parent))
}
