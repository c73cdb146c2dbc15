// Package trust has the rules by which a chain takes an event, or refuses it, and verifies replays by them: docs/trust.md. It is pure:
// no clock, no disk, no network.
package trust

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// undo is how to take back what was changed: steps, to be taken last one first.
type undo []func()

func (u *undo) push(step func()) { *u = append(*u, step) }

func (u *undo) takeBack() {
	for i := len(*u) - 1; i >= 0; i-- {
		(*u)[i]()
	}
	*u = nil
}

func setEntry[K comparable, V any](entries map[K]V, key K, value V, u *undo) {
	before, had := entries[key]
	entries[key] = value
	u.push(func() {
		if had {
			entries[key] = before
		} else {
			delete(entries, key)
		}
	})
}

func deleteEntry[K comparable, V any](entries map[K]V, key K, u *undo) {
	if before, had := entries[key]; had {
		delete(entries, key)
		u.push(func() { entries[key] = before })
	}
}

// A ring has the public keys that a chain knows, its roots among them, and which of them count no more. To know a key gives it no right.
type ring struct {
	keys  map[keys.Fingerprint]*keys.Public
	roots map[keys.Fingerprint]bool
	// writers may write where the root of the chain has no rule for it, besides the roots: an auth service has named them.
	writers map[keys.Fingerprint]bool
	// successors are what has followed each key that counts no more; nil for none. They lead to no key twice.
	successors map[keys.Fingerprint]*keys.Fingerprint
	// changed are keys that count no more, with those that count in their place: where their successors end; nil for none.
	changed map[keys.Fingerprint]*keys.Fingerprint
}

func newRing(genesis *event.Genesis) *ring {
	r := &ring{map[keys.Fingerprint]*keys.Public{}, map[keys.Fingerprint]bool{}, map[keys.Fingerprint]bool{}, map[keys.Fingerprint]*keys.Fingerprint{}, map[keys.Fingerprint]*keys.Fingerprint{}}
	for _, root := range genesis.Roots {
		r.keys[root.Fingerprint()] = root
		r.roots[root.Fingerprint()] = true
	}
	if genesis.Answer != nil {
		for _, writer := range genesis.Answer.Writers {
			r.keys[writer.Fingerprint()] = writer
			r.writers[writer.Fingerprint()] = true
		}
	}
	return r
}

func (r *ring) clone() *ring {
	// Roots and writers are replaced as a whole, never changed.
	return &ring{maps.Clone(r.keys), r.roots, r.writers, maps.Clone(r.successors), maps.Clone(r.changed)}
}

func (r *ring) sortedRoots() []keys.Fingerprint { return sortedNames(r.roots) }

func (r *ring) sortedWriters() []keys.Fingerprint { return sortedNames(r.writers) }

// owners are the roots, and then those that may write where the root of the chain has no rule for it.
func (r *ring) owners() []keys.Fingerprint { return slices.Concat(r.sortedRoots(), r.sortedWriters()) }

func sortedNames(all map[keys.Fingerprint]bool) []keys.Fingerprint {
	return event.SortFingerprints(slices.Collect(maps.Keys(all)))
}

func (r *ring) isOwner(name keys.Fingerprint) bool { return r.roots[name] || r.writers[name] }

func (r *ring) isChanged(name keys.Fingerprint) bool {
	_, changed := r.changed[name]
	return changed
}

// currentOf is the key that counts where this one is named: itself, what it was replaced by, or none.
func (r *ring) currentOf(name keys.Fingerprint) (keys.Fingerprint, bool) {
	current, changed := r.changed[name]
	if !changed {
		return name, true
	}
	if current == nil {
		return name, false
	}
	return *current, true
}

// namesOf are all keys that this one counts for: itself, and those that it has replaced.
func (r *ring) namesOf(name keys.Fingerprint) []keys.Fingerprint {
	all := []keys.Fingerprint{name}
	for replaced, current := range r.changed {
		if current != nil && *current == name {
			all = append(all, replaced)
		}
	}
	return all
}

