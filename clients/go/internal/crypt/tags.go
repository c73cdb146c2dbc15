// Package crypt has atedb's cryptography, over Go's own: tagged hashes, the strict form of Ed25519, composite signatures, keys that
// others encrypt to, and sealed data. docs/format.md, "Events and seals", specifies all of it. Nothing here is made by hand but what
// the standard library leaves to its callers, as which points are no keys.
package crypt

import (
	"crypto/sha256"
	"hash"
)

// Tags of hashes; see Tagged. A tag says what was hashed, so that bytes of one meaning never count as bytes of another.
const (
	TagChain      = "atedb/v1/chain"
	TagSeal       = "atedb/v1/seal"
	TagWriter     = "atedb/v1/writer"
	TagKey        = "atedb/v1/key"
	TagRoots      = "atedb/v1/roots"
	TagData       = "atedb/v1/data"
	TagChild      = "atedb/v1/child"
	TagSealedData = "atedb/v1/sealed-data"
	TagReadKey    = "atedb/v1/read-key"
	TagName       = "atedb/v1/name"
	TagGone       = "atedb/v1/gone"
	TagWriters    = "atedb/v1/writers"
	// TagDataKey begins the HKDF info of the key of one datum.
	TagDataKey = "atedb/v1/data-key"
	// TagKeyFile begins the AAD of the seeds in a key file.
	TagKeyFile = "atedb/v1/key-file"
	// InfoWrappedKey is the info of HPKE for a read key, and InfoRoleKey for the secret of a role's key in a group.
	InfoWrappedKey = "atedb/v1/wrapped-key"
	InfoRoleKey    = "atedb/v1/role-key"
	TagAct         = "atedb/v1/act"
	// TagAccountSecrets is of what an auth service keeps of an account, and TagRecoveryCode of what shows typing errors in a code.
	TagAccountSecrets = "atedb/v1/account-secrets"
	TagRecoveryCode   = "atedb/v1/recovery-code"
	// TagVault begins the AAD of the keys in an account's vault.
	TagVault = "atedb/v1/vault"
	// InfoLoginSeed and InfoLoginVault begin the info of HKDF for what follows from a password.
	InfoLoginSeed  = "atedb/v1/login-seed"
	InfoLoginVault = "atedb/v1/login-vault"
	// InfoRecoverySeed and InfoRecoveryVault likewise, of a recovery code.
	InfoRecoverySeed  = "atedb/v1/recovery-seed"
	InfoRecoveryVault = "atedb/v1/recovery-vault"
)

// Contexts of signatures: the ctx of the composite.
const (
	ContextSeal               = "atedb/v1/seal"
	ContextProof              = "atedb/v1/proof"
	ContextLock               = "atedb/v1/lock"
	ContextTicket             = "atedb/v1/ticket"
	ContextDeleteChain        = "atedb/v1/delete-chain"
	ContextCheckpointKeys     = "atedb/v1/checkpoint-keys"
	ContextIdentityRotation   = "atedb/v1/identity-rotation"
	ContextIdentityPossession = "atedb/v1/identity-possession"
	ContextWire               = "atedb/v1/wire"
	// ContextLogin is over what ties a login to one stream, by the key that follows from the password.
	ContextLogin = "atedb/v1/login"
	// ContextRecovery likewise, by the key that follows from the recovery code.
	ContextRecovery = "atedb/v1/recovery"
	// ContextAct is over the header of an act on an account.
	ContextAct = "atedb/v1/act"
	// ContextGroup is over what ties the proof of a key to one stream, and the group that is asked about.
	ContextGroup                = "atedb/v1/group"
	ContextAuthAnswer           = "atedb/v1/auth-answer"
	ContextDelegation           = "atedb/v1/delegation"
	ContextDelegationPossession = "atedb/v1/delegation-possession"
)

// HashBytes is the size of every hash and id.
const HashBytes = sha256.Size

// Tagged is the tagged hash: SHA-256 of the length of the tag in one byte, the tag, and the parts one behind the other.
func Tagged(tag string, parts ...[]byte) [HashBytes]byte {
	hash := TaggedHash(tag)
	for _, part := range parts {
		hash.Write(part)
	}
	return [HashBytes]byte(hash.Sum(nil))
}

// TaggedHash is a hash that has the tag already.
func TaggedHash(tag string) hash.Hash {
	hash := sha256.New()
	hash.Write(Info(tag))
	return hash
}

// Info is what begins with a tag: its length in one byte, the tag, and the parts.
func Info(tag string, parts ...[]byte) []byte {
	info := append([]byte{byte(len(tag))}, tag...)
	for _, part := range parts {
		info = append(info, part...)
	}
	return info
}
