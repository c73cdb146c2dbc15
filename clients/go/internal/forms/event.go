// Package forms has the strict forms of atedb's messages, as tables: what the schema's comments and docs/format.md say of them.
package forms

import (
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

// Magics: three letters and a version, as the little-endian fixed32 that the bytes spell.
const (
	MagicEvent            = 0x01564541
	MagicSeal             = 0x014c5341
	MagicCommit           = 0x014d4341
	MagicIdentityRotation = 0x01524941
	MagicAuthAnswer       = 0x014e4141
	MagicDelegation       = 0x01474441
	MagicAct              = 0x01434141
	MagicVaultKeys        = 0x01564141
	MagicAccountSecrets   = 0x01534141
	MagicSegment          = 0x01475341
	MagicFooter           = 0x01544641
)

const (
	suites     = 2
	kemKeySize = 1216
)

// PublicKey and Signature are messages inside of many others.
var (
	PublicKey = &strict.Form{Name: "PublicKey", Fields: []strict.Field{
		{Number: 1, Name: "suite", Kind: strict.Enum, ValuesMax: suites, Required: true},
		{Number: 2, Name: "key", Kind: strict.Bytes, Required: true},
		{Number: 3, Name: "kem_suite", Kind: strict.Enum, ValuesMax: 1},
		{Number: 4, Name: "kem_key", Kind: strict.Bytes, Length: kemKeySize},
	}}
	Signature = &strict.Form{Name: "Signature", Fields: []strict.Field{
		{Number: 1, Name: "suite", Kind: strict.Enum, ValuesMax: suites, Required: true},
		strict.Need(strict.Hash32(2, "fingerprint")),
		{Number: 3, Name: "signature", Kind: strict.Bytes, Required: true},
	}}
)

func keys(number int, name string, countMax int) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: PublicKey, Repeated: true, CountMax: countMax}
}

func message(number int, name string, form *strict.Form) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: form}
}

func varint(number int, name string) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Varint}
}

func flag(number int, name string) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Bool}
}

// Genesis and what else says who may do what.
var (
	Genesis = &strict.Form{Name: "Genesis", Fields: []strict.Field{
		{Number: 1, Name: "chain_key", Kind: strict.String, LengthMax: limits.ChainKeyBytes, Required: true},
		{Number: 2, Name: "trust_mode", Kind: strict.Enum, ValuesMax: 2, Required: true},
		// Absent where an auth service says whose they are.
		keys(3, "roots", limits.Roots),
		strict.Need(varint(4, "created_unix_ms")),
		strict.Need(strict.ID16(5, "salt")),
		message(6, "server_identity", PublicKey),
		flag(7, "private"),
		flag(8, "confidential"),
		message(9, "auth_identity", PublicKey),
		{Number: 10, Name: "auth_answer", Kind: strict.Bytes},
	}}
	Snapshot = &strict.Form{Name: "Snapshot", Fields: []strict.Field{
		strict.Need(varint(1, "size")),
		strict.Need(strict.Hash32(2, "tree_root")),
		strict.Need(varint(3, "events")),
		strict.Need(strict.Hash32(4, "gone")),
		strict.Need(varint(5, "writers")),
		strict.Need(strict.Hash32(6, "writers_hash")),
	}}
	Redaction = &strict.Form{Name: "Redaction", Fields: []strict.Field{
		{Number: 1, Name: "sequences", Kind: strict.Varint, Repeated: true, CountMax: limits.RedactedSequences},
		varint(2, "before_sequence"),
	}}
	Confidentiality = &strict.Form{Name: "Confidentiality", Fields: []strict.Field{
		strict.Need(strict.Hash32(1, "read_key_id")),
		strict.Need(strict.Hash32(2, "random")),
		strict.Need(strict.Hash32(3, "commitment")),
	}}
	WrappedKey = &strict.Form{Name: "WrappedKey", Fields: []strict.Field{
		strict.Need(strict.Hash32(1, "read_key_id")),
		strict.Need(strict.Hash32(2, "recipient")),
		{Number: 3, Name: "wrapped", Kind: strict.Bytes, LengthMax: limits.WrappedKeyBytes, Required: true},
	}}
	Roots     = &strict.Form{Name: "Roots", Fields: []strict.Field{strict.Need(keys(1, "roots", limits.Roots))}}
	KeyChange = &strict.Form{Name: "KeyChange", Fields: []strict.Field{
		strict.Need(strict.Hash32(1, "fingerprint")),
		message(2, "successor", PublicKey),
	}}
	Authorisation = &strict.Form{Name: "Authorisation", Fields: []strict.Field{
		message(1, "write", &strict.Form{Name: "WriteRule", Fields: []strict.Field{
			bare(1, "everyone", "Everyone"), bare(2, "nobody", "Nobody"), anyOf, bare(4, "inherit", "Inherit"),
		}}),
		message(2, "add", &strict.Form{Name: "AddRule", Fields: []strict.Field{
			bare(1, "everyone", "Everyone"), bare(2, "nobody", "Nobody"), anyOf,
		}}),
		message(3, "read", &strict.Form{Name: "ReadRule", Fields: []strict.Field{
			bare(1, "everyone", "Everyone"),
			{Number: 2, Name: "read_key_id", Kind: strict.Bytes, Length: 32, Oneof: 1, Required: true},
			bare(3, "inherit", "Inherit"),
		}}),
		message(4, "admit", &strict.Form{Name: "AdmitRule", Fields: []strict.Field{
			strict.Hashes32(1, "fingerprints", limits.AdmittedKeys),
		}}),
		message(5, "retain", &strict.Form{Name: "RetentionRule", Fields: []strict.Field{
			{Number: 1, Name: "age_ms", Kind: strict.Varint}, {Number: 2, Name: "count", Kind: strict.Varint},
		}}),
	}}
)