func (r *ring) add(key *keys.Public, u *undo) error {
	if r.keys[key.Fingerprint()] != nil {
		return nil
	}
	if len(r.keys)-len(r.roots) >= limits.ChainKeys {
		return fault.New(fault.TooManyKeys, "the chain knows %d public keys beside its roots, which is the limit; write with one of them", limits.ChainKeys).
			With("limit_keys", strconv.Itoa(limits.ChainKeys))
	}
	setEntry(r.keys, key.Fingerprint(), key, u)
	return nil
}

// setRoots has other roots. Those before stay known, as other keys do.
func (r *ring) setRoots(roots []*keys.Public, u *undo) error {
	for _, root := range roots {
		if err := r.add(root, u); err != nil {
			return err
		}
	}
	set(&r.roots, setOf(roots), u)
	return nil
}

// setOwners has the roots and writers that an auth service names. However many keys the chain knows already: nobody who shows it keys can keep
// it from learning whose it is.
func (r *ring) setOwners(roots, writers []*keys.Public, u *undo) {
	for _, key := range slices.Concat(roots, writers) {
		if r.keys[key.Fingerprint()] == nil {
			setEntry(r.keys, key.Fingerprint(), key, u)
		}
	}
	set(&r.roots, setOf(roots), u)
	set(&r.writers, setOf(writers), u)
}

func setOf(all []*keys.Public) map[keys.Fingerprint]bool {
	named := map[keys.Fingerprint]bool{}
	for _, one := range all {
		named[one.Fingerprint()] = true
	}
	return named
}

// change has a key count no more, and its successor, if there is one, wherever it is named.
func (r *ring) change(name keys.Fingerprint, successor *keys.Fingerprint, u *undo) {
	setEntry(r.successors, name, successor, u)
	for _, one := range r.namesOf(name) {
		setEntry(r.changed, one, successor, u)
	}
}

// follow has what an auth service says follows a key, which counts no more. Its word goes before what the key has said itself: whoever has had
// the key of a role, and has it no more, would else keep the role's place in all rules. A key that was given up without a successor stays so.
func (r *ring) follow(name keys.Fingerprint, successor *keys.Fingerprint, u *undo) {
	isFirst := !r.isChanged(name)
	if !isFirst && r.successors[name] == nil {
		return
	}
	next := successor
	if r.leadsTo(successor, name) {
		next = nil
	}
	setEntry(r.successors, name, next, u)
	if !isFirst {
		set(&r.changed, endsOf(r.successors), u)
		return
	}
	var end *keys.Fingerprint
	if next != nil {
		if current, counts := r.currentOf(*next); counts {
			end = &current
		}
	}
	for _, one := range r.namesOf(name) {
		setEntry(r.changed, one, end, u)
	}
}

// leadsTo reports whether a key is another one, or that one is among those that have followed it.
func (r *ring) leadsTo(name *keys.Fingerprint, other keys.Fingerprint) bool {
	for at := name; at != nil; at = r.successors[*at] {
		if *at == other {
			return true
		}
	}
	return false
}

// endsOf says what counts in the place of each key that was followed by another, or by none.
func endsOf(successors map[keys.Fingerprint]*keys.Fingerprint) map[keys.Fingerprint]*keys.Fingerprint {
	ends := make(map[keys.Fingerprint]*keys.Fingerprint, len(successors))
	for name := range successors {
		var passed []keys.Fingerprint
		at := &name
		// Each is passed once: where an end is known already, all those before it have the same.
		for at != nil {
			next, isFollowed := successors[*at]
			if end, isKnown := ends[*at]; isKnown {
				at = end
				break
			}
			if !isFollowed {
				break
			}
			passed = append(passed, *at)
			at = next
		}
		for _, one := range passed {
			ends[one] = at
		}
	}
	return ends
}

// counting finds a key that counts. The error is KEY_UNKNOWN or KEY_REVOKED.
func (r *ring) counting(name keys.Fingerprint) (*keys.Public, error) {
	if r.isChanged(name) {
		if current, ok := r.currentOf(name); ok {
			return nil, fault.New(fault.KeyRevoked, "the key %s was replaced by %s. Write with that one", name, current).
				With("fingerprint", name.String()).With("successor", current.String())
		}
		return nil, fault.New(fault.KeyRevoked, "the key %s was revoked and counts no more", name).With("fingerprint", name.String())
	}
	if key := r.keys[name]; key != nil {
		return key, nil
	}
	return nil, unknownKey(name)
}

