package crypt

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"fmt"

	"atedb.example/go/fault"
)

// Numbers of KEMs in HPKE's registry.
const (
	KEMMLKEM768X25519 = 0x647a
	KEMMLKEM1024P384  = 0x0051
)

// KEMSeedBytes is the size of the seed of a key that others encrypt to.
const KEMSeedBytes = 32

// KEMSuite is the number of MLKEM768-X25519 in atedb.v1.KemSuite, and KEMSuiteName its name in key files.
const (
	KEMSuite     = 1
	KEMSuiteName = "mlkem768-x25519"
)

// A KEM is a hybrid KEM of draft-ietf-hpke-pq-04: ML-KEM's part comes first in all encodings.
type KEM struct {
	// ID in HPKE's registry.
	ID   uint16
	kem  hpke.KEM
	name string
	// mlkemKey is the size of ML-KEM's public key; publicKey and encapsulated are whole sizes.
	mlkemKey, publicKey, encapsulated int
}

var kems = []KEM{
	{KEMMLKEM768X25519, hpke.MLKEM768X25519(), "ML-KEM-768", 1184, 1216, 1120},
	{KEMMLKEM1024P384, hpke.MLKEM1024P384(), "ML-KEM-1024", 1568, 1665, 1665},
}

// KEMOf finds a KEM by its number in HPKE's registry; nil for one that is not known.
func KEMOf(id uint32) *KEM {
	for i := range kems {
		if uint32(kems[i].ID) == id {
			return &kems[i]
		}
	}
	return nil
}

// CheckKEMSuite refuses a suite that is not known. The error is UNSUPPORTED.
func CheckKEMSuite(number int) error {
	if number == KEMSuite {
		return nil
	}
	return fault.New(fault.Unsupported, "KEM suite %d is not known here; 1 (mlkem768-x25519) is. A newer atedb may know it", number).
		With("kemSuite", fmt.Sprint(number))
}

// smallOrderU are the u coordinates of X25519's points of order 1, 2, 4 and 8, on the curve and on its twist.
var smallOrderU = [][]byte{
	unhex("0000000000000000000000000000000000000000000000000000000000000000"),
	unhex("0100000000000000000000000000000000000000000000000000000000000000"),
	unhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
	unhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
}

// KeyFault says why bytes must not be a public key; "" where nothing speaks against it. No two encodings may count as one key.
func (k *KEM) KeyFault(key []byte) string {
	if len(key) != k.publicKey {
		return fmt.Sprintf("has %d bytes, and must have %d", len(key), k.publicKey)
	}
	if !reducedCoefficients(key[:k.mlkemKey-32]) {
		return "has an " + k.name + " half with a coefficient above 3,328"
	}
	point := key[k.mlkemKey:]
	if k.ID == KEMMLKEM1024P384 {
		if _, err := ecdh.P384().NewPublicKey(point); err != nil {
			return "has a P-384 half that is no uncompressed point of the curve"
		}
		return ""
	}
	if !below(point, prime) {
		return "has an X25519 half that is not canonically encoded"
	}
	for _, small := range smallOrderU {
		if bytes.Equal(small, point) {
			return "has an X25519 half of small order"
		}
	}
	return ""
}

// reducedCoefficients is the modulus check of FIPS 203, 7.2.
func reducedCoefficients(coefficients []byte) bool {
	const modulus = 3329
	for at := 0; at+2 < len(coefficients); at += 3 {
		low, middle, high := int(coefficients[at]), int(coefficients[at+1]), int(coefficients[at+2])
		if low|(middle&0x0f)<<8 >= modulus || middle>>4|high<<4 >= modulus {
			return false
		}
	}
	return true
}

// A KEMKey is the secret half of a key that others encrypt to.
type KEMKey struct {
	kem *KEM
	key hpke.PrivateKey
}

// NewKEMKey makes the key of a seed of 32 bytes.
func NewKEMKey(kem *KEM, seed []byte) (*KEMKey, error) {
	if len(seed) != KEMSeedBytes {
		return nil, fault.New(fault.RequestInvalid, "a KEM seed has %d bytes, and this one has %d", KEMSeedBytes, len(seed))
	}
	key, err := kem.kem.NewPrivateKey(seed)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "the seed makes no KEM key").From(err)
	}
	return &KEMKey{kem, key}, nil
}

// PublicKey that others encrypt to, encoded.
func (k *KEMKey) PublicKey() []byte { return k.key.PublicKey().Bytes() }

// HPKESeal encrypts one message (RFC 9180, base mode, HKDF-SHA256, AES-256-GCM) to a key in which KeyFault has found no fault: enc,
// then ciphertext and tag.
func (k *KEM) HPKESeal(publicKey, info, aad, plaintext []byte) ([]byte, error) {
	key, err := k.kem.NewPublicKey(publicKey)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "the KEM key is none").From(err)
	}
	encapsulated, sender, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "nothing can be encrypted to the KEM key").From(err)
	}
	sealed, err := sender.Seal(aad, plaintext)
	if err != nil {
		return nil, err
	}
	return append(encapsulated, sealed...), nil
}

// HPKEOpen decrypts what HPKESeal has made; false where it was made for another key or context, or was changed.
func (k *KEMKey) HPKEOpen(info, aad, sealed []byte) ([]byte, bool) {
	middle := k.kem.encapsulated
	if len(sealed) < middle {
		return nil, false
	}
	recipient, err := hpke.NewRecipient(sealed[:middle], k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, false
	}
	opened, err := recipient.Open(aad, sealed[middle:])
	return opened, err == nil
}
