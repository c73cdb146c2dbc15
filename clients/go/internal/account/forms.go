// Package account has what a client needs of accounts: the acts of groups, verified; claims of names; what follows from a password; and the
// secrets of roles. docs/accounts.md.
package account

import (
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

const (
	// actHeaderBytes has room for a group that names its members, with a wrapped key for each.
	actHeaderBytes = 1_048_576
	actSignatures  = 16
	// Whoever reads a group has all of its acts, and is told of all keys that were changed. The last of each is left to owners, so that a delegate who
	// uses them up can be removed.
	changedKeysMax     = 1_024
	changedKeysReserve = 256
	actsMax            = 10_000
	actsReserve        = 1_000
	actsBytesMax       = 128 << 20
	actsBytesReserve   = 32 << 20
	// membersMax are those of a group in all its roles, and rolesMax its roles.
	membersMax    = 200
	rolesMax      = 16
	roleNameBytes = 32
	roleWrapBytes = 2_048
	// vaultKeysMax are a user's key, that of sudo, and those that the user had before.
	vaultKeysMax = 7
)

// Numbers of the fields of an act's header that hold what it changes.
const (
	userCreation         = 10
	delegationRevocation = 13
	groupCreation        = 30
	groupChange          = 31
	groupRemoval         = 32
)

func key(number int, name string) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: forms.PublicKey}
}

func change(number int, name, form string, fields ...strict.Field) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: &strict.Form{Name: form, Fields: fields}, Oneof: 1, Required: true}
}

func list(number int, name string, most int, form *strict.Form) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: form, Repeated: true, CountMax: most}
}

var (
	memberForm = &strict.Form{Name: "GroupMember", Fields: []strict.Field{
		{Number: 1, Name: "account", Kind: strict.String, LengthMax: limits.OwnerBytes},
		strict.Need(key(2, "key")),
		key(3, "sudo_key"),
	}}
	wrapForm = &strict.Form{Name: "RoleWrap", Fields: []strict.Field{
		strict.Need(strict.Hash32(1, "recipient")),
		{Number: 2, Name: "wrapped", Kind: strict.Bytes, LengthMax: roleWrapBytes, Required: true},
	}}
	rolesField = strict.Need(list(1, "roles", rolesMax, &strict.Form{Name: "RoleChange", Fields: []strict.Field{
		{Number: 1, Name: "name", Kind: strict.String, LengthMax: roleNameBytes, Required: true},
		key(2, "key"),
		list(3, "added", membersMax, memberForm),
		strict.Hashes32(4, "removed", membersMax),
		// One for each member, and one for the role above.
		list(5, "wraps", membersMax+1, wrapForm),
	}}))
	headerForm = &strict.Form{Name: "ActHeader", Fields: []strict.Field{
		strict.Magic(forms.MagicAct),
		{Number: 2, Name: "account", Kind: strict.String, LengthMax: limits.OwnerBytes, Required: true},
		{Number: 3, Name: "version", Kind: strict.Varint},
		strict.Hash32(4, "previous"),
		{Number: 5, Name: "time_unix_ms", Kind: strict.Varint, Required: true},
		change(userCreation, "user_creation", "UserCreation", strict.Need(key(1, "key")), key(2, "sudo_key"), key(3, "recovery_key"), strict.Hash32(4, "secrets_hash")),
		change(11, "secrets_change", "SecretsChange", strict.Need(strict.Hash32(1, "secrets_hash"))),
		change(12, "user_rotation", "UserRotation", key(1, "key"), key(2, "sudo_key"), key(3, "recovery_key"), strict.Hash32(4, "secrets_hash")),
		change(delegationRevocation, "delegation_revocation", "DelegationRevocation", strict.Need(strict.Hash32(1, "fingerprint"))),
		change(14, "user_removal", "UserRemoval"),
		change(groupCreation, "group_creation", "GroupCreation", rolesField),
		change(groupChange, "group_change", "GroupChange", rolesField),
		change(groupRemoval, "group_removal", "GroupRemoval"),
	}}
	actForm = &strict.Form{Name: "Act", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, LengthMax: actHeaderBytes, Required: true},
		strict.Need(list(2, "signatures", actSignatures, forms.Signature)),
	}}
	seedsForm = &strict.Form{Name: "KeySeeds", Fields: []strict.Field{
		{Number: 1, Name: "suite", Kind: strict.Enum, ValuesMax: 2, Required: true},
		{Number: 2, Name: "seed", Kind: strict.Bytes, Length: 64, Required: true},
		{Number: 3, Name: "kem_suite", Kind: strict.Enum, ValuesMax: 1},
		{Number: 4, Name: "kem_seed", Kind: strict.Bytes, Length: 32},
	}}
	vaultForm = &strict.Form{Name: "VaultKeys", Fields: []strict.Field{
		strict.Magic(forms.MagicVaultKeys),
		strict.Need(list(2, "keys", vaultKeysMax, seedsForm)),
	}}
)
