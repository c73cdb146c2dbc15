package crypt

import (
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// PassphraseKey makes 32 bytes of a passphrase, a secret, by Argon2id. It composes the passphrase first: one text is one passphrase, whichever
// keyboard it is typed on.
func PassphraseKey(passphrase string, salt []byte, passes, memoryKiB uint32, lanes uint8) []byte {
	text := norm.NFC.Bytes([]byte(passphrase))
	defer clear(text)
	return argon2.IDKey(text, salt, passes, memoryKiB, lanes, 32)
}
