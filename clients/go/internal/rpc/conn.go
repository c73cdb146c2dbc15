package rpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// Encryption says what encryption is wanted of the tunnel.
type Encryption int

// The kinds of encryption, beside 128, 192 and 256: keys of at least so many bits.
const (
	// Auto: as the server requires.
	Auto Encryption = 0
	// Plain: none.
	Plain Encryption = -1
)

// An IdentityCheck judges who a server has proven to be.
type IdentityCheck interface {
	// MustEncrypt reports whether the server has to encrypt, since it did before, or since it is known who it is.
	MustEncrypt() (bool, error)
	// Accept a server, before anything but the handshake was sent to it. rotations are not verified.
	Accept(ctx context.Context, identity *keys.Public, rotations [][]byte) error
}

// Options of a connection.
type Options struct {
	// Server is host:port.
	Server     string
	TLS        *tls.Config
	Encryption Encryption
	Check      IdentityCheck
	Dial       []grpc.DialOption
}

// windowBytes lets a fast stream go on while its acknowledgements are on their way.
const (
	windowBytes     = 1 << 20
	connWindowBytes = 4 << 20
)

// A connection in use on which nothing comes for so long is asked whether it is there, and given up when it doesn't say so in time.
const (
	keepaliveTime    = 20 * time.Second
	keepaliveTimeout = 10 * time.Second
)

// A Conn is a connection to one server, which is made at the first call, and again by itself after a loss. It is safe for concurrent use.
type Conn struct {
	server     string
	encryption Encryption
	check      IdentityCheck
	dial       []grpc.DialOption
	tls        *tlsState

	mutex      sync.Mutex
	cc         *grpc.ClientConn
	generation int
	closed     bool
	tunnel     tunnel
}

// New makes a connection; nothing is sent yet. The error is REQUEST_INVALID.
func New(options Options) (*Conn, error) {
	conn := &Conn{server: options.Server, encryption: options.Encryption, check: options.Check, tls: &tlsState{}}
	conn.tunnel.conn = conn
	secure := insecure.NewCredentials()
	if options.TLS != nil {
		config := options.TLS.Clone()
		config.MinVersion = tls.VersionTLS13
		secure = &watchedTLS{credentials.NewTLS(config), conn.tls}
	}
	conn.dial = append([]grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithInitialWindowSize(windowBytes),
		grpc.WithInitialConnWindowSize(connWindowBytes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 2, Jitter: 0.5, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 10 * time.Second,
		}),
	}, options.Dial...)
	cc, err := conn.connect()
	conn.cc = cc
	return conn, err
}

func (c *Conn) connect() (*grpc.ClientConn, error) {
	cc, err := grpc.NewClient("dns:///"+c.server, c.dial...)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "%s can't be connected to: %v", c.server, err).With("server", c.server).From(err)
	}
	return cc, nil
}

// Server is host:port.
func (c *Conn) Server() string { return c.server }

// Generation counts the connections that were given up; see Renew.
func (c *Conn) Generation() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.generation
}

// Renew gives up the connection of a generation, which may be half dead: calls of it end, and the next one makes another.
func (c *Conn) Renew(generation int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closed || generation != c.generation {
		return
	}
	if cc, err := c.connect(); err == nil {
		_ = c.cc.Close()
		c.cc = cc
		c.generation++
	}
}

// TryNow has the next call try to connect at once, and not when it is time to.
func (c *Conn) TryNow() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		c.cc.ResetConnectBackoff()
	}
}

// ProvenIdentity is the identity that the server has proven last; nil before, and without encryption.
func (c *Conn) ProvenIdentity() *keys.Public { return c.tunnel.proven() }

// AlwaysTunnels reports whether all calls from now on go through the tunnel, or fail: since that is wanted, or since the server wanted it before.
// TLS isn't it: there the server doesn't prove its identity.
func (c *Conn) AlwaysTunnels() bool {
	c.tunnel.mutex.Lock()
	defer c.tunnel.mutex.Unlock()
	return c.encryption > 0 || c.encryption == Auto && c.tunnel.hasEncrypted
}

// Close ends all calls.
func (c *Conn) Close() {
	c.mutex.Lock()
	if !c.closed {
		c.closed = true
		_ = c.cc.Close()
	}
	c.mutex.Unlock()
	c.tunnel.close()
}

var callDesc = &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}

// outer begins a call outside of the tunnel.
func (c *Conn) outer(ctx context.Context, method string) (grpc.ClientStream, error) {
	c.mutex.Lock()
	cc, closed := c.cc, c.closed
	c.mutex.Unlock()
	if closed {
		return nil, fault.New(fault.RequestInvalid, "the client is closed. Connect again").With("server", c.server)
	}
	stream, err := cc.NewStream(ctx, callDesc, method, grpc.ForceCodecV2(bytesCodec{}))
	return stream, c.errorOf(ctx, err)
}

// tlsState is what is known of the TLS below calls that failed.
type tlsState struct {
	mutex sync.Mutex
	err   error
}

// failure is why the connection that was tried last did not come to be encrypted; nil where that isn't TLS's fault.
func (s *tlsState) failure() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}

// watchedTLS tells why a handshake of TLS has failed, which gRPC tells in words only.
type watchedTLS struct {
	credentials.TransportCredentials
	state *tlsState
}

// ClientHandshake notes the outcome.
func (w *watchedTLS) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, raw)
	w.state.mutex.Lock()
	defer w.state.mutex.Unlock()
	w.state.err = nil
	if isOfTLS(err) {
		w.state.err = err
	}
	return secured, info, err
}

// Clone goes on watching.
func (w *watchedTLS) Clone() credentials.TransportCredentials {
	return &watchedTLS{w.TransportCredentials.Clone(), w.state}
}

func isOfTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &authority)
}
