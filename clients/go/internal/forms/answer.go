package forms

import (
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

const delegationHeaderBytes = 8_192

// What an auth service says, and what one key lets another do.
var (
	AuthAnswerHeader = &strict.Form{Name: "AuthAnswerHeader", Fields: []strict.Field{
		strict.Magic(MagicAuthAnswer),
		{Number: 2, Name: "owner", Kind: strict.String, LengthMax: limits.OwnerBytes, Required: true},
		varint(3, "version"),
		strict.Need(varint(4, "issued_unix_ms")),
		strict.Need(varint(5, "expires_unix_ms")),
		strict.Need(keys(6, "roots", limits.Roots)),
		keys(7, "writers", limits.AnsweredKeys),
		strict.Hashes32(8, "admitted", limits.AnsweredKeys),
		{Number: 9, Name: "changed", Kind: strict.Message, Repeated: true, CountMax: limits.AnsweredChanges,
			Form: &strict.Form{Name: "AnsweredChange", Fields: []strict.Field{
				strict.Need(strict.Hash32(1, "fingerprint")),
				strict.Hash32(2, "successor"),
			}}},
		flag(10, "unverified"),
		flag(11, "removed"),
		strict.Need(message(12, "identity", PublicKey)),
	}}
	AuthAnswer = &strict.Form{Name: "AuthAnswer", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, LengthMax: limits.AnswerHeaderBytes, Required: true},
		strict.Need(message(2, "signature", Signature)),
		{Number: 3, Name: "rotations", Kind: strict.Message, Form: IdentityRotation, Repeated: true, CountMax: limits.IdentityRotations},
	}}
	DelegationHeader = &strict.Form{Name: "DelegationHeader", Fields: []strict.Field{
		strict.Magic(MagicDelegation),
		strict.Need(strict.Hash32(2, "issuer")),
		strict.Need(message(3, "subject", PublicKey)),
		{Number: 4, Name: "chains", Kind: strict.String, LengthMax: limits.ChainKeyBytes, Repeated: true, CountMax: limits.DelegationChains, Required: true},
		flag(5, "may_write"),
		flag(6, "may_read"),
		varint(7, "not_before_unix_ms"),
		strict.Need(varint(8, "expires_unix_ms")),
		strict.Need(strict.ID16(9, "serial")),
	}}
	Delegation = &strict.Form{Name: "Delegation", Fields: []strict.Field{
		{Number: 1, Name: "header", Kind: strict.Bytes, LengthMax: delegationHeaderBytes, Required: true},
		strict.Need(message(2, "signature", Signature)),
		strict.Need(message(3, "possession", Signature)),
	}}
	Token = &strict.Form{Name: "Token", Fields: []strict.Field{
		{Number: 1, Name: "suite", Kind: strict.Enum, ValuesMax: suites, Required: true},
		exactly(2, "seed", 64),
		{Number: 3, Name: "kem_suite", Kind: strict.Enum, ValuesMax: 1},
		{Number: 4, Name: "kem_seed", Kind: strict.Bytes, Length: 32},
		{Number: 5, Name: "delegations", Kind: strict.Bytes, LengthMax: limits.DelegationBytes, Repeated: true, CountMax: limits.Delegations, Required: true},
		strict.Need(message(6, "issuer", PublicKey)),
	}}
)
