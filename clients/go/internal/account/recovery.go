package account

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"unicode"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

// A recovery code: 128 random bits in base32 (RFC 4648), then two characters that show typing errors, in groups of four.
const (
	codeSecretBytes = 16
	codeCharacters  = 26
	codeChecks      = 2
	codeGroup       = 4
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// lookalikes are what is easily read or typed for a character of the alphabet, which has none of these.
var lookalikes = strings.NewReplacer("0", "O", "1", "I", "8", "B")

// A Recovery is a code, and the vault that it opens.
type Recovery struct {
	// Code is to be shown once. A secret.
	Code string
	// Key follows from it.
	Key *keys.Pair
	// Vault has the user's key, that of sudo, and those before it.
	Vault []byte
}

// MakeRecovery makes a recovery code for an account, and seals its keys so that the code opens them: the user's, that of sudo, and those before
// it.
func MakeRecovery(account string, pairs ...*keys.Pair) (*Recovery, error) {
	secret := make([]byte, codeSecretBytes)
	rand.Read(secret)
	text := codeText(secret)
	var groups []string
	for at := 0; at < len(text); at += codeGroup {
		groups = append(groups, text[at:at+codeGroup])
	}
	opening, err := openingFrom(secret, account, crypt.InfoRecoverySeed, crypt.InfoRecoveryVault)
	if err != nil {
		return nil, err
	}
	defer opening.Close()
	return &Recovery{strings.Join(groups, "-"), opening.Signer, opening.Seal(RecoveryVault, pairs...)}, nil
}

// codeText is a code without its hyphens.
func codeText(secret []byte) string {
	check := crypt.Tagged(crypt.TagRecoveryCode, secret)
	return base32Text.EncodeToString(secret) + base32Text.EncodeToString(check[:])[:codeChecks]
}

// parseRecoveryCode reads a code as it was typed: case, spaces and hyphens don't matter. The error is REQUEST_INVALID, and shows nothing of it.
func parseRecoveryCode(typed string) ([]byte, error) {
	kept := strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, typed)
	text := lookalikes.Replace(strings.ToUpper(kept))
	refuse := func(why string) error {
		return fault.New(fault.RequestInvalid, "the recovery code is not one: %s. It is the one that was shown when the account was created, or recovered last", why).With("field", "recovery_code")
	}
	if len(text) != codeCharacters+codeChecks {
		return nil, refuse("it has another number of characters than 28")
	}
	secret, err := base32Text.DecodeString(text[:codeCharacters])
	// What is left of the last character's bits is zero, or the code could be written in several ways.
	if err != nil || codeText(secret) != text {
		return nil, refuse("a character of it is another one")
	}
	return secret, nil
}
