// Package wire is the client's end of the encrypted tunnel, in bytes: docs/wire.md. It is pure: what is random, and the clock, are given
// to it.
package wire

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/limits"
)

const tagPrefix = "atedb/v1/wire-"

// Tags of the transcript's hashes, and infos of the keys, behind tagPrefix.
const (
	tagClientHello     = tagPrefix + "client-hello"
	tagParameters      = tagPrefix + "parameters"
	tagIdentity        = tagPrefix + "identity"
	tagSignature       = tagPrefix + "signature"
	tagFinished        = tagPrefix + "finished"
	infoSecret         = tagPrefix + "secret"
	infoProofKey       = tagPrefix + "proof-key"
	infoServerFinished = tagPrefix + "server-finished"
	infoClientFinished = tagPrefix + "client-finished"
	infoMaster         = tagPrefix + "master"
	infoClientRoot     = tagPrefix + "client-root"
	infoServerRoot     = tagPrefix + "server-root"
	infoExporter       = tagPrefix + "exporter"
	infoCall           = tagPrefix + "call"
	infoKey            = tagPrefix + "key"
	infoRatchet        = tagPrefix + "ratchet"
)

func extract(salt, secret []byte) []byte {
	key, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		panic(err)
	}
	return key
}

func expand(key, info []byte, length int) []byte {
	made, err := hkdf.Expand(sha256.New, key, string(info), length)
	if err != nil {
		panic(err)
	}
	return made
}

func mac(key, message []byte) []byte {
	made := hmac.New(sha256.New, key)
	made.Write(message)
	return made.Sum(nil)
}

func uint64Bytes(value uint64) []byte { return binary.BigEndian.AppendUint64(nil, value) }

// handshakeKeys are what both ends make of the secret that one has sent to the other.
type handshakeKeys struct {
	secret  []byte
	keyBits int
}

// newHandshakeKeys wipes the secret.
func newHandshakeKeys(secret []byte, parameters crypt32, keyBits int) *handshakeKeys {
	defer clear(secret)
	return &handshakeKeys{extract(parameters[:], secret), keyBits}
}

type crypt32 = [crypt.HashBytes]byte

func (k *handshakeKeys) proofKey() []byte {
	return expand(k.secret, crypt.Info(infoProofKey), k.keyBits/8)
}

// finished is the MAC of one end over a transcript.
func (k *handshakeKeys) finished(info string, transcript crypt32) []byte {
	key := expand(k.secret, crypt.Info(info), crypt.HashBytes)
	defer clear(key)
	return mac(key, transcript[:])
}

// secrets of the session, from the whole transcript.
func (k *handshakeKeys) secrets(transcript crypt32) *secrets {
	master := expand(k.secret, crypt.Info(infoMaster, transcript[:]), crypt.HashBytes)
	defer clear(master)
	root := func(info string) []byte { return expand(master, crypt.Info(info), crypt.HashBytes) }
	return &secrets{root(infoClientRoot), root(infoServerRoot), root(infoExporter)}
}

// secrets are what a session's keys are made of.
type secrets struct{ clientRoot, serverRoot, exporter []byte }

// callSecret is the first secret of one direction of a call.
func callSecret(root []byte, call uint64, random ...[]byte) []byte {
	return expand(root, crypt.Info(infoCall, append([][]byte{uint64Bytes(call)}, random...)...), crypt.HashBytes)
}

const (
	fromClient = 0
	fromServer = 1
)

// A direction of a call has the key of each frame in turn, its nonce, and what it is bound to. Both ends have the same, so that a frame
// opens only where it was sealed: in this session, call, direction and place, and as what it was.
type direction struct {
	keyBits int
	secret  []byte
	aead    cipher.AEAD
	// aad is session (16), call (8), direction (1), counter (8), type (1).
	aad     [34]byte
	nonce   [12]byte
	counter uint64
}

func newDirection(sessionID []byte, call uint64, sender byte, keyBits int, secret []byte) *direction {
	d := &direction{keyBits: keyBits, secret: secret}
	copy(d.aad[:], sessionID)
	binary.BigEndian.PutUint64(d.aad[16:], call)
	d.aad[24] = sender
	d.setKey()
	return d
}

func (d *direction) setKey() {
	key := expand(d.secret, crypt.Info(infoKey), d.keyBits/8)
	d.aead = crypt.GCM(key)
	clear(key)
}

// next goes to the next frame.
func (d *direction) next(kind byte) {
	if d.secret == nil {
		panic("the keys of this call were forgotten")
	}
	if d.counter > 0 && d.counter%limits.FramesPerKey == 0 {
		// What was sealed before can't be opened with what is known from here on.
		secret := expand(d.secret, crypt.Info(infoRatchet), crypt.HashBytes)
		clear(d.secret)
		d.secret = secret
		d.setKey()
	}
	binary.BigEndian.PutUint64(d.nonce[4:], d.counter)
	binary.BigEndian.PutUint64(d.aad[25:], d.counter)
	d.aad[33] = kind
	d.counter++
}

func (d *direction) seal(into []byte, kind byte, payload []byte) []byte {
	d.next(kind)
	return d.aead.Seal(into, d.nonce[:], payload, d.aad[:])
}

func (d *direction) open(kind byte, sealed []byte) ([]byte, bool) {
	d.next(kind)
	payload, err := d.aead.Open(nil, d.nonce[:], sealed, d.aad[:])
	return payload, err == nil
}

// wipe forgets the keys: there is no frame after this. What the cipher holds is the garbage collector's.
func (d *direction) wipe() {
	clear(d.secret)
	d.secret, d.aead = nil, nil
}
