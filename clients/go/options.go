package atedb

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
)

// Encryption says what encryption is wanted of the server's tunnel.
type Encryption = rpc.Encryption

// The kinds of encryption.
const (
	// Auto does as the server requires, the default. Who is on the way can keep it from encryption at a server that is met for the first
	// time, whose address names no identity; nothing else does.
	Auto = rpc.Auto
	// Plain insists on none, which a server that requires it refuses.
	Plain = rpc.Plain
	// Bits128, Bits192 and Bits256 insist on keys of at least so many bits.
	Bits128 Encryption = 128
	Bits192 Encryption = 192
	Bits256 Encryption = 256
)

// A Notice is worth a line in a log: a server or a chain that was met for the first time, a key that was made.
type Notice struct {
	// Kind is one of server-met, server-rotated, server-not-remembered, key-created, name-claimed, group-elsewhere, chain-created, new-writer,
	// reconnecting and not-saved.
	Kind string
	// Message is for people.
	Message string
	// Cause of what went wrong; nil for nothing.
	Cause error
}

type connectOptions struct {
	home       string
	hasHome    bool
	tls        *tls.Config
	encryption Encryption
	lookUp     func(ctx context.Context, server string) ([]keys.Fingerprint, error)
	passphrase func() (string, error)
	notice     func(Notice)
	timeout    time.Duration
	dial       []grpc.DialOption
	auth       string
	authTLS    *tls.Config
}

// An Option says how to connect.
type Option func(*connectOptions)

// WithHome keeps keys, and what is remembered of servers and chains, in a folder. Default: ATE_HOME, else ~/.ate.
func WithHome(folder string) Option {
	return func(o *connectOptions) { o.home, o.hasHome = folder, true }
}

// WithoutHome reads and keeps nothing, so that every server and chain is met for the first time.
func WithoutHome() Option { return WithHome("") }

// WithTLS speaks TLS 1.3: with the zero configuration to a server whose certificate an authority that this machine trusts has signed.
func WithTLS(config *tls.Config) Option {
	return func(o *connectOptions) { o.tls = config }
}

// WithEncryption says whether calls go through the server's encrypted tunnel. Default: Auto.
func WithEncryption(encryption Encryption) Option {
	return func(o *connectOptions) { o.encryption = encryption }
}

// WithIdentityLookUp looks up, by a way that can be trusted, which identity keys a server has: as a TXT record that DNSSEC validates. It
// is asked only of a server that is met for the first time, and whose address names no fingerprint. No fingerprints and no error: it is
// certain that there are none. An error: nothing is sent.
func WithIdentityLookUp(lookUp func(ctx context.Context, server string) ([]keys.Fingerprint, error)) Option {
	return func(o *connectOptions) { o.lookUp = lookUp }
}

// WithPassphrase is asked for the passphrase of a key that is sealed with one.
func WithPassphrase(ask func() (string, error)) Option {
	return func(o *connectOptions) { o.passphrase = ask }
}

// WithNotices is told what is worth a line in a log. It must not block.
func WithNotices(tell func(Notice)) Option {
	return func(o *connectOptions) { o.notice = tell }
}

// WithTimeout is the deadline of calls with one answer, where the context has none. Default: 30 seconds.
func WithTimeout(timeout time.Duration) Option {
	return func(o *connectOptions) { o.timeout = timeout }
}

// WithAuthServer asks another server for accounts and groups: the auth server that the server of the chains asks who owns them, as
// auth.example.com or ate://auth.example.com:5001#sha256:…, on port 5001 unless named. It is spoken to through the encrypted tunnel; within TLS,
// where there is a configuration, else nil. Default: the server itself.
func WithAuthServer(address string, secure *tls.Config) Option {
	return func(o *connectOptions) { o.auth, o.authTLS = address, secure }
}

// WithDialOptions are handed to gRPC, behind the client's own: for interceptors, proxies, and credentials of calls.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(o *connectOptions) { o.dial = append(o.dial, options...) }
}

