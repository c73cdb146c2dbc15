package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"math/bits"
)

const (
	// ReadKeyBytes is the size of a read key, and of the random bytes that each datum has.
	ReadKeyBytes = 32
	// TagBytes is by how much sealing makes a plaintext longer.
	TagBytes = 16
)

var zeroNonce [12]byte

// ReadKeyID says which read key it is, and nothing of it.
func ReadKeyID(readKey []byte) [HashBytes]byte { return Tagged(TagReadKey, readKey) }

// DataKey makes the key of one datum, and what shows that the read key is the right one: HKDF-SHA256 of the read key, with random bytes
// as salt that no other datum under it has, and a context of fixed length that says what the datum belongs to.
func DataKey(readKey, random, context []byte) (key, commitment []byte) {
	both, err := hkdf.Key(sha256.New, readKey, random, string(Info(TagDataKey, context)), 2*HashBytes)
	if err != nil {
		panic(err)
	}
	return both[:HashBytes:HashBytes], both[HashBytes:]
}

// Equal compares secrets without telling by the time that it takes where they differ.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// GCM is AES-GCM with a key of 16, 24 or 32 bytes, a nonce of 12 and a tag of 16.
func GCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// SealOnce seals with a key that seals nothing else, ever: AES-256-GCM with the nonce zero.
func SealOnce(key, aad, plaintext []byte) []byte {
	return GCM(key).Seal(nil, zeroNonce[:], plaintext, aad)
}

// OpenOnce opens what SealOnce has made; false where it was made with another key or AAD, or was changed.
func OpenOnce(key, aad, sealed []byte) ([]byte, bool) {
	opened, err := GCM(key).Open(nil, zeroNonce[:], sealed, aad)
	return opened, err == nil
}

// paddingMark is what a padding begins with (ISO/IEC 7816-4); zeros follow it.
const paddingMark = 0x80

// PadmeLength is the length that PADMÉ makes of one (Nikitin et al., 2019): at most 12% longer, and one that many others share.
func PadmeLength(length int) int {
	if length < 2 {
		return length
	}
	exponent := bits.Len(uint(length)) - 1
	digits := bits.Len(uint(exponent))
	mask := 1<<(exponent-digits) - 1
	return (length + mask) &^ mask
}

// Pad is a text with its padding: the mark alone, or also to the length that PADMÉ makes of both.
func Pad(text []byte, padme bool) []byte {
	length := len(text) + 1
	if padme {
		length = PadmeLength(length)
	}
	padded := make([]byte, length)
	copy(padded, text)
	padded[len(text)] = paddingMark
	return padded
}

// Unpad is the text in a padded one, a slice of it; false where there is no padding.
func Unpad(padded []byte) ([]byte, bool) {
	text := bytes.TrimRight(padded, "\x00")
	if len(text) == 0 || text[len(text)-1] != paddingMark {
		return nil, false
	}
	return text[:len(text)-1], true
}
