// Package atedb is a client of atedb, a datachain server: it opens chains, appends to them, reads and follows them. It believes nothing
// that it can verify, and remembers what it has verified.
//
//	client, err := atedb.Connect("localhost")
//	defer client.Close()
//	chain, err := client.Open(ctx, "example.com/me/diary", atedb.ForAppend())
//	defer chain.Close()
//	committed, err := chain.Append(ctx, atedb.NewEvent{Data: []byte("Dear diary")})
//	for event, err := range chain.Read(ctx, atedb.ReadOptions{From: committed.FirstSequence}) { … }
//
// Clients and chains are safe for concurrent use. Errors are *fault.Error with a stable reason, but for what ends a context: then it is the
// context's cause.
package atedb

import (
	"context"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
)

const (
	timeoutDefault   = 30 * time.Second
	reconnectDefault = time.Minute
)

// A Client is connected to one server: at the first call, and again by itself after a loss.
type Client struct {
	address event.ServerAddress
	options connectOptions
	home    string
	conn    *rpc.Conn
	hosts   *home.KnownHosts
	groups  *home.KnownGroups
	// identity judges who the server is, for all connections to it.
	identity *identityCheck
	// auth is another server that keeps accounts and groups; nil: this one does.
	auth *accountsServer

	mutex sync.Mutex
	// safe is the connection of what is sent encrypted only, where the other isn't known to be; nil before there is one.
	safe *rpc.Conn
	// whereLoggedIn keeps groups, since the server has said that it asks another one; nil: it has not.
	whereLoggedIn *accountsServer
	chains        map[*Chain]bool
}

// Connect prepares a client of a server: host, host:port (5000 unless named) or ate://host:port, and perhaps behind it
// #sha256:<fingerprint>, the identity that the server must have. Nothing is sent before the first call. The error is REQUEST_INVALID.
func Connect(server string, options ...Option) (*Client, error) {
	address, err := event.ParseServerAddress(server)
	if err != nil {
		return nil, err
	}
	client := &Client{address: address, options: connectOptions{timeout: timeoutDefault, notice: func(Notice) {}}, chains: map[*Chain]bool{}}
	for _, option := range options {
		option(&client.options)
	}
	if err := client.checkEncryption(); err != nil {
		return nil, err
	}
	if client.home = client.options.home; !client.options.hasHome {
		if client.home, err = home.Default(); err != nil {
			return nil, err
		}
	}
	client.hosts = home.NewKnownHosts(client.home)
	client.groups = home.NewKnownGroups(client.home, address.Server)
	if client.auth, err = client.authServer(client.options.auth); err != nil {
		return nil, err
	}
	client.identity = &identityCheck{client: client, address: address}
	client.conn, err = rpc.New(rpc.Options{Server: address.Server, TLS: client.options.tls, Encryption: client.options.encryption,
		Check: client.identity, Dial: client.options.dial})
	return client, err
}

func (c *Client) checkEncryption() error {
	switch c.options.encryption {
	case Auto, Bits128, Bits192, Bits256:
		return nil
	case Plain:
		if c.address.Pinned == nil {
			return nil
		}
		return fault.New(fault.RequestInvalid, "the address of %s names the identity that it must have, which only an encrypted connection proves, and this one is to be without. Leave one out", c.address.Server).
			With("field", "encryption").With("server", c.address.Server)
	default:
		return fault.New(fault.RequestInvalid, "encryption is %d; it is Auto, Plain, Bits128, Bits192 or Bits256", c.options.encryption).With("field", "encryption")
	}
}

// Server is host:port.
func (c *Client) Server() string { return c.address.Server }

// Conn is the connection for generated stubs of the schema: their calls go through the tunnel, too. What they answer is the server's word.
func (c *Client) Conn() grpc.ClientConnInterface { return rpc.ClientConn{Conn: c.conn} }

// Describe a chain for people: the server's words, not verified.
func (c *Client) Describe(ctx context.Context, chain string) (*atedbv1.DescribeChainResponse, error) {
	key, err := c.chainKey(chain)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	described := &atedbv1.DescribeChainResponse{}
	return described, c.unary(ctx, atedbv1.ChainService_DescribeChain_FullMethodName, &atedbv1.DescribeChainRequest{ChainKey: key.Text}, described)
}

// Open a chain, by its key or its whole address, and verify what the server says of it: the genesis; that it is the chain that was met
// before; that its head extends the newest one that was verified; the server's signature of the head.
//
// The error is CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH or TRUST_MODE_MISMATCH where it isn't what is expected; HEAD_CONFLICT where its history
// was changed or lost; SERVER_IDENTITY_MISMATCH; VERIFICATION_FAILED; CONNECTION_FAILED and others of the call.
func (c *Client) Open(ctx context.Context, chain string, options ...OpenOption) (*Chain, error) {
	key, err := c.chainKey(chain)
	if err != nil {
		return nil, err
	}
	opened := newChain(c, key, options)
	if err := opened.options.check(); err != nil {
		opened.shut()
		return nil, err
	}
	if _, err := opened.open(ctx, openCall{forAppend: opened.options.forAppend}); err != nil {
		opened.shut()
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.chains[opened] = true
	return opened, nil
}

// Close closes its chains, which waits for their appends, and the connection.
func (c *Client) Close() error {
	c.mutex.Lock()
	var open []*Chain
	for chain := range c.chains {
		open = append(open, chain)
	}
	c.mutex.Unlock()
	var failed error
	for _, chain := range open {
		if err := chain.Close(); err != nil && failed == nil {
			failed = err
		}
	}
	c.mutex.Lock()
	safe, whereLoggedIn := c.safe, c.whereLoggedIn
	c.mutex.Unlock()
	if safe != nil {
		safe.Close()
	}
	if whereLoggedIn != nil {
		whereLoggedIn.conn.Close()
	}
	if c.auth != nil {
		c.auth.conn.Close()
	}
	c.conn.Close()
	return failed
}

// AcceptIdentity takes a key for the server's identity, whatever it was known by.
func (c *Client) AcceptIdentity(fingerprint keys.Fingerprint) error {
	return c.hosts.Accept(c.address.Server, fingerprint)
}

// ForgetIdentity forgets the server: it is met for the first time again.
func (c *Client) ForgetIdentity() error { return c.hosts.Forget(c.address.Server) }

func (c *Client) chainKey(chain string) (event.ChainKey, error) {
	if !strings.Contains(chain, "://") {
		return event.ParseChainKey(chain)
	}
	address, err := event.ParseChainAddress(chain)
	if err != nil {
		return event.ChainKey{}, err
	}
	// A fingerprint that comes too late is refused, and not passed over.
	isPinned := address.Pinned == nil || c.address.Pinned != nil && *address.Pinned == *c.address.Pinned
	if address.Server != c.address.Server || !isPinned {
		return event.ChainKey{}, fault.New(fault.RequestInvalid, "%s is a chain of another server, or names another identity, than this client is connected with: %s. Connect to that one", chain, c.address.Server).
			With("field", "address").With("address", chain)
	}
	return address.ChainKey, nil
}

func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.options.timeout)
}
