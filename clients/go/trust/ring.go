// Package trust has the rules by which a chain takes an event, or refuses it, and verifies replays by them: docs/trust.md. It is pure:
// no clock, no disk, no network.
package trust

import (
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
	// changed are keys that count no more, with those that count in their place; nil for none.
	changed map[keys.Fingerprint]*keys.Fingerprint
}

func newRing(roots []*keys.Public) *ring {
	r := &ring{map[keys.Fingerprint]*keys.Public{}, map[keys.Fingerprint]bool{}, map[keys.Fingerprint]*keys.Fingerprint{}}
	for _, root := range roots {
		r.keys[root.Fingerprint()] = root
		r.roots[root.Fingerprint()] = true
	}
	return r
}

func (r *ring) clone() *ring {
	copied := &ring{make(map[keys.Fingerprint]*keys.Public, len(r.keys)), r.roots, make(map[keys.Fingerprint]*keys.Fingerprint, len(r.changed))}
	for name, key := range r.keys {
		copied.keys[name] = key
	}
	for name, current := range r.changed {
		copied.changed[name] = current
	}
	return copied
}

func (r *ring) sortedRoots() []keys.Fingerprint {
	var all []keys.Fingerprint
	for root := range r.roots {
		all = append(all, root)
	}
	return event.SortFingerprints(all)
}

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
	next := map[keys.Fingerprint]bool{}
	for _, root := range roots {
		if err := r.add(root, u); err != nil {
			return err
		}
		next[root.Fingerprint()] = true
	}
	before := r.roots
	r.roots = next
	u.push(func() { r.roots = before })
	return nil
}

// change has a key count no more, and its successor, if there is one, wherever it is named.
func (r *ring) change(name keys.Fingerprint, successor *keys.Fingerprint, u *undo) {
	for _, one := range r.namesOf(name) {
		setEntry(r.changed, one, successor, u)
	}
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
	return nil, fault.New(fault.KeyUnknown, "the chain doesn't know the public key %s. Show it in an event of the batch that it signs", name).
		With("fingerprint", name.String())
}

// signersOf are the keys that a batch is from: its writer's, and those that its events name as signers and authors; sorted, once each.
// They sign it, all of them, or are proven on its stream. The error is BATCH_INVALID where they are too many, or an event names the
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
