package atedb

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// groupFresh: a group is asked for again when what is known of it is older than this.
const groupFresh = time.Minute

// groupKeys are the keys by which a member of a group uses its chains: that of the highest role that the member has. What the member writes with
// stays the key that the chain was opened with.
type groupKeys struct {
	chain *Chain
	mutex sync.Mutex
	// isOpen: it was asked for. opened is nil where the member has no role, or the server says nothing of groups.
	isOpen bool
	opened *Group
	// newest is as it was last heard of, at askedAt.
	newest   *Group
	askedAt  time.Time
	isAsking bool
}

// open the group as a member; nil where the server keeps no groups, or says nothing of them on this way, or the member has no role: then the
// member's own key is used.
func (g *groupKeys) open(ctx context.Context) (*Group, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.isOpen {
		return g.opened, nil
	}
	opened, err := g.ask(ctx)
	if err != nil {
		return nil, err
	}
	g.isOpen, g.opened, g.newest, g.askedAt = true, opened, opened, time.Now()
	return opened, nil
}

func (g *groupKeys) ask(ctx context.Context) (*Group, error) {
	own, err := g.chain.memberKeys()
	if err != nil || len(own) == 0 {
		return nil, err
	}
	opened, err := g.chain.client.OpenGroup(ctx, g.chain.key.Group, own[0], own[1:]...)
	for _, reason := range []fault.Reason{fault.GroupDenied, fault.Unsupported, fault.AuthLinkUnsafe, fault.WireMissing} {
		if errors.Is(err, reason) {
			g.tellElsewhere(fault.Of(err).Metadata["auth_server"])
			return nil, nil
		}
	}
	return opened, err
}

// tellElsewhere: whoever wants to write with a role's key learns why it isn't, before the chain refuses the user's own. server is the auth
// server that keeps the group, as the chain's says; empty: it says of none.
func (g *groupKeys) tellElsewhere(server string) {
	if server == "" {
		return
	}
	g.chain.client.options.notice(Notice{Kind: "group-elsewhere", Message: "who is in the group " + g.chain.key.Group + " is known to " + server + ", which was not asked: your own key is used. To act as a member, name it, WithAuthServer, or log in there (atedb login)"})
}

// key to write with.
func (g *groupKeys) key(ctx context.Context, own *keys.Pair) (*keys.Pair, error) {
	group, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	if group == nil && g.chain.options.claim && g.chain.options.forAppend {
		err := g.chain.claim(ctx, own)
		// What is opened then says what is the matter, if anything is: without an auth service whoever comes first owns the chain.
		if errors.Is(err, fault.Unsupported) || errors.Is(err, fault.ClaimNotAllowed) || errors.Is(err, fault.AuthLinkUnsafe) {
			return own, nil
		}
		if err != nil {
			return nil, err
		}
		g.mutex.Lock()
		g.isOpen = false
		g.mutex.Unlock()
		if group, err = g.open(ctx); err != nil {
			return nil, err
		}
	}
	if group != nil {
		if _, pair := group.Role(); pair != nil {
			return pair, nil
		}
	}
	return own, nil
}

// all that read keys may have been handed out to: the highest role's first, then all others, also those that roles had before.
func (g *groupKeys) all(ctx context.Context, own []*keys.Pair) ([]*keys.Pair, error) {
	group, err := g.open(ctx)
	if err != nil || group == nil {
		return own, err
	}
	var all []*keys.Pair
	if _, highest := group.Role(); highest != nil {
		all = append(all, highest)
	}
	return slices.Concat(all, slices.Collect(maps.Values(group.opened.Keys)), group.opened.Retired, own), nil
}

// current is the group as it was heard of last, for an owner or a delegate, who say who reads the group's chains; nil for others. When that is a
// minute ago, the server is asked again meanwhile, for the call after.
func (g *groupKeys) current(ctx context.Context) (*Group, error) {
	opened, err := g.open(ctx)
	if err != nil || opened == nil || !opened.opened.Owns() {
		return nil, err
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if time.Since(g.askedAt) > groupFresh && !g.isAsking {
		g.isAsking = true
		go g.refresh()
	}
	return g.newest, nil
}

// refresh what is known. Where it can't be had, what is known goes on to count, and it is asked for again later.
func (g *groupKeys) refresh() {
	newest, err := g.ask(g.chain.closed)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.isAsking, g.askedAt = false, time.Now()
	if err == nil && newest != nil {
		g.newest = newest
	}
}

// renew has a new read key handed out to the keys that the roles of the chain's group have now, where the one that there is was given to one that
// a role had before. What the roles' keys are, the group's acts say, and never the server's answers in the chain, which anybody who has the
// server could have it sign. The caller holds the turn.
func (s *sealer) renew(ctx context.Context) error {
	if s.chain.group == nil {
		return nil
	}
	group, err := s.chain.group.current(ctx)
	if err != nil || group == nil || s.renewedFor != nil && *s.renewedFor == group.Version() {
		return err
	}
	version := group.Version()
	due := func() (bool, error) {
		s.hasReached = false
		if err := s.reach(ctx); err != nil {
			return false, err
		}
		readers, err := s.chain.renewedReaders(s.chain.rules.authority(), group)
		return readers != nil, err
	}
	isDue, err := due()
	if err != nil {
		return err
	}
	if isDue {
		_, err := s.changeHolding(ctx, func(authority *trust.Authority, own *keys.Pair) (*readerChange, error) {
			readers, err := s.chain.renewedReaders(authority, group)
			if err != nil {
				return nil, err
			}
			return newReaders(s.chain.Genesis().ChainID, Object{}, append([]*keys.Public{own.Public()}, readers...))
		})
		if err != nil {
			// Somebody else may have been faster.
			if isDue, again := due(); again != nil || isDue {
				return err
			}
		}
	}
	s.renewedFor = &version
	return nil
}

// renewedReaders are who is to read a chain, where its read key was handed out to keys that roles of its group have no more: the keys that these
// have now, and all others that count; nil where nothing is to be changed.
func (c *Chain) renewedReaders(authority *trust.Authority, group *Group) ([]*keys.Public, error) {
	rule := authority.ReadRule(nil, nil, false)
	if rule == nil || rule.Kind != event.SealedWith {
		return nil, nil
	}
	holders := c.rules.holders(rule.ReadKeyID)
	if !slices.ContainsFunc(holders, func(one keys.Fingerprint) bool { return group.opened.Successor(one) != nil }) {
		return nil, nil
	}
	var staying []*keys.Public
	for _, one := range holders {
		if successor := group.opened.Successor(one); successor != nil {
			staying = append(staying, successor)
			continue
		}
		if current, counts := authority.Current(one); !counts || current != one {
			continue
		}
		key := authority.Key(one)
		if key == nil {
			return nil, fault.New(fault.KeyUnknown, "the chain doesn't know the public key %s of a reader. Set all readers instead", one).With("fingerprint", one.String())
		}
		staying = append(staying, key)
	}
	return staying, nil
}
