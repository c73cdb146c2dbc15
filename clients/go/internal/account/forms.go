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
	vaultKeysMax  = 7
	vaultBytesMax = 1_024
	// FormerKeysMax are keys that a user had before, of which the vaults have the secrets.
	FormerKeysMax = vaultKeysMax - 2
	// The secret of a second factor; RFC 4226 wants 16 bytes at least.
	totpSecretMin, totpSecretMax = 16, 64
)

// Numbers of the fields of an act's header that hold what it changes.
const (
	userCreation         = 10
	secretsChange        = 11
	userRotation         = 12
	delegationRevocation = 13
	userRemoval          = 14
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
		change(secretsChange, "secrets_change", "SecretsChange", strict.Need(strict.Hash32(1, "secrets_hash"))),
		change(userRotation, "user_rotation", "UserRotation", key(1, "key"), key(2, "sudo_key"), key(3, "recovery_key"), strict.Hash32(4, "secrets_hash")),
		change(delegationRevocation, "delegation_revocation", "DelegationRevocation", strict.Need(strict.Hash32(1, "fingerprint"))),
		change(userRemoval, "user_removal", "UserRemoval"),
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
	secretsForm = &strict.Form{Name: "AccountSecrets", Fields: []strict.Field{
		strict.Magic(forms.MagicAccountSecrets),
		{Number: 2, Name: "password", Kind: strict.Message, Required: true, Form: &strict.Form{Name: "PasswordCosts", Fields: []strict.Field{
			{Number: 1, Name: "salt", Kind: strict.Bytes, Length: 16, Required: true},
			{Number: 2, Name: "memory_kib", Kind: strict.Uint32, Required: true},
			{Number: 3, Name: "passes", Kind: strict.Uint32, Required: true},
			{Number: 4, Name: "lanes", Kind: strict.Uint32, Required: true},
		}}},
		strict.Need(key(3, "login_key")),
		{Number: 4, Name: "key_vault", Kind: strict.Bytes, LengthMax: vaultBytesMax, Required: true},
		{Number: 5, Name: "sudo_vault", Kind: strict.Bytes, LengthMax: vaultBytesMax, Required: true},
		{Number: 6, Name: "recovery_vault", Kind: strict.Bytes, LengthMax: vaultBytesMax, Required: true},
		{Number: 7, Name: "totp_secret", Kind: strict.Bytes, LengthMax: totpSecretMax},
	}}
	vaultForm = &strict.Form{Name: "VaultKeys", Fields: []strict.Field{
		strict.Magic(forms.MagicVaultKeys),
		strict.Need(list(2, "keys", vaultKeysMax, seedsForm)),
	}}
)