// bare is one way of a rule that says nothing beside its name.
func bare(number int, name, form string) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Message, Form: &strict.Form{Name: form}, Oneof: 1, Required: true}
}

func oneof(number int, name string, form *strict.Form) strict.Field {
	field := message(number, name, form)
	field.Oneof, field.Required = 1, true
	return field
}

var anyOf = oneof(3, "any_of", &strict.Form{Name: "AnyOf", Fields: []strict.Field{
	strict.Need(strict.Hashes32(1, "fingerprints", limits.RuleKeys)),
}})

// EventHeader and Event. The envelope's form doesn't look into the header: that is hashed by itself, and so checked by itself.
var (
	EventHeader = &strict.Form{Name: "EventHeader", Fields: []strict.Field{
		strict.Magic(MagicEvent),
		{Number: 2, Name: "kind", Kind: strict.Enum, ValuesMax: 10, Required: true},
		strict.ID16(3, "primary_key"),
		strict.ID16(4, "parent"),
		strict.ID16(5, "collection"),
		message(6, "authorisation", Authorisation),
		message(7, "confidentiality", Confidentiality),
		keys(8, "public_keys", limits.PublicKeys),
		{Number: 9, Name: "wrapped_keys", Kind: strict.Message, Form: WrappedKey, Repeated: true, CountMax: limits.WrappedKeys},
		strict.Hashes32(10, "sign_with", limits.Signers-1),
		strict.Hash32(11, "author"),
		{Number: 12, Name: "type", Kind: strict.String, LengthMax: limits.TypeNameBytes},
		strict.ID16(13, "reply_to"),
		varint(14, "time_unix_ms"),
		message(15, "genesis", Genesis),
		flag(16, "moves"),
		message(17, "roots", Roots),
		message(18, "key_change", KeyChange),
		strict.ID16(19, "label"),
		{Number: 20, Name: "auth_answer", Kind: strict.Bytes},
		{Number: 21, Name: "server_identity", Kind: strict.Bytes},
		message(22, "snapshot", Snapshot),
		message(23, "redaction", Redaction),
		strict.Hash32(30, "data_hash"),
		varint(31, "data_bytes"),
	}}
	Event = &strict.Form{Name: "Event", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, Required: true},
		{Number: 2, Name: "data", Kind: strict.Bytes},
		strict.ID16(3, "salt"),
		{Number: 4, Name: "data_state", Kind: strict.Enum, ValuesMax: 4},
		varint(5, "redaction"),
	}}
)