type openOptions struct {
	key          *keys.Pair
	former       []*keys.Pair
	keyName      string
	forAppend    bool
	chainID      *event.Hash
	trustMode    event.TrustMode
	confidential bool
	private      bool
	pad          bool
	checkRules   *bool
	signBatches  bool
	reconnect    time.Duration
	asNewWriter  bool
	token        *event.Token
	claim        bool
	asRole       bool
}

// An OpenOption says how to open a chain.
type OpenOption func(*openOptions)

// WithKey writes, and opens what is sealed and private, with a key. Those that its owner had before open what was sealed for them.
func WithKey(key *keys.Pair, former ...*keys.Pair) OpenOption {
	return func(o *openOptions) { o.key, o.former = key, former }
}

// WithKeyNamed does so with a key of the home folder. Default: that of whoever is logged in there (atedb login), with the keys that they had
// before, else the one named default, which the first append makes where there is none.
func WithKeyNamed(name string) OpenOption { return func(o *openOptions) { o.keyName = name } }

// WithToken acts by a token, instead of a key: what is written counts as its issuer's, in the chains and for the time that it is for. It writes
// data and removes objects; it changes no rules and makes no chain. event.ParseToken reads one, LoadToken one in a file.
func WithToken(token *event.Token) OpenOption { return func(o *openOptions) { o.token = token } }

// Claim the name of the chain's owner for the key, if nobody has it: with ForAppend, on the server's own machine, at a server with an auth
// service of its own that sends no mail. Nobody has checked then whose the name is.
func Claim() OpenOption { return func(o *openOptions) { o.claim = true } }

// AsRole: what is written with the key of a group's role doesn't name the member's own key as its author.
func AsRole() OpenOption { return func(o *openOptions) { o.asRole = true } }

// ForAppend: a chain that isn't there is fine; the first append creates it.
func ForAppend() OpenOption { return func(o *openOptions) { o.forAppend = true } }

// WithChainID pins the id that the chain must have.
func WithChainID(id event.Hash) OpenOption { return func(o *openOptions) { o.chainID = &id } }

// WithTrustMode is the mode that the chain must have.
func WithTrustMode(mode event.TrustMode) OpenOption {
	return func(o *openOptions) { o.trustMode = mode }
}

// Confidential: the chain, if the first append or SetReaders makes it, seals its data for good; one that is there and doesn't is refused
// with READ_RULE_MISMATCH.
func Confidential() OpenOption { return func(o *openOptions) { o.confidential = true } }

// Private: the chain, if the first append or SetReaders makes it, is private for good; one that is there and isn't is refused with
// CHAIN_NOT_PRIVATE.
func Private() OpenOption { return func(o *openOptions) { o.private = true } }

// Padded hides the size of sealed data, by padding it by at most 12 %.
func Padded() OpenOption { return func(o *openOptions) { o.pad = true } }

// CheckRules says whether all that is read must be allowed by what came before, which is then read and verified first, once. Default: in
// distributed and in confidential chains. Without it the server is believed that who wrote had the right to; signatures, hashes and
// order are verified as ever.
func CheckRules(check bool) OpenOption { return func(o *openOptions) { o.checkRules = &check } }

// SignBatches signs every batch, also in a centralized chain, where otherwise the key is proven once a stream, so that the server alone
// vouches for batches.
func SignBatches() OpenOption { return func(o *openOptions) { o.signBatches = true } }

// ReconnectFor is how long appends and waits for locks go on without the server. Default: a minute.
func ReconnectFor(duration time.Duration) OpenOption {
	return func(o *openOptions) { o.reconnect = duration }
}

// AsNewWriter writes as a new writer that is remembered nowhere. Each new one is kept by the chain for ever.
func AsNewWriter() OpenOption { return func(o *openOptions) { o.asNewWriter = true } }

// check refuses options that contradict each other.
func (o *openOptions) check() error {
	if o.token == nil {
		return nil
	}
	if o.key != nil || o.keyName != "" {
		return fault.New(fault.RequestInvalid, "a key and a token exclude each other: a token has a key of its own").With("field", "token")
	}
	return nil
}

// right is what the key has by delegations; nil: it has its right from rules that name it.
func (o *openOptions) right() *event.Right {
	if o.token == nil {
		return nil
	}
	return &o.token.Right
}
