package atedb

import (
	"context"

	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/keys"
)

// OwnKey is the public part of the key that the chain is written with: of a group's chain that of the role that the member has there. The
// default key is made where there is none.
func (c *Chain) OwnKey(ctx context.Context) (*keys.Public, error) {
	pair, err := c.writingKey(ctx)
	if err != nil {
		return nil, err
	}
	return pair.Public(), nil
}

// writingKey is the key that is written with.
func (c *Chain) writingKey(ctx context.Context) (*keys.Pair, error) {
	own, err := c.memberKey()
	if err != nil || c.group == nil {
		return own, err
	}
	return c.group.key(ctx, own)
}

// authorKey is the member's own key, where another one is written with: events say whose they are by it. nil: they are the writer's.
func (c *Chain) authorKey(ctx context.Context) (*keys.Pair, error) {
	if c.group == nil || c.options.asRole {
		return nil, nil
	}
	own, err := c.memberKey()
	if err != nil {
		return nil, err
	}
	if written, err := c.writingKey(ctx); err != nil || written == own {
		return nil, err
	}
	return own, nil
}

// readingKeys are those that read keys may have been handed out to; the first opens private chains.
func (c *Chain) readingKeys(ctx context.Context) ([]*keys.Pair, error) {
	own, err := c.memberKeyIfThere()
	if own == nil || err != nil {
		return nil, err
	}
	if c.group == nil {
		return []*keys.Pair{own}, nil
	}
	return c.group.all(ctx, own)
}

// memberKey is the user's own key, or that of the token: the default one is made where there is none.
func (c *Chain) memberKey() (*keys.Pair, error) {
	pair, err := c.memberKeyIfThere()
	if pair != nil || err != nil {
		return pair, err
	}
	if c.client.home == "" {
		return nil, fault.New(fault.RequestInvalid, "without a home folder there are no keys by name: open the chain with a key to append to it").With("field", "key")
	}
	pair, path, err := home.CreateKey(c.client.home, home.DefaultKey)
	if err != nil {
		return nil, err
	}
	c.client.options.notice(Notice{Kind: "key-created", Message: "made the key \"default\", with the fingerprint " + pair.String() + ", in " + path + ". Keep a copy: who loses it can't write any more"})
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pair = pair
	return pair, nil
}

// memberKeyIfThere is the same; nil where it isn't there, and none was named.
func (c *Chain) memberKeyIfThere() (*keys.Pair, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case c.options.token != nil:
		return c.options.token.Key, nil
	case c.options.key != nil:
		return c.options.key, nil
	case c.pair != nil || c.client.home == "":
		return c.pair, nil
	}
	name := c.options.keyName
	if name == "" {
		name = home.DefaultKey
	}
	pair, err := home.LoadKey(c.client.home, name, c.client.options.passphrase)
	if err == nil && pair == nil && c.options.keyName != "" {
		return nil, fault.New(fault.RequestInvalid, "there is no key %q in the home folder; make one with: atedb key new %s", name, name).With("name", name)
	}
	c.pair = pair
	return pair, err
}
