package trust

import (
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// A Place is where a batch is taken, as far as it decides what counts.
type Place struct {
	// TimeUnixMs is of its commit, by which delegations and answers of auth services count.
	TimeUnixMs int64
	// ChainKey is the chain's, as text, which delegations must name.
	ChainKey string
	// FirstSequence of its events.
	FirstSequence uint64
}

// Decide whether the keys that a batch is from may do what its events do, and have the state after it. The batch itself was found good by
// CheckBatch, and signatures are verified elsewhere. The error is KEY_UNKNOWN, KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH,
// TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, DELEGATION_EXPIRED, DELEGATION_OUT_OF_SCOPE, TOO_MANY_DELEGATIONS, SNAPSHOT_INVALID, AUTH_ANSWER_INVALID,
// AUTH_ANSWER_EXPIRED or OWNER_REMOVED, and names the event where it is about one: nothing has changed then.
func (a *Authority) Decide(batch *event.Batch, place Place) error {
	if _, err := a.keysOf(batch); err != nil {
		return err
	}
	return a.decide(batch, place)
}

// keysOf finds the keys that a batch is to be signed by, or proven. It looks at no event's right, so that strangers cost little: only
// at whether any rule of the chain allows them anything.
func (a *Authority) keysOf(batch *event.Batch) (map[keys.Fingerprint]*keys.Public, error) {
	if isFromServer(batch) {
		server, err := serverOf(batch, a.ownership.server)
		if err != nil {
			return nil, err
		}
		return tableOf([]*keys.Public{server}), nil
	}
	signers, err := signersOf(batch)
	if err != nil {
		return nil, err
	}
	shown, err := batch.Delegations()
	if err != nil {
		return nil, err
	}
	if err := a.checkNamed(signers, shown); err != nil {
		return nil, err
	}
	return keysOfSigners(batch, signers, a.ring)
}

// checkNamed refuses keys that no rule of the chain allows anything, also by delegations that they show, whatever those say.
func (a *Authority) checkNamed(actors []keys.Fingerprint, shown []*event.Delegation) error {
	claimed := slices.Clone(actors)
	for _, actor := range actors {
		claimed = append(claimed, a.delegations.givenBy(actor)...)
	}
	if len(shown) > 0 {
		claimed = append(claimed, shown[0].Issuer)
	}
	isNamed := a.tree.everyone > 0 || slices.ContainsFunc(claimed, func(actor keys.Fingerprint) bool {
		return a.ring.isChanged(actor) || a.hasRight(actor)
	})
	if isNamed {
		return nil
	}
	return a.notNamed(actors)
}

func (a *Authority) notNamed(actors []keys.Fingerprint) error {
	owner := ""
	if is := a.Owner(); is != nil {
		owner = ", " + is.Name
	}
	roots := joined(a.ring.sortedRoots())
	return fault.New(fault.KeyNotAllowed, "the keys %s may not write to this chain: no rule of it names them, and its roots are %s. Use another key, or ask its owner%s", joined(actors), roots, owner).
		With("fingerprint", joined(actors)).With("allowed", roots)
}

// hasRight reports whether a key is a root, or a rule names it: not only everyone.
func (a *Authority) hasRight(actor keys.Fingerprint) bool {
	return a.ownsRoot(actor) || slices.ContainsFunc(a.ring.namesOf(actor), a.tree.isNamed) ||
		// Who was let in may give its key up.
		a.tree.private && a.Admits(actor)
}

func (a *Authority) decide(batch *event.Batch, place Place) error {
	var u undo
	if err := a.decideAll(batch, place, &u); err != nil {
		u.takeBack()
		return err
	}
	return nil
}

func (a *Authority) decideAll(batch *event.Batch, place Place, u *undo) error {
	if isFromServer(batch) {
		return a.ownership.decide(batch, place.TimeUnixMs, a.ring, u)
	}
	if err := a.ownership.checkTakes(place.TimeUnixMs); err != nil {
		return err
	}
	shown, err := batch.SealKeys()
	if err != nil {
		return err
	}
	for _, key := range shown {
		if err := a.ring.add(key, u); err != nil {
			return err
		}
	}
	if err := a.learnPath(batch, place, u); err != nil {
		return err
	}
	writer := []keys.Fingerprint{batch.Seal.Fingerprint}
	acting := a.standing(writer, place.TimeUnixMs)
	isKnown, mayWriteRoot := false, false
	for i := range batch.Events {
		// It changed nothing, and whoever says so has signed that.
		if batch.Events[i].Kind == event.KindGone {
			continue
		}
		if !isKnown {
			isKnown, mayWriteRoot = true, !a.ring.isChanged(writer[0]) && a.mayWrite(acting, a.tree.root)
		}
		// Nearly all events of most chains: what follows decides the same of them, and takes longer.
		if mayWriteRoot && a.isPlain(&batch.Events[i]) {
			continue
		}
		if err := a.decideEvent(batch, i, place, u); err != nil {
			return err
		}
		isKnown = false
	}
	return nil
}

// learnPath knows the delegations that a seal shows.
func (a *Authority) learnPath(batch *event.Batch, place Place, u *undo) error {
	path, err := batch.Delegations()
	if err != nil || len(path) == 0 {
		return err
	}
	if err := checkScopeOfPath(path, place.ChainKey); err != nil {
		return err
	}
	issuer := path[0].Issuer
	if a.ring.isChanged(issuer) || !a.hasRight(issuer) {
		return a.notNamed([]keys.Fingerprint{issuer})
	}
	return a.delegations.learn(path, place.TimeUnixMs, a.ring, u)
}

// standing are some keys, and those that they count as at a time.
func (a *Authority) standing(actors []keys.Fingerprint, timeUnixMs int64) []keys.Fingerprint {
	all := slices.Clip(actors)
	for _, actor := range actors {
		all = append(all, a.delegations.standsFor(actor, timeUnixMs, a.ring)...)
	}
	return all
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
	// acting are all keys that its right may come from: the actors, and those that they count as by delegations.
	acting []keys.Fingerprint
	// delegable: delegations may count for it, by the time of its commit.
	delegable  bool
	timeUnixMs int64
}

func (a *Authority) decideEvent(batch *event.Batch, index int, place Place, u *undo) error {
	of := &batch.Events[index]
	said, err := batch.Authority(index)
	if err != nil {
		return err
	}
	does := &act{index: index, event: of, said: said, actors: append([]keys.Fingerprint{batch.Seal.Fingerprint}, said.SignWith...), timeUnixMs: place.TimeUnixMs}
	does.acting = does.actors
	if does.delegable = of.Kind.WritesObject() && !of.HasAuthority; does.delegable {
		does.acting = a.standing(does.actors, place.TimeUnixMs)
	}
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
	case of.Kind == event.KindSnapshot:
		return a.raiseHorizon(does, batch, place.FirstSequence, u)
	case of.Kind == event.KindRules && of.PrimaryKey == nil:
		return a.ruleRoot(does, u)
	case of.Kind == event.KindTombstone:
		return a.remove(does, u)
	case of.Kind == event.KindRedaction:
		return a.requireErasure(does)
	}
	at, err := a.write(does, u)
	if err == nil && of.Kind == event.KindData {
		err = a.checkSealed(does, at)
	}
	return err
}

// requireErasure: whoever may write an object now, or is a root, may have data of it erased. It changes nothing of who may do what.
func (a *Authority) requireErasure(does *act) error {
	if slices.ContainsFunc(does.actors, func(actor keys.Fingerprint) bool { return a.ring.roots[actor] }) {
		return nil
	}
	of := a.tree.nodes[string(does.event.PrimaryKey)]
	if of == nil {
		of = a.tree.root
	}
	if a.mayWrite(does.acting, of) {
		return nil
	}
	return a.refused(does, of, "redact")
}
