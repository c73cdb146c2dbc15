// Package limits has the limits of the protocol, each with its reason. Both ends check them; docs/format.md lists them.
package limits

const (
	// BatchBytes is a batch with its commit, so that it fits into one message of a stock gRPC client, with room for framing.
	BatchBytes = 3_932_160
	// CommitBytes is room for a commit beside a batch.
	CommitBytes = 512
	// RunBytes is a batch without its commit: its events and its seal, as they are sent.
	RunBytes = BatchBytes - CommitBytes
	// BatchEvents bounds what one signature check can make a reader hash and index.
	BatchEvents = 16_384
	// EventHeaderBytes is an event's header: names, keys and rules, never content.
	EventHeaderBytes = 65_536
	// TypeNameBytes is an event's type name.
	TypeNameBytes = 255
	// ChainKeyBytes is a chain key.
	ChainKeyBytes = 255
	// Roots of a chain.
	Roots = 16
	// Signers are keys that sign a batch: as many as a chain can have roots, which all sign its genesis.
	Signers = 16
	// RuleKeys are keys that a rule names.
	RuleKeys = 16
	// AdmittedKeys may open a private chain beside those that rules of its root name.
	AdmittedKeys = 1_024
	// Delegations of a path: from who has the right to an organisation, a program and what that starts.
	Delegations = 4
	// DelegationChains are chains and owners that a delegation names.
	DelegationChains = 16
	// DelegationBytes is a delegation.
	DelegationBytes = 16_384
	// ChainDelegations are delegations that a chain knows and that haven't expired. Each is kept in memory.
	ChainDelegations = 4_096
	// OwnerBytes is the name of an owner.
	OwnerBytes = ChainKeyBytes
	// AnswerHeaderBytes is what an auth service says of an owner.
	AnswerHeaderBytes = 49_152
	// AnsweredKeys are writers that an answer names, and keys that it lets in.
	AnsweredKeys = 16
	// AnsweredChanges are keys that an answer says to count no more.
	AnsweredChanges = 256
	// RedactedSequences are events that a redaction names.
	RedactedSequences = 4_096
	// PublicKeys that an event shows.
	PublicKeys = 16
	// ChainKeys are public keys that a chain knows beside its roots. Each is kept in memory.
	ChainKeys = 4_096
	// IdentityRotations of a server.
	IdentityRotations = 16
	// WrappedKeys are read keys that an event hands out: a header has room for as many.
	WrappedKeys = 32
	// WrappedKeyBytes is a read key, sealed for a reader.
	WrappedKeyBytes = 2_048
	// TreeDepth is parents between an object and the rule that it inherits.
	TreeDepth = 64
	// Preconditions of a batch.
	Preconditions = 16
	// WriterBatchesInFlight are batches of one writer in flight, and answers kept a writer for retries.
	WriterBatchesInFlight = 128
	// GroupBytes is what is written and made durable at once.
	GroupBytes = 8_388_608

	// HandshakeHelloBytes is a client's hello.
	HandshakeHelloBytes = 16_384
	// HandshakeShares are shares in a hello.
	HandshakeShares = 8
	// ShareBytes is a public key in a hello, and what a server encapsulates to it.
	ShareBytes = 4_096
	// RotationBytes is one statement by which an identity key has passed on to the next one, in a handshake.
	RotationBytes = 16_384
	// SealedProofBytes is a server's proof, sealed.
	SealedProofBytes = 327_680
	// FramePayloadBytes is a payload of the tunnel, so that its frame fits into one message of a stock client.
	FramePayloadBytes = 4*1024*1024 - 96
	// FramesPerKey are frames under one key; then it is replaced by the next one, and forgotten.
	FramesPerKey = 1_024
)
