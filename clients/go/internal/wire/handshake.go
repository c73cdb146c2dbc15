package wire

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// Sizes of keys, in bits, that a client may ask for.
const (
	Bits128 = 128
	Bits192 = 192
	Bits256 = 256
)

// kemFor is the number of the KEM that is as strong as keys of a size; 0 for a size that is none.
func kemFor(keyBits int) uint32 {
	switch keyBits {
	case Bits128, Bits192:
		return crypt.KEMMLKEM768X25519
	case Bits256:
		return crypt.KEMMLKEM1024P384
	default:
		return 0
	}
}

// A Handshake, as its client sees it. For one use.
type Handshake struct {
	// Hello is a serialised ClientHello, to be sent.
	Hello   []byte
	keyBits int
	shares  map[uint32]*crypt.KEMKey
}

// NewHandshake begins one. keyBits is the smallest size of keys that the client takes; sharesUpTo the largest one that a share is sent
// for. random is the source of random bytes, which are read in the order of the hello; nil for the system's.
func NewHandshake(keyBits, sharesUpTo int, random func(int) []byte) (*Handshake, error) {
	if random == nil {
		random = func(count int) []byte {
			made := make([]byte, count)
			_, _ = rand.Read(made)
			return made
		}
	}
	var offered []uint32
	for _, size := range []int{Bits128, Bits192, Bits256} {
		if size == keyBits || size > keyBits && size <= sharesUpTo {
			offered = append(offered, kemFor(size))
		}
	}
	slices.Sort(offered)
	offered = slices.Compact(offered)
	hello := new(strict.Writer).Fixed32(1, forms.MagicClientHello).Bytes(2, random(32)).Varint(3, uint64(keyBits))
	handshake := &Handshake{keyBits: keyBits, shares: map[uint32]*crypt.KEMKey{}}
	for _, number := range offered {
		seed := random(crypt.KEMSeedBytes)
		key, err := crypt.NewKEMKey(crypt.KEMOf(number), seed)
		clear(seed)
		if err != nil {
			return nil, err
		}
		handshake.shares[number] = key
		hello.Message(4, new(strict.Writer).Varint(1, uint64(number)).Bytes(2, key.PublicKey()).Finish())
	}
	handshake.Hello = hello.Finish()
	return handshake, nil
}

// Finished is what a server has proven, and the session that comes of it.
type Finished struct {
	// Identity of the server. Who it should be is for the caller to say, before it sends Message.
	Identity *keys.Public
	// Rotations by which identity keys before it have passed on to it, oldest first: not looked into here.
	Rotations [][]byte
	// Message is a serialised ClientFinished, to be sent.
	Message []byte
	// Session to be used once the server has answered that.
	Session *Session
}

type parameters struct {
	keyBits                               int
	kem                                   uint32
	sessionID, encapsulated, sealedSecret []byte
}

type proof struct{ identity, signature, finished []byte }

type serverIdentity struct {
	key       *keys.Public
	rotations [][]byte
	terms     Terms
}

// Finish takes the server's hello: it is for this hello of ours, from the owner of the identity key that it names, and nothing of both was
// changed on the way. The error is WIRE_HANDSHAKE_FAILED; nothing may be sent to such a server.
func (h *Handshake) Finish(serverHello []byte, now time.Time) (*Finished, error) {
	shares := h.shares
	// What was made for this handshake is forgotten with it: so old sessions stay closed to who takes over this machine.
	h.shares = nil
	finished, err := h.finish(shares, serverHello, now)
	if f := fault.Of(err); f != nil && f.Reason != fault.WireHandshakeFailed {
		return nil, failed(f.Message)
	}
	return finished, err
}

