package trust

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
	"atedb.example/go/keys"
)

// A known delegation is one that a chain knows. It was found good when a seal showed it.
type known struct {
	subject, issuer keys.Fingerprint
	serial          [event.IDBytes]byte
	// write: it is one to write by.
	write              bool
	notBefore, expires int64
}

func (k *known) countsAt(timeUnixMs int64) bool {
	return k.notBefore <= timeUnixMs && timeUnixMs < k.expires
}

// delegations are those that a chain knows: whose events count as whose. What counts is looked at for each event, by the time of its commit.
type delegations struct {
	count int
	// of each subject, in the order in which they came. Slices are replaced, never changed.
	of map[keys.Fingerprint][]*known
}

func newDelegations() *delegations { return &delegations{of: map[keys.Fingerprint][]*known{}} }

func (d *delegations) clone() *delegations { return &delegations{d.count, maps.Clone(d.of)} }

// learn knows a path. Those that have expired by the time make room, and those by or to a key that counts no more: whoever filled a chain with
// delegations can so be ended. The error is TOO_MANY_DELEGATIONS.
func (d *delegations) learn(path []*event.Delegation, timeUnixMs int64, ring *ring, u *undo) error {
	for _, one := range path {
		is := &known{one.Subject.Fingerprint(), one.Issuer, [event.IDBytes]byte(one.Serial), one.MayWrite, one.NotBeforeUnixMs, one.ExpiresUnixMs}
		before := d.of[is.subject]
		if slices.ContainsFunc(before, func(other *known) bool { return other.issuer == is.issuer && other.serial == is.serial }) {
			continue
		}
		if d.count >= limits.ChainDelegations {
			if err := d.makeRoom(timeUnixMs, ring, u); err != nil {
				return err
			}
			before = d.of[is.subject]
		}
		set(&d.count, d.count+1, u)
		setEntry(d.of, is.subject, append(slices.Clone(before), is), u)
	}
	return nil
}

func (d *delegations) makeRoom(timeUnixMs int64, ring *ring, u *undo) error {
	for subject, all := range maps.Clone(d.of) {
		left := slices.DeleteFunc(slices.Clone(all), func(one *known) bool {
			return one.expires <= timeUnixMs || ring.isChanged(one.subject) || ring.isChanged(one.issuer)
		})
		if len(left) == len(all) {
			continue
		}
		set(&d.count, d.count-(len(all)-len(left)), u)
		if len(left) > 0 {
			setEntry(d.of, subject, left, u)
		} else {
			deleteEntry(d.of, subject, u)
		}
	}
	if d.count < limits.ChainDelegations {
		return nil
	}
	return fault.New(fault.TooManyDelegations, "the chain knows %d delegations that haven't expired or ended, which is the limit; end the key that has given many of them, wait until some expire, or write with a key that its rules name", limits.ChainDelegations).
		With("limit_delegations", strconv.Itoa(limits.ChainDelegations))
}

// standsFor are the keys that events of another one count as, by delegations to it that count: that key's issuers, and theirs.
func (d *delegations) standsFor(actor keys.Fingerprint, timeUnixMs int64, ring *ring) []keys.Fingerprint {
	return d.issuersOf(actor, func(one *known) bool {
		return one.write && one.countsAt(timeUnixMs) && !ring.isChanged(one.issuer)
	})
}

// givenBy are the keys that have delegated to another one, themselves or by others, whether or not that counts.
func (d *delegations) givenBy(subject keys.Fingerprint) []keys.Fingerprint {
	return d.issuersOf(subject, func(*known) bool { return true })
}

func (d *delegations) issuersOf(actor keys.Fingerprint, counts func(*known) bool) []keys.Fingerprint {
	if d.count == 0 {
		return nil
	}
	var found []keys.Fingerprint
	reached := []keys.Fingerprint{actor}
	// Paths may meet and lead in a circle: each key is passed once, by its shortest path.
	for steps := 0; steps < limits.Delegations && len(reached) > 0; steps++ {
		var next []keys.Fingerprint
		for _, subject := range reached {
			for _, one := range d.of[subject] {
				if counts(one) && one.issuer != actor && !contains(found, one.issuer) {
					found, next = append(found, one.issuer), append(next, one.issuer)
				}
			}
		}
		reached = next
	}
	return found
}

// lateFor is what an event is refused with that would be allowed if a delegation counted at its time; nil: there is another reason.
func (d *delegations) lateFor(does *act, allows func([]keys.Fingerprint) bool) error {
	if d.count == 0 || !does.delegable {
		return nil
	}
	var subjects []keys.Fingerprint
	for _, actor := range does.actors {
		subjects = append(append(subjects, actor), d.givenBy(actor)...)
	}
	if !allows(subjects) {
		return nil
	}
	for _, subject := range subjects {
		for _, one := range d.of[subject] {
			if one.write && !one.countsAt(does.timeUnixMs) {
				return one.late(does)
			}
		}
	}
	return nil
}

func (k *known) late(does *act) error {
	serial := hex.EncodeToString(k.serial[:])
	when := "has expired at " + instant(k.expires)
	if does.timeUnixMs < k.notBefore {
		when = "counts from " + instant(k.notBefore) + " on only"
	}
	return does.about(eventFault(fault.DelegationExpired, does.index, "the delegation %s %s, and the server's clock is at %s. Ask its issuer, %s, for another", serial, when, instant(does.timeUnixMs), k.issuer)).
		With("serial", serial).With("issuer", k.issuer.String()).With("fingerprint", k.subject.String())
}
