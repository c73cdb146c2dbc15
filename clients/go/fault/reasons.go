package fault

// The reasons of atedb.v1.ErrorReason.
const (
	// RequestInvalid: gRPC INVALID_ARGUMENT. A field of the request is missing or wrong; `google.rpc.BadRequest` names it. Mend the request.
	RequestInvalid Reason = "REQUEST_INVALID"
	// ChainKeyInvalid: gRPC INVALID_ARGUMENT. The chain key is not of the form `domain/name/db` or `group/db`. Mend it.
	ChainKeyInvalid Reason = "CHAIN_KEY_INVALID"
	// NonCanonical: gRPC INVALID_ARGUMENT. A header or an envelope is not in the strict form. A defect of the writer.
	NonCanonical Reason = "NON_CANONICAL"
	// BatchInvalid: gRPC INVALID_ARGUMENT. The batch contradicts itself: event count, sizes, ids. A defect of the writer.
	BatchInvalid Reason = "BATCH_INVALID"
	// HashMismatch: gRPC INVALID_ARGUMENT. Data does not hash to what its header says, or headers not to the seal's root.
	HashMismatch Reason = "HASH_MISMATCH"
	// GenesisInvalid: gRPC INVALID_ARGUMENT. The genesis says something that it may not. A defect of its maker.
	GenesisInvalid Reason = "GENESIS_INVALID"
	// Unsupported: gRPC UNIMPLEMENTED. The server does not carry this out yet, and so does not store it. Do without it.
	Unsupported Reason = "UNSUPPORTED"
	// DataTooLarge: gRPC RESOURCE_EXHAUSTED. A message, a batch, an event's header or its data is larger than the limit that the metadata names. Send less at once.
	DataTooLarge Reason = "DATA_TOO_LARGE"
	// TooManyEvents: gRPC RESOURCE_EXHAUSTED. A batch has more events than the limit that the metadata names. Split it.
	TooManyEvents Reason = "TOO_MANY_EVENTS"
	// TooManyStreams: gRPC RESOURCE_EXHAUSTED. More streams are open than the limit that the metadata names. Retry later.
	TooManyStreams Reason = "TOO_MANY_STREAMS"
	// TooManyChains: gRPC RESOURCE_EXHAUSTED. More chains are in use than the limit that the metadata names. Retry later.
	TooManyChains Reason = "TOO_MANY_CHAINS"
	// TooManyUploads: gRPC RESOURCE_EXHAUSTED. As many bytes of requests are being received and carried out as the limit that the metadata names, and have been for long. Retry later.
	TooManyUploads Reason = "TOO_MANY_UPLOADS"
	// ReaderTooSlow: gRPC RESOURCE_EXHAUSTED. The reader took nothing for as long as the metadata says, while others waited for the memory that it held. Nothing can be sent to such a reader: its stream is reset with ENHANCE_YOUR_CALM, which gRPC libraries report as this status, without details. Read on from where it was.
	ReaderTooSlow Reason = "READER_TOO_SLOW"
	// RequestTooSlow: gRPC DEADLINE_EXCEEDED. A request, or a message of a stream that had begun, did not arrive in the time that the metadata names. Send it again; if it is large and the connection slow, in smaller batches.
	RequestTooSlow Reason = "REQUEST_TOO_SLOW"
	// TooManyKeys: gRPC RESOURCE_EXHAUSTED. The chain knows as many public keys as the limit that the metadata names. Write with one of them.
	TooManyKeys Reason = "TOO_MANY_KEYS"
	// TooManyLocks: gRPC RESOURCE_EXHAUSTED. As many hold locks on this chain, and wait for them, as the limit that the metadata names. Retry later.
	TooManyLocks Reason = "TOO_MANY_LOCKS"
	// TooManyHandshakes: gRPC RESOURCE_EXHAUSTED. As many handshakes are under way, in all or from this address, as the limit that the metadata names. Retry later.
	TooManyHandshakes Reason = "TOO_MANY_HANDSHAKES"
	// ChainNotFound: gRPC NOT_FOUND. There is no chain of this key. Append to it to create it.
	ChainNotFound Reason = "CHAIN_NOT_FOUND"
	// ChainExists: gRPC ALREADY_EXISTS. A genesis was offered for a chain that has another one. The metadata names its id; open it instead, if it is trusted.
	ChainExists Reason = "CHAIN_EXISTS"
	// ChainIDMismatch: gRPC FAILED_PRECONDITION. The chain of this key has another id than the caller's. It is not the chain that was used before: find out why before trusting it.
	ChainIDMismatch Reason = "CHAIN_ID_MISMATCH"
	// TrustModeMismatch: gRPC FAILED_PRECONDITION. The genesis has a trust mode that this server does not create chains in. Offer the one in the metadata.
	TrustModeMismatch Reason = "TRUST_MODE_MISMATCH"
	// ServerIdentityMismatch: gRPC FAILED_PRECONDITION. The genesis names another server than this one. Offered with a new chain: open again for this one's identity. Made by clients of one that is there, and of a server whose identity was pinned, where no rotation leads from the one that is due to the one that was shown: the server was moved without its identity key, or somebody answers in its place; find out which.
	ServerIdentityMismatch Reason = "SERVER_IDENTITY_MISMATCH"
	// ChainDeleted: gRPC NOT_FOUND. A root of the chain had it deleted while it was in use. It can be created again, and is another one then.
	ChainDeleted Reason = "CHAIN_DELETED"
	// ChainNotPrivate: Made by clients. The chain was to be private, and everybody may open it. Use another one, or open it without that.
	ChainNotPrivate Reason = "CHAIN_NOT_PRIVATE"
	// ServerIdentityChanged: Made by clients. The server has proven another identity key than it was known by here, and no rotation leads to it: it was set up anew, or somebody answers in its place. Nothing was sent. Find out which; `atedb identity accept` accepts it.
	ServerIdentityChanged Reason = "SERVER_IDENTITY_CHANGED"
	// SignatureInvalid: gRPC UNAUTHENTICATED. A signature does not verify, or is not there. A defect, or tampering.
	SignatureInvalid Reason = "SIGNATURE_INVALID"
	// KeyNotAllowed: gRPC PERMISSION_DENIED. None of the keys that an event names has the right to it. The metadata names the event, its object, the keys, and the rule that decided with those whom it allows. Ask one of them, or use another key.
	KeyNotAllowed Reason = "KEY_NOT_ALLOWED"
	// LocalOnly: gRPC PERMISSION_DENIED. The method answers callers on the server's own machine only. Call it there.
	LocalOnly Reason = "LOCAL_ONLY"
	// KeyNotProven: gRPC UNAUTHENTICATED. The batch has no signature, and its key is not proven on this stream. Prove the key first, or sign the batch.
	KeyNotProven Reason = "KEY_NOT_PROVEN"
	// KeyUnknown: gRPC FAILED_PRECONDITION. The chain doesn't know the public key of this fingerprint. Show it in an event of the batch.
	KeyUnknown Reason = "KEY_UNKNOWN"
	// KeyRevoked: gRPC PERMISSION_DENIED. The key was replaced or revoked. The metadata names its successor, if it has one.
	KeyRevoked Reason = "KEY_REVOKED"
	// ChainPrivate: gRPC UNAUTHENTICATED. The chain is private, and the call has no ticket for it, or none that counts: it is too old, or its key is no more among those that may open the chain. Get one, see `GetTicket`, with a key that its rules name.
	ChainPrivate Reason = "CHAIN_PRIVATE"
	// WriterForked: gRPC ABORTED. The counter was used for another batch: two writers share one writer id. Never retry; continue with a new writer id.
	WriterForked Reason = "WRITER_FORKED"
	// CounterGap: gRPC FAILED_PRECONDITION. The counter skips some. Send the missing batches first. When the writer had answers for those, the server was restored from an older state: find out first.
	CounterGap Reason = "COUNTER_GAP"
	// PredecessorRejected: gRPC ABORTED. A batch before this one, on the same stream, was rejected. Seal it again, if still wanted.
	PredecessorRejected Reason = "PREDECESSOR_REJECTED"
	// WriterTakenOver: gRPC ABORTED. A newer stream has taken this writer id over. Its user goes on there.
	WriterTakenOver Reason = "WRITER_TAKEN_OVER"
	// AsOfInvalid: gRPC FAILED_PRECONDITION. The head that the seal names is not one of this chain's, or is older than the one before. Open again, compare heads, and find out why before going on.
	AsOfInvalid Reason = "AS_OF_INVALID"
	// PreconditionFailed: gRPC FAILED_PRECONDITION. A condition of the batch does not hold; metadata or message name which and what is. Read what happened, then decide anew.
	PreconditionFailed Reason = "PRECONDITION_FAILED"
	// ParentInvalid: gRPC FAILED_PRECONDITION. The object can't have the parent that the event names: the metadata says whether it would be its own ancestor, the parent is gone, the object is elsewhere, or too far from the root. Read it again.
	ParentInvalid Reason = "PARENT_INVALID"
	// ReadRuleMismatch: gRPC FAILED_PRECONDITION. The data is not sealed as the rule for reading wants: the metadata names the read key of the rule. Seal it with that one. Made by clients, without a read key: the chain was to be confidential, and isn't, or nobody has said yet who may read it.
	ReadRuleMismatch Reason = "READ_RULE_MISMATCH"
	// LockHeld: gRPC ABORTED. Somebody else holds the lock, and the caller didn't want to wait. Try again later, or wait.
	LockHeld Reason = "LOCK_HELD"
	// LeaseLost: gRPC ABORTED. The lease is not held by this token: it was given up, its stream ended or was silent for too long, the right to the object was lost, or another one was meant. Nothing was changed. Lock again, read what happened, then decide anew.
	LeaseLost Reason = "LEASE_LOST"
	// SequenceOutOfRange: gRPC OUT_OF_RANGE. The sequence is beyond the end of the chain. Subscribe to wait for it.
	SequenceOutOfRange Reason = "SEQUENCE_OUT_OF_RANGE"
	// EventNotFound: gRPC NOT_FOUND. The chain has no event of this primary key.
	EventNotFound Reason = "EVENT_NOT_FOUND"
	// ChainDamaged: gRPC DATA_LOSS. Stored bytes are damaged; the metadata names the file, the offset and the sequences. The operator restores or repairs. Also made by clients, of a chain that a server says to be damaged and that is shorter than what was verified of it; `known_size` and `served_size` say by how much.
	ChainDamaged Reason = "CHAIN_DAMAGED"
	// StorageFailed: gRPC UNAVAILABLE. A write or a sync failed, and whether the batch is stored is not known: send the same batch again later.
	StorageFailed Reason = "STORAGE_FAILED"
	// ChainReadOnly: gRPC FAILED_PRECONDITION. The chain can be read only, since its storage failed or is damaged. The operator mends it and restarts. This batch was not taken in now; one that was sent before, and told STORAGE_FAILED, may be stored all the same: send it again after the restart.
	ChainReadOnly Reason = "CHAIN_READ_ONLY"
	// FormatTooNew: gRPC FAILED_PRECONDITION. The chain's files are of a newer format than this server reads. Upgrade it.
	FormatTooNew Reason = "FORMAT_TOO_NEW"
	// ServerDraining: gRPC UNAVAILABLE. The server is shutting down, in good order. Connect again; retry what has no answer.
	ServerDraining Reason = "SERVER_DRAINING"
	// Internal: gRPC INTERNAL. A defect of the server; its log has the cause. Whether a batch is stored is not known.
	Internal Reason = "INTERNAL"
	// TLSRequired: gRPC FAILED_PRECONDITION. The server speaks TLS on this address, and was spoken to without. Connect with TLS.
	TLSRequired Reason = "TLS_REQUIRED"
	// WireRequired: gRPC FAILED_PRECONDITION. The server takes this method only through its encrypted tunnel, see `WireService`. Connect so; stock tools can have it with a proxy or TLS where the operator allows that.
	WireRequired Reason = "WIRE_REQUIRED"
	// WireHandshakeFailed: gRPC INVALID_ARGUMENT. A message of the handshake is none, or was changed on the way. Also made by clients, of what a server answers. A defect, or tampering: try again, and find out if it stays so.
	WireHandshakeFailed Reason = "WIRE_HANDSHAKE_FAILED"
	// WireShareMissing: gRPC FAILED_PRECONDITION. The client has sent no share for keys of the size that the metadata names, which the server insists on. Offer it.
	WireShareMissing Reason = "WIRE_SHARE_MISSING"
	// WireSessionUnknown: gRPC UNAUTHENTICATED. The server has no such session: it has ended, or another server gave it. Make a new one.
	WireSessionUnknown Reason = "WIRE_SESSION_UNKNOWN"
	// WireCallReplayed: gRPC ABORTED. The call was made before in this session, or is too far behind the newest one to tell. Nothing of it was carried out now. A defect, or somebody replays what was recorded.
	WireCallReplayed Reason = "WIRE_CALL_REPLAYED"
	// WireFrameInvalid: gRPC UNAUTHENTICATED. A frame of the tunnel is none, or doesn't open where it came: it was changed, moved, repeated, or one before it is missing. The call has ended; what came before stands. Also made by clients.
	WireFrameInvalid Reason = "WIRE_FRAME_INVALID"
	// WireTruncated: gRPC ABORTED. A call through the tunnel ended without the frame that ends it: it was cut. The outcome isn't known. Made by clients; on a server it ends the call.
	WireTruncated Reason = "WIRE_TRUNCATED"
	// OutcomeUnknown: Made by clients. The connection was lost for good before a batch's answer: it may be stored or not. Read the chain before sending it again as a new batch.
	OutcomeUnknown Reason = "OUTCOME_UNKNOWN"
	// VerificationFailed: Made by clients. What the server sent does not verify. The message says what; nothing of it was handed on.
	VerificationFailed Reason = "VERIFICATION_FAILED"
	// HeadConflict: Made by clients. The server's head is not an extension of the one that was verified before: history was rewritten or rolled back. Evidence is kept.
	HeadConflict Reason = "HEAD_CONFLICT"
	// WriterAhead: Made by clients. The server answers fewer batches of this writer than it acknowledged: it was restored from an older state.
	WriterAhead Reason = "WRITER_AHEAD"
	// ConnectionFailed: Made by clients. The server can't be reached. What had an answer stands; nothing else was sent.
	ConnectionFailed Reason = "CONNECTION_FAILED"
	// DeadlineExceeded: Made by clients. The deadline has passed before the answer.
	DeadlineExceeded Reason = "DEADLINE_EXCEEDED"
	// ReadKeyMissing: Made by clients. None of the user's keys was given the read key that the metadata names, with those who were. Ask one of them to share it.
	ReadKeyMissing Reason = "READ_KEY_MISSING"
	// NotAttested: Made by clients. The batch is durable, and no checkpoint that covers it was had in time. Don't append it again; open the chain for the newest checkpoint.
	NotAttested Reason = "NOT_ATTESTED"
	// TLSFailed: Made by clients. The server could not be spoken to over TLS: its certificate doesn't verify, it refuses the client's, or it speaks no TLS, or none of these versions. Trying again doesn't help; the message says what does.
	TLSFailed Reason = "TLS_FAILED"
	// WireNotRequired: gRPC FAILED_PRECONDITION. The server requires no encryption, and it was to be agreed on only if it did. Call without.
	WireNotRequired Reason = "WIRE_NOT_REQUIRED"
	// WireMissing: Made by clients. The server doesn't encrypt, or says so, and it has to: that was asked for, or it has done so before. Somebody may stand in its place. Find out; if it is meant, connect without encryption.
	WireMissing Reason = "WIRE_MISSING"
)
