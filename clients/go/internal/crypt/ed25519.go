package crypt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
)

// prime is 2^255 - 19, little-endian.
var prime = unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")

// smallOrderY are the y coordinates of the eight points of order 1, 2, 4 and 8; points that differ in the sign of x share one.
var smallOrderY = [][]byte{
	unhex("0100000000000000000000000000000000000000000000000000000000000000"),
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("0000000000000000000000000000000000000000000000000000000000000000"),
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}

// Ed25519PointFault says why the encoding of a point, 32 bytes, must not be a public key or the R of a signature; "" where nothing
// speaks against it. A key of small order verifies signatures that nobody made, and a second encoding of a key would be a second
// fingerprint of it. Bytes that are no point at all pass, and verify nothing.
func Ed25519PointFault(encoded []byte) string {
	y := bytes.Clone(encoded)
	y[31] &= 0x7f
	if !below(y, prime) {
		return "is not canonically encoded"
	}
	for _, small := range smallOrderY {
		if bytes.Equal(small, y) {
			return "is a point of small order"
		}
	}
	return ""
}

// VerifyEd25519 verifies without cofactor and in the strict form: neither the key nor R is of small order or in any but its canonical
// encoding. That S is below the order, and that R is compared as bytes, the standard library sees to (RFC 8032, 5.1.7).
func VerifyEd25519(key, message, signature []byte) bool {
	if len(key) != ed25519.PublicKeySize || len(signature) != ed25519.SignatureSize {
		return false
	}
	if Ed25519PointFault(key) != "" || Ed25519PointFault(signature[:32]) != "" {
		return false
	}
	return ed25519.Verify(key, message, signature)
}

// below compares little-endian integers of one length.
func below(value, bound []byte) bool {
	for i := len(bound) - 1; i >= 0; i-- {
		if value[i] != bound[i] {
			return value[i] < bound[i]
		}
	}
	return false
}

func unhex(digits string) []byte {
	value, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return value
}