func (h *Handshake) finish(shares map[uint32]*crypt.KEMKey, serverHello []byte, now time.Time) (*Finished, error) {
	if err := strict.Check(forms.ServerHello, serverHello); err != nil {
		return nil, err
	}
	hello := fieldsOf(serverHello)
	said, err := parseParameters(hello[1])
	if err != nil {
		return nil, err
	}
	// A size that is weaker than ours, or than its KEM, is never taken, whoever has made it so.
	if said.keyBits < h.keyBits || kemFor(said.keyBits) == 0 {
		return nil, failed("the server has chosen keys of another size than was asked for")
	}
	share := shares[said.kem]
	if said.kem != kemFor(said.keyBits) || share == nil {
		return nil, failed("the server has chosen a KEM that does not fit")
	}
	t1 := crypt.Tagged(tagClientHello, h.Hello)
	t2 := crypt.Tagged(tagParameters, t1[:], hello[1])
	secret, ok := share.HPKEOpen(crypt.Info(infoSecret, t1[:]), nil, append(bytes.Clone(said.encapsulated), said.sealedSecret...))
	if !ok {
		return nil, failed("the server's secret does not open")
	}
	made := newHandshakeKeys(secret, t2, said.keyBits)
	defer clear(made.secret)
	is, identity, transcript, err := openProof(made, t2, hello[2])
	if err != nil {
		return nil, err
	}
	t5 := crypt.Tagged(tagFinished, transcript[:], is.finished)
	message := new(strict.Writer).Fixed32(1, forms.MagicClientFinished).Bytes(2, made.finished(infoClientFinished, t5)).Finish()
	session := newSession(said.sessionID, said.keyBits, identity, made.secrets(t5), now)
	return &Finished{identity.key, identity.rotations, message, session}, nil
}

// openProof opens and verifies the server's proof. It returns the transcript up to its signature.
func openProof(made *handshakeKeys, t2 crypt32, sealed []byte) (*proof, *serverIdentity, crypt32, error) {
	key := made.proofKey()
	defer clear(key)
	opened, err := crypt.GCM(key).Open(nil, make([]byte, 12), sealed, t2[:])
	if err != nil {
		return nil, nil, crypt32{}, failed("the server's proof does not open")
	}
	if err := strict.Check(forms.ServerProof, opened); err != nil {
		return nil, nil, crypt32{}, err
	}
	parts := fieldsOf(opened)
	is := &proof{parts[2], parts[3], parts[4]}
	identity, err := parseIdentity(is.identity)
	if err != nil {
		return nil, nil, crypt32{}, err
	}
	t3 := crypt.Tagged(tagIdentity, t2[:], is.identity)
	signature, err := event.ParseSignature(is.signature)
	if err != nil {
		return nil, nil, crypt32{}, err
	}
	if !signature.By(identity.key, crypt.ContextWire, t3[:]) {
		return nil, nil, crypt32{}, failed("the signature of the server's identity key does not verify")
	}
	t4 := crypt.Tagged(tagSignature, t3[:], is.signature)
	if !crypt.Equal(made.finished(infoServerFinished, t4), is.finished) {
		return nil, nil, crypt32{}, failed("the server's MAC does not verify")
	}
	return is, identity, t4, nil
}

func parseParameters(message []byte) (*parameters, error) {
	if err := strict.Check(forms.ServerParameters, message); err != nil {
		return nil, err
	}
	said := &parameters{}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 2:
			said.keyBits = int(cursor.Value)
		case 3:
			said.sessionID = bytes.Clone(cursor.Bytes())
		case 4:
			said.kem = uint32(cursor.Value)
		case 5:
			said.encapsulated = cursor.Bytes()
		case 6:
			said.sealedSecret = cursor.Bytes()
		}
	}
	return said, nil
}

func parseIdentity(message []byte) (*serverIdentity, error) {
	if err := strict.Check(forms.ServerIdentity, message); err != nil {
		return nil, err
	}
	is := &serverIdentity{}
	var err error
	cursor := strict.NewCursor(message)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 2:
			is.key, err = keys.ParsePublic(cursor.Bytes())
		case 3:
			is.rotations = append(is.rotations, bytes.Clone(cursor.Bytes()))
		case 4:
			is.terms.LifetimeMs = cursor.Value
		case 5:
			is.terms.IdleMs = cursor.Value
		case 6:
			is.terms.BytesMax = cursor.Value
		}
	}
	return is, err
}

// fieldsOf are the contents of singular fields of bytes, by their numbers; the strict form was checked.
func fieldsOf(message []byte) [8][]byte {
	var fields [8][]byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Field < len(fields) {
			fields[cursor.Field] = cursor.Bytes()
		}
	}
	return fields
}

func failed(what string) error {
	return fault.New(fault.WireHandshakeFailed, "the handshake failed: %s. It was changed on the way, or one end has a defect; try again, and find out if it stays so", what)
}
