package trust

import (
	"slices"
	"strconv"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// An Owner is what the auth service of a chain has said last of whose the chain is, but for the roots and writers that it named.
type Owner struct {
	// Name is name@domain, or a group.
	Name string
	// Identity of the auth service now.
	Identity *keys.Public
	Version  uint64
	// ExpiresUnixMs: from then on it counts no more. Milliseconds since 1970-01-01 UTC.
	IssuedUnixMs, ExpiresUnixMs int64
	// Admitted may open the chain, if it is private, besides.
	Admitted []keys.Fingerprint
	// Unverified: nobody has checked that the name is theirs. Removed: the account was.
	Unverified, Removed bool
}

// ownership says who keeps a chain, and who says whose it is: it is changed by what the server adds, and by nothing else.
type ownership struct {
	// server is the identity of the server now; nil in distributed chains.
	server *keys.Public
	// owner is nil in chains without an auth service. It is never changed, but replaced.
	owner *Owner
}

func newOwnership(genesis *event.Genesis) *ownership {
	is := &ownership{server: genesis.ServerIdentity}
	if genesis.Answer != nil {
		is.owner = ownerIn(genesis.Answer, genesis.Answer.Identity)
	}
	return is
}

func ownerIn(answer *event.AuthAnswer, identity *keys.Public) *Owner {
	return &Owner{answer.Owner.Text, identity, answer.Version, answer.IssuedUnixMs, answer.ExpiresUnixMs, answer.Admitted, answer.Unverified, answer.Removed}
}

func (o *ownership) admits(key keys.Fingerprint) bool {
	return o.owner != nil && contains(o.owner.Admitted, key)
}

// checkTakes refuses whatever isn't the server's own, where nobody says any more whose keys count. The error is OWNER_REMOVED or
// AUTH_ANSWER_EXPIRED.
func (o *ownership) checkTakes(timeUnixMs int64) error {
	switch is := o.owner; {
	case is == nil:
		return nil
	case is.Removed:
		return fault.New(fault.OwnerRemoved, "the account %s was removed, so its chains take nothing any more. They can be read", is.Name).With("owner", is.Name)
	case timeUnixMs >= is.ExpiresUnixMs:
		return fault.New(fault.AuthAnswerExpired, "what the auth service has said of %s counts since %s no more, so the chain takes nothing until it can be asked again. It can be read. Try again later, or have the auth service looked after",
			is.Name, instant(is.ExpiresUnixMs)).With("owner", is.Name).With("expired_unix_ms", strconv.FormatInt(is.ExpiresUnixMs, 10))
	}
	return nil
}

func instant(unixMs int64) string { return time.UnixMilli(unixMs).UTC().Format(time.RFC3339Nano) }

// decide has the state after a batch of the server's own; that it is the server's was found by serverOf. The error is AUTH_ANSWER_INVALID or
// BATCH_INVALID, and names the event.
func (o *ownership) decide(batch *event.Batch, timeUnixMs int64, ring *ring, u *undo) error {
	for i := range batch.Events {
		if batch.Events[i].Kind == event.KindServerIdentity {
			rotation, err := batch.Rotation(i)
			if err != nil {
				return err
			}
			if err := o.rotate(i, rotation, u); err != nil {
				return err
			}
			continue
		}
		answer, err := batch.Answer(i)
		if err != nil {
			return err
		}
		if err := o.answer(i, answer, timeUnixMs, ring, u); err != nil {
			return err
		}
	}
	return nil
}

// rotate: an identity is followed by another one: the server's, the auth service's, or both where that is in the server.
func (o *ownership) rotate(index int, rotation *event.Rotation, u *undo) error {
	old := rotation.Old.Fingerprint()
	isServers := o.server != nil && o.server.Fingerprint() == old
	isServices := o.owner != nil && o.owner.Identity.Fingerprint() == old
	if !isServers && !isServices {
		return eventFault(fault.BatchInvalid, index, "the identity %s is followed by another one, and is neither the server's nor its auth service's now", old).
			With("fingerprint", old.String())
	}
	if isServers {
		set(&o.server, rotation.New, u)
	}
	if isServices {
		next := *o.owner
		next.Identity = rotation.New
		set(&o.owner, &next, u)
	}
	return nil
}

func (o *ownership) answer(index int, answer *event.AuthAnswer, timeUnixMs int64, ring *ring, u *undo) error {
	before := o.owner
	if before == nil {
		return badAnswer(index, "the chain has no auth service")
	}
	if err := checkFollows(index, answer, before); err != nil {
		return err
	}
	if answer.Version == before.Version && !isSameAnswer(answer, before, ring) {
		return badAnswer(index, "it says something else of "+before.Name+" than the chain has under the same version "+strconv.FormatUint(answer.Version, 10)+": that is another account of this name")
	}
	if answer.ExpiresUnixMs <= timeUnixMs {
		return badAnswer(index, "it counts no more since "+instant(answer.ExpiresUnixMs))
	}
	set(&o.owner, ownerIn(answer, before.Identity), u)
	ring.setOwners(answer.Roots, answer.Writers, u)
	for _, one := range answer.Changed {
		ring.follow(one.Fingerprint, one.Successor, u)
	}
	return nil
}

// checkFollows refuses an answer that isn't the next one of a chain. The error is AUTH_ANSWER_INVALID.
func checkFollows(index int, answer *event.AuthAnswer, before *Owner) error {
	switch {
	case answer.Owner.Text != before.Name:
		return badAnswer(index, "it is about "+answer.Owner.Text+", and the chain is "+before.Name+"'s")
	case answer.Identity.Fingerprint() != before.Identity.Fingerprint():
		return badAnswer(index, "it is signed by "+answer.Identity.String()+", and the auth service is "+before.Identity.String())
	case answer.Version > before.Version || answer.Version == before.Version && answer.ExpiresUnixMs > before.ExpiresUnixMs:
		return nil
	}
	return badAnswer(index, "it is no newer than the one that the chain has, of version "+strconv.FormatUint(before.Version, 10)+" until "+instant(before.ExpiresUnixMs))
}

// isSameAnswer reports whether an answer says what the one of the same version before it has said. Versions count all changes of an account,
// so one that says something else is about another account of the same name: the service has lost the first one.
func isSameAnswer(answer *event.AuthAnswer, before *Owner, ring *ring) bool {
	roots, writers := names(answer.Roots), names(answer.Writers)
	return slices.Equal(roots, ring.sortedRoots()) && slices.Equal(writers, ring.sortedWriters()) && slices.Equal(answer.Admitted, before.Admitted) &&
		len(answer.Changed) == 0 && answer.Unverified == before.Unverified && answer.Removed == before.Removed
}

func names(all []*keys.Public) []keys.Fingerprint {
	var named []keys.Fingerprint
	for _, one := range all {
		named = append(named, one.Fingerprint())
	}
	return named
}

func badAnswer(index int, why string) error {
	return eventFault(fault.AuthAnswerInvalid, index, "the answer of the auth service can't be taken: %s", why)
}
