package wire

import (
	"crypto/rand"
	"sync"
	"time"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// Terms say how long a session lasts.
type Terms struct {
	// LifetimeMs after the handshake, IdleMs after its last frame; BytesMax of frames, both ways together.
	LifetimeMs, IdleMs, BytesMax uint64
}

// How much of what a session may have is used when it should be renewed, and when it must be.
const (
	dueShare    = 0.75
	usableShare = 0.95
)

// A Session, as its client sees it: any number of calls at once, on any connections. It is safe for concurrent use.
type Session struct {
	// Identity of the server, as it has proven it.
	Identity *keys.Public
	id       []byte
	keyBits  int
	terms    Terms

	mutex    sync.Mutex
	secrets  *secrets
	created  time.Time
	used     time.Time
	bytes    uint64
	nextCall uint64
}

func newSession(id []byte, keyBits int, identity *serverIdentity, made *secrets, now time.Time) *Session {
	return &Session{Identity: identity.key, id: id, keyBits: keyBits, terms: identity.terms, secrets: made, created: now, used: now}
}

// Exporter is what proofs of keys within this session are tied to.
func (s *Session) Exporter() []byte { return s.secrets.exporter }

// KeyBits is the size of its keys.
func (s *Session) KeyBits() int { return s.keyBits }

// Usable reports whether calls can be opened in it: it has not ended, and won't before the call has reached the server.
func (s *Session) Usable(now time.Time) bool { return s.share(now) < usableShare }

// Due reports whether it should be replaced by a new one.
func (s *Session) Due(now time.Time) bool { return s.share(now) >= dueShare }

// share is how much is used of what it may have least of.
func (s *Session) share(now time.Time) float64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.shareLocked(now)
}

func (s *Session) shareLocked(now time.Time) float64 {
	if s.secrets.clientRoot == nil {
		return 1
	}
	return max(
		float64(now.Sub(s.created).Milliseconds())/float64(s.terms.LifetimeMs),
		float64(now.Sub(s.used).Milliseconds())/float64(s.terms.IdleMs),
		float64(s.bytes)/float64(s.terms.BytesMax))
}

func (s *Session) count(bytes int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.bytes += uint64(bytes)
	s.used = time.Now()
}

// End forgets the keys: no call can be opened from here on. Calls that are open have their own.
func (s *Session) End() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.secrets.clientRoot)
	clear(s.secrets.serverRoot)
	s.secrets.clientRoot, s.secrets.serverRoot = nil, nil
}

// Open begins a call. The error is WIRE_SESSION_UNKNOWN where the session is not usable any more.
func (s *Session) Open(now time.Time) (*Call, error) {
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.shareLocked(now) >= usableShare {
		return nil, fault.New(fault.WireSessionUnknown, "the session of the tunnel has ended: it is too old, was idle for too long, or has carried as much as it may. Make a new one")
	}
	number := s.nextCall
	s.nextCall++
	s.used = now
	return newCall(s, number, random), nil
}

func newCall(s *Session, number uint64, random []byte) *Call {
	opening := new(strict.Writer).Bytes(1, s.id).Varint(2, number).Bytes(3, random).Finish()
	return &Call{
		count: s.count, opening: opening, random: random, number: number, session: s,
		sending: newDirection(s.id, number, fromClient, s.keyBits, callSecret(s.secrets.clientRoot, number, random)),
		// Made now, since the session may end before the server's first frame comes; the server's random bytes are mixed in then.
		serverRoot: append([]byte(nil), s.secrets.serverRoot...),
	}
}

// A Call seals what the client sends, and opens what it is answered. Sealing is for one goroutine, and opening for one.
type Call struct {
	count      func(int)
	session    *Session
	opening    []byte
	random     []byte
	number     uint64
	sending    *direction
	serverRoot []byte
	receiving  *direction
	order      order
	broken     bool
}

// order of the server's frames.
type order uint8

const (
	orderFirst order = iota
	orderHeaders
	orderMessages
	orderEnded
)

// Seal the next frame: a serialised CallRequest. First comes FrameOpen, last FrameHalfClose. The error is DATA_TOO_LARGE; nothing has
// happened then.
func (c *Call) Seal(kind byte, payload []byte) ([]byte, error) {
	if len(payload) > limits.FramePayloadBytes {
		return nil, fault.New(fault.DataTooLarge, "a message of %d bytes does not fit into a frame of the tunnel, which takes %d; send less at once", len(payload), limits.FramePayloadBytes)
	}
	sealed := c.sending.seal(nil, kind, payload)
	frame := new(strict.Writer).Raw(c.opening).Varint(4, uint64(kind)).Bytes(5, sealed).Finish()
	c.opening = nil
	c.count(len(frame))
	if kind == forms.FrameHalfClose {
		c.sending.wipe()
	}
	return frame, nil
}

// Open the next frame, a serialised CallResponse. The error is WIRE_FRAME_INVALID; the call has failed then, and nothing opens after it.
func (c *Call) Open(message []byte) (kind byte, payload []byte, err error) {
	if c.broken {
		return 0, nil, invalid("one before it was refused, or the call is over")
	}
	// Until it has opened.
	c.broken = true
	if err := strict.Check(forms.CallResponse, message); err != nil {
		return 0, nil, invalid(fault.Text(err))
	}
	var random, sealed []byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			random = cursor.Bytes()
		case 2:
			kind = byte(cursor.Value)
		case 3:
			sealed = cursor.Bytes()
		}
	}
	if (random != nil) != (c.receiving == nil) {
		return 0, nil, invalid("only the first one has random bytes, and it has to")
	}
	if c.receiving == nil {
		secret := callSecret(c.serverRoot, c.number, c.random, random)
		clear(c.serverRoot)
		c.receiving = newDirection(c.session.id, c.number, fromServer, c.session.keyBits, secret)
	}
	if c.order == orderEnded {
		return 0, nil, invalid("it comes after the one that ends the call")
	}
	payload, ok := c.receiving.open(kind, sealed)
	if !ok {
		return 0, nil, invalid("it was changed, moved or repeated, or one before it is missing")
	}
	if !c.take(kind) {
		return 0, nil, invalid("one of its type must not come now")
	}
	c.count(len(sealed))
	if c.order == orderEnded {
		c.receiving.wipe()
	}
	c.broken = c.order == orderEnded
	return kind, payload, nil
}

// take a frame of the server in its order: headers at most once and first, then messages, and last the status.
func (c *Call) take(kind byte) bool {
	switch {
	case kind == forms.FrameHeaders && c.order == orderFirst:
		c.order = orderHeaders
	case kind == forms.FrameMessage:
		c.order = orderMessages
	case kind == forms.FrameStatus:
		c.order = orderEnded
	default:
		return false
	}
	return true
}

// Ended reports whether the server has sealed how the call ended. Without it the call was cut, and its outcome is not known.
func (c *Call) Ended() bool { return c.order == orderEnded }

// Exporter is what proofs of keys within this call are tied to.
func (c *Call) Exporter() []byte { return c.session.Exporter() }

func invalid(what string) error {
	return fault.New(fault.WireFrameInvalid, "a frame of the tunnel is refused: %s. The call has ended; call again", what)
}
