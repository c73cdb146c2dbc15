// Package event has the formats of atedb: chain keys and addresses, the headers of events, seals and commits, batches, checkpoints, and
// what proofs of keys sign. It is pure: no clock, no disk, no network. docs/format.md specifies all of it.
package event

import (
	"encoding/base32"
	"regexp"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
)

// A ChainKey names a chain on a server: domain/name/db, which belongs to the user name@domain, or group/db.
type ChainKey struct {
	// Text is its one spelling.
	Text string
	// Domain and Name of the user; both are empty where the chain is a group's.
	Domain, Name string
	// Group, else empty.
	Group string
	// DB is the name of the database.
	DB string
	// RootsFingerprint that it carries, in base32; else empty.
	RootsFingerprint string
}

// String is the key's text.
func (k ChainKey) String() string { return k.Text }

var (
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,62}$`)
	labelPart   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// 52 characters of base32 (RFC 4648, lower case, unpadded) spell a fingerprint.
	dbPattern = regexp.MustCompile(`^([a-z0-9_]{1,64})(?:@([a-z2-7]{52}))?$`)
)

const (
	nameRule       = "1 to 63 of a-z 0-9 . _ + -, the first a letter or digit"
	domainCharsMax = 253
)

// ParseChainKey reads a chain key. The error is CHAIN_KEY_INVALID, and names the part at fault and the two forms.
func ParseChainKey(text string) (ChainKey, error) {
	if len(text) > limits.ChainKeyBytes {
		return ChainKey{}, badChainKey(text[:64], "it is longer than 255 bytes")
	}
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return ChainKey{}, badChainKey(text, "it has another number of parts")
	}
	db := dbPattern.FindStringSubmatch(parts[len(parts)-1])
	if db == nil {
		return ChainKey{}, badChainKey(text, "its last part is not a database name: 1 to 64 of a-z 0-9 _, then perhaps \"@\" and 52 base32 characters")
	}
	key := ChainKey{Text: text, DB: db[1], RootsFingerprint: db[2]}
	if len(parts) == 2 {
		if !namePattern.MatchString(parts[0]) {
			return ChainKey{}, badChainKey(text, "its first part is not a group name: "+nameRule)
		}
		key.Group = parts[0]
		return key, nil
	}
	key.Domain, key.Name = parts[0], parts[1]
	if !isDomain(key.Domain) {
		return ChainKey{}, badChainKey(text, "its first part is not a domain name in lower-case ASCII, nor \"localhost\"")
	}
	// The folder of a user so named would be, or become, that of the group chain beside it.
	if !namePattern.MatchString(key.Name) || strings.HasSuffix(key.Name, ".chain") || strings.HasSuffix(key.Name, ".chain.new") {
		return ChainKey{}, badChainKey(text, "its second part is not a user name: "+nameRule+", and not ending in \".chain\" or \".chain.new\"")
	}
	return key, nil
}

func isDomain(text string) bool {
	if text == "localhost" {
		return true
	}
	labels := strings.Split(text, ".")
	if len(text) > domainCharsMax || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if !labelPart.MatchString(label) {
			return false
		}
	}
	return true
}

func badChainKey(text, why string) error {
	return fault.New(fault.ChainKeyInvalid, "%q is not a chain key: %s. A chain key is domain/name/db (as example.com/me/mydb) or group/db (as team/mydb), lower case only", text, why).
		With("chain_key", text)
}

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Base32 is the text of a fingerprint that a chain key may carry.
func Base32(hash [32]byte) string { return base32Lower.EncodeToString(hash[:]) }
