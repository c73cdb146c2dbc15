package forms

import (
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

// Magics of the tunnel's handshake.
const (
	MagicClientHello    = 0x01435741
	MagicParameters     = 0x01505741
	MagicProof          = 0x01565741
	MagicServerIdentity = 0x01495741
	MagicClientFinished = 0x01465741
)

// Types of the tunnel's frames: the numbers of atedb.v1.FrameType.
const (
	FrameOpen      = 1
	FrameMessage   = 2
	FrameHalfClose = 3
	FrameStatus    = 4
	FrameHeaders   = 5
)

func exactly(number int, name string, length int) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Bytes, Length: length, Required: true}
}

func number(number int, name string) strict.Field {
	return strict.Field{Number: number, Name: name, Kind: strict.Uint32, Required: true}
}

// Messages of the handshake.
var (
	ClientHello = &strict.Form{Name: "ClientHello", Fields: []strict.Field{
		strict.Magic(MagicClientHello),
		exactly(2, "random", 32),
		number(3, "key_bits"),
		{Number: 4, Name: "shares", Kind: strict.Message, Repeated: true, CountMax: limits.HandshakeShares, Required: true,
			Form: &strict.Form{Name: "KeyShare", Fields: []strict.Field{
				number(1, "kem"),
				{Number: 2, Name: "public_key", Kind: strict.Bytes, LengthMax: limits.ShareBytes, Required: true},
			}}},
	}}
	ServerHello = &strict.Form{Name: "ServerHello", Fields: []strict.Field{
		{Number: 1, Name: "parameters", Kind: strict.Bytes, Required: true},
		{Number: 2, Name: "sealed_proof", Kind: strict.Bytes, LengthMax: limits.SealedProofBytes, Required: true},
	}}
	ServerParameters = &strict.Form{Name: "ServerParameters", Fields: []strict.Field{
		strict.Magic(MagicParameters),
		number(2, "key_bits"),
		exactly(3, "session_id", 16),
		number(4, "kem"),
		{Number: 5, Name: "encapsulated", Kind: strict.Bytes, LengthMax: limits.ShareBytes, Required: true},
		exactly(6, "sealed_secret", 48),
	}}
	ServerProof = &strict.Form{Name: "ServerProof", Fields: []strict.Field{
		strict.Magic(MagicProof),
		{Number: 2, Name: "identity", Kind: strict.Bytes, Required: true},
		strict.Need(message(3, "signature", Signature)),
		exactly(4, "finished", 32),
	}}
	ServerIdentity = &strict.Form{Name: "ServerIdentity", Fields: []strict.Field{
		strict.Magic(MagicServerIdentity),
		strict.Need(message(2, "key", PublicKey)),
		{Number: 3, Name: "rotations", Kind: strict.Bytes, LengthMax: limits.RotationBytes, Repeated: true, CountMax: limits.IdentityRotations},
		strict.Need(varint(4, "lifetime_ms")),
		strict.Need(varint(5, "idle_ms")),
		strict.Need(varint(6, "bytes_max")),
	}}
	ClientFinished = &strict.Form{Name: "ClientFinished", Fields: []strict.Field{
		strict.Magic(MagicClientFinished),
		exactly(2, "finished", 32),
	}}
)

func frameType(number int) strict.Field {
	return strict.Field{Number: number, Name: "type", Kind: strict.Enum, ValuesMax: FrameHeaders, Required: true}
}

// Frames of calls.
var (
	CallRequest = &strict.Form{Name: "CallRequest", Fields: []strict.Field{
		strict.ID16(1, "session_id"),
		varint(2, "call"),
		strict.ID16(3, "random"),
		frameType(4),
		{Number: 5, Name: "ciphertext", Kind: strict.Bytes, Required: true},
	}}
	CallResponse = &strict.Form{Name: "CallResponse", Fields: []strict.Field{
		strict.ID16(1, "random"),
		frameType(2),
		{Number: 3, Name: "ciphertext", Kind: strict.Bytes, Required: true},
	}}
)

// All are the forms by the names of their messages.
var All = func() map[string]*strict.Form {
	byName := map[string]*strict.Form{}
	for _, form := range []*strict.Form{
		PublicKey, Signature, Genesis, Authorisation, Confidentiality, WrappedKey, Roots, KeyChange, EventHeader, Event, Precondition,
		SealHeader, Seal, CommitHeader, Commit, IdentityRotationHeader, IdentityRotation, ClientHello, ServerHello, ServerParameters,
		ServerProof, ServerIdentity, ClientFinished, CallRequest, CallResponse,
	} {
		byName[form.Name] = form
	}
	return byName
}()