// Seals and commits.
var (
	Precondition = &strict.Form{Name: "Precondition", Fields: []strict.Field{
		oneof(1, "chain_unchanged", &strict.Form{Name: "ChainUnchanged", Fields: []strict.Field{varint(1, "since_sequence")}}),
		oneof(2, "lands_before", &strict.Form{Name: "LandsBefore", Fields: []strict.Field{strict.Need(varint(1, "sequence"))}}),
		oneof(3, "key_unchanged", &strict.Form{Name: "KeyUnchanged", Fields: []strict.Field{
			strict.Need(strict.ID16(1, "primary_key")), varint(2, "since_sequence"),
		}}),
		oneof(4, "fence", &strict.Form{Name: "Fence", Fields: []strict.Field{
			strict.Need(strict.ID16(1, "primary_key")), strict.Need(varint(2, "token")),
		}}),
	}}
	SealHeader = &strict.Form{Name: "SealHeader", Fields: []strict.Field{
		strict.Magic(MagicSeal),
		strict.Need(strict.Hash32(2, "chain_id")),
		strict.Need(strict.Hash32(3, "writer_id")),
		strict.Need(strict.Hash32(4, "fingerprint")),
		strict.Need(strict.ID16(5, "writer_salt")),
		varint(6, "counter"),
		strict.Hash32(7, "previous"),
		{Number: 8, Name: "events", Kind: strict.Uint32, Required: true},
		strict.Need(strict.Hash32(9, "events_root")),
		varint(10, "as_of_size"),
		strict.Hash32(11, "as_of_root"),
		{Number: 12, Name: "preconditions", Kind: strict.Message, Form: Precondition, Repeated: true, CountMax: limits.Preconditions},
	}}
	Seal = &strict.Form{Name: "Seal", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, Required: true},
		{Number: 2, Name: "signatures", Kind: strict.Message, Form: Signature, Repeated: true, CountMax: limits.Signers},
		keys(3, "public_keys", limits.Signers),
		{Number: 4, Name: "delegations", Kind: strict.Bytes, LengthMax: limits.DelegationBytes, Repeated: true, CountMax: limits.Delegations},
	}}
	CommitHeader = &strict.Form{Name: "CommitHeader", Fields: []strict.Field{
		strict.Magic(MagicCommit),
		varint(2, "commit"),
		varint(3, "first_sequence"),
		{Number: 4, Name: "events", Kind: strict.Uint32, Required: true},
		strict.Need(varint(5, "time_unix_ms")),
		strict.Need(strict.Hash32(6, "seal_hash")),
	}}
	Commit = &strict.Form{Name: "Commit", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, Required: true},
		strict.Hash32(2, "tree_root"),
		{Number: 13, Name: "batch_bytes", Kind: strict.Fixed32, Required: true},
		{Number: 14, Name: "durable_offset", Kind: strict.Fixed64},
		{Number: 15, Name: "crc32", Kind: strict.Fixed32, Presence: true, Required: true},
	}}
)

const rotationHeaderBytes = 8_192

// Rotations of a server's identity.
var (
	IdentityRotationHeader = &strict.Form{Name: "IdentityRotationHeader", Fields: []strict.Field{
		strict.Magic(MagicIdentityRotation),
		strict.Need(message(2, "old_identity", PublicKey)),
		strict.Need(message(3, "new_identity", PublicKey)),
		strict.Need(varint(4, "time_unix_ms")),
	}}
	IdentityRotation = &strict.Form{Name: "IdentityRotation", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, LengthMax: rotationHeaderBytes, Required: true},
		strict.Need(message(2, "old_signature", Signature)),
		strict.Need(message(3, "new_signature", Signature)),
	}}
)
