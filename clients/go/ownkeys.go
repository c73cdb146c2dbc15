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
	own, err := c.memberKeys()
	if len(own) == 0 || err != nil || c.group == nil {
		return own, err
	}
	return c.group.all(ctx, own)
}

// memberKey is the user's own key, or that of the token: the default one is made where there is none.
func (c *Chain) memberKey() (*keys.Pair, error) {
	own, err := c.memberKeys()
	if err != nil {
		return nil, err
	}
	if len(own) > 0 {
		return own[0], nil
	}
	if c.client.home == "" {
		return nil, fault.New(fault.RequestInvalid, "without a home folder there are no keys by name: open the chain with a key to append to it").With("field", "key")
	}
	if name, _, err := c.keyNames(); err != nil || name != home.DefaultKey {
		if err == nil {
			err = noKey(name)
		}
		return nil, err
	}
	pair, path, err := home.CreateKey(c.client.home, home.DefaultKey)
	if err != nil {
		return nil, err
	}
	c.client.options.notice(Notice{Kind: "key-created", Message: "made the key \"default\", with the fingerprint " + pair.String() + ", in " + path + ". Keep a copy: who loses it can't write any more"})
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pairs = []*keys.Pair{pair}
	return pair, nil
}

// memberKeys are the user's own key, or that of the token, and then those that the user had before; none where it isn't there, and none was named.
func (c *Chain) memberKeys() ([]*keys.Pair, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case c.options.token != nil:
		return []*keys.Pair{c.options.token.Key}, nil
	case c.options.key != nil:
		return append([]*keys.Pair{c.options.key}, c.options.former...), nil
	case len(c.pairs) > 0 || c.client.home == "":
		return c.pairs, nil
	}
	name, former, err := c.keyNames()
	if err != nil {
		return nil, err
	}
	pair, err := home.LoadKey(c.client.home, name, c.client.options.passphrase)
	if err == nil && pair == nil && c.options.keyName != "" {
		err = noKey(name)
	}
	if err != nil || pair == nil {
		return nil, err
	}
	pairs := []*keys.Pair{pair}
	for _, name := range former {
		pair, err := home.LoadKey(c.client.home, name, c.client.options.passphrase)
		if err != nil {
			return nil, err
		}
		if pair != nil {
			pairs = append(pairs, pair)
		}
	}
	c.pairs = pairs
	return pairs, nil
}

// keyNames are the names, in the home folder, of the user's key and of those that the user had before.
func (c *Chain) keyNames() (name string, former []string, err error) {
	if c.options.keyName != "" {
		return c.options.keyName, nil, nil
	}
	login, err := home.ReadLogin(c.client.home)
	if err != nil || login == nil {
		return home.DefaultKey, nil, err
	}
	return login.Key, login.FormerKeys, nil
}

func noKey(name string) error {
	return fault.New(fault.RequestInvalid, "there is no key %q in the home folder; make one with: atedb key new %s", name, name).With("name", name)
}