// unknownKey: nobody has shown a public key.
func unknownKey(name keys.Fingerprint) error {
	return fault.New(fault.KeyUnknown, "the chain doesn't know the public key %s. Show it in an event of the batch that it signs", name).
		With("fingerprint", name.String())
}

// signersOf are the keys that a batch is from: its writer's, and those that its events name as signers and authors; sorted, once each.
// They sign it, all of them, or are proven on its stream. Of a batch of which events are gone they are those, as far as that is known, and those
// whose signatures it has. The error is BATCH_INVALID where they are too many, or an event names the
// writer's key besides.
func signersOf(batch *event.Batch) ([]keys.Fingerprint, error) {
	writer := batch.Seal.Fingerprint
	signers := []keys.Fingerprint{writer}
	for i := range batch.Events {
		if !batch.Events[i].NamesSigners() {
			continue
		}
		said, err := batch.Authority(i)
		if err != nil {
			return nil, err
		}
		if slices.Contains(said.SignWith, writer) {
			return nil, eventFault(fault.BatchInvalid, i, "the writer's key %s signs in any case, and isn't named as one that signs besides", writer)
		}
		signers = append(signers, said.SignWith...)
		if said.Author != nil {
			signers = append(signers, *said.Author)
		}
	}
	// What is gone may have named others.
	if batch.Gone != nil {
		signers = append(signers, signedBy(batch.Seal)...)
	}
	if len(signers) > 1 {
		signers = event.SortFingerprints(signers)
	}
	if len(signers) > limits.Signers {
		return nil, fault.New(fault.BatchInvalid, "the events of the batch name %d keys that sign it, and %d is the limit; append them as several batches", len(signers), limits.Signers)
	}
	return signers, nil
}

// keysShown are the public keys that the seal and the events of a batch show.
func keysShown(batch *event.Batch) (map[keys.Fingerprint]*keys.Public, error) {
	shown := map[keys.Fingerprint]*keys.Public{}
	sealKeys, err := batch.SealKeys()
	if err != nil {
		return nil, err
	}
	for _, key := range sealKeys {
		shown[key.Fingerprint()] = key
	}
	for i := range batch.Events {
		if !batch.Events[i].HasAuthority {
			continue
		}
		said, err := batch.Authority(i)
		if err != nil {
			return nil, err
		}
		for _, key := range said.PublicKeys {
			shown[key.Fingerprint()] = key
		}
	}
	return shown, nil
}

// keysOfSigners finds the public keys of a batch's signers: among those that the chain knows, and those that the batch itself shows.
// The error is KEY_UNKNOWN or KEY_REVOKED.
func keysOfSigners(batch *event.Batch, signers []keys.Fingerprint, known *ring) (map[keys.Fingerprint]*keys.Public, error) {
	found := make(map[keys.Fingerprint]*keys.Public, len(signers))
	var shown map[keys.Fingerprint]*keys.Public
	for _, signer := range signers {
		// One that counts no more is not known anew by being shown.
		if !known.isChanged(signer) && known.keys[signer] == nil {
			if shown == nil {
				var err error
				if shown, err = keysShown(batch); err != nil {
					return nil, err
				}
			}
			if key := shown[signer]; key != nil {
				found[signer] = key
				continue
			}
		}
		key, err := known.counting(signer)
		if err != nil {
			return nil, err
		}
		found[signer] = key
	}
	return found, nil
}

func eventFault(reason fault.Reason, index int, format string, args ...any) *fault.Error {
	made := fault.New(reason, format, args...)
	made.Message = "event " + strconv.Itoa(index) + ": " + made.Message
	return made.With("event_index", strconv.Itoa(index))
}

func joined(all []keys.Fingerprint) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.String()
	}
	return strings.Join(names, ",")
}
