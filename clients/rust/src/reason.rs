//! The reasons that programs branch on.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal,)*) => {
        /// Why something was refused or failed: `atedb.v1.ErrorReason` without its prefix.
        ///
        /// The schema, `errors.proto`, says more of each: what causes it, and what to do. A newer version may have more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All of them, in the order of the schema.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The name in the schema, as `KEY_NOT_ALLOWED`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Reason::$variant => $name,)*
                }
            }

            /// Finds a reason by its name in the schema.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Reason> {
                match name {
                    $($name => Some(Reason::$variant),)*
                    _ => None,
                }
            }

            /// Finds a reason by its number in the schema, which rejections within a stream have.
            #[must_use]
            pub fn from_number(number: u64) -> Option<Reason> {
                match number {
                    $($number => Some(Reason::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

reasons! {
    /// A field of the request is missing or wrong; `google.rpc.BadRequest` names it.
    RequestInvalid = 1 "REQUEST_INVALID",
    /// The chain key is not of the form `domain/name/db` or `group/db`.
    ChainKeyInvalid = 2 "CHAIN_KEY_INVALID",
    /// A header or an envelope is not in the strict form.
    NonCanonical = 3 "NON_CANONICAL",
    /// The batch contradicts itself: event count, sizes, ids.
    BatchInvalid = 4 "BATCH_INVALID",
    /// Data does not hash to what its header says, or headers not to the seal's root.
    HashMismatch = 5 "HASH_MISMATCH",
    /// The genesis says something that it may not.
    GenesisInvalid = 6 "GENESIS_INVALID",
    /// The server does not carry this out yet, and so does not store it.
    Unsupported = 7 "UNSUPPORTED",
    /// A message, a batch, an event's header or its data is larger than the limit that the metadata
    /// names.
    DataTooLarge = 8 "DATA_TOO_LARGE",
    /// A batch has more events than the limit that the metadata names.
    TooManyEvents = 9 "TOO_MANY_EVENTS",
    /// More streams are open than the limit that the metadata names.
    TooManyStreams = 10 "TOO_MANY_STREAMS",
    /// More chains are in use than the limit that the metadata names.
    TooManyChains = 11 "TOO_MANY_CHAINS",
    /// As many bytes of requests are being received and carried out as the limit that the metadata
    /// names, and have been for long.
    TooManyUploads = 12 "TOO_MANY_UPLOADS",
    /// The reader took nothing for as long as the metadata says, while others waited for the memory
    /// that it held.
    ReaderTooSlow = 13 "READER_TOO_SLOW",
    /// A request, or a message of a stream that had begun, did not arrive in the time that the
    /// metadata names.
    RequestTooSlow = 14 "REQUEST_TOO_SLOW",
    /// The chain knows as many public keys as the limit that the metadata names.
    TooManyKeys = 15 "TOO_MANY_KEYS",
    /// As many hold locks on this chain, and wait for them, as the limit that the metadata names.
    TooManyLocks = 16 "TOO_MANY_LOCKS",
    /// As many handshakes are under way, in all or from this address, as the limit that the
    /// metadata names.
    TooManyHandshakes = 17 "TOO_MANY_HANDSHAKES",
    /// There is no chain of this key.
    ChainNotFound = 20 "CHAIN_NOT_FOUND",
    /// A genesis was offered for a chain that has another one.
    ChainExists = 21 "CHAIN_EXISTS",
    /// The chain of this key has another id than the caller's.
    ChainIdMismatch = 22 "CHAIN_ID_MISMATCH",
    /// The genesis has a trust mode that this server does not create chains in.
    TrustModeMismatch = 23 "TRUST_MODE_MISMATCH",
    /// The genesis names another server than this one.
    ServerIdentityMismatch = 24 "SERVER_IDENTITY_MISMATCH",
    /// A root of the chain had it deleted while it was in use.
    ChainDeleted = 25 "CHAIN_DELETED",
    /// Made by clients.
    ChainNotPrivate = 26 "CHAIN_NOT_PRIVATE",
    /// Made by clients.
    ServerIdentityChanged = 27 "SERVER_IDENTITY_CHANGED",
    /// A signature does not verify, or is not there.
    SignatureInvalid = 30 "SIGNATURE_INVALID",
    /// None of the keys that an event names has the right to it.
    KeyNotAllowed = 31 "KEY_NOT_ALLOWED",
    /// The method answers callers on the server's own machine only.
    LocalOnly = 32 "LOCAL_ONLY",
    /// The batch has no signature, and its key is not proven on this stream.
    KeyNotProven = 33 "KEY_NOT_PROVEN",
    /// The chain doesn't know the public key of this fingerprint.
    KeyUnknown = 34 "KEY_UNKNOWN",
    /// The key was replaced or revoked.
    KeyRevoked = 35 "KEY_REVOKED",
    /// The chain is private, and the call has no ticket for it, or none that counts: it is too old,
    /// or its key is no more among those that may open the chain.
    ChainPrivate = 36 "CHAIN_PRIVATE",
    /// The counter was used for another batch: two writers share one writer id.
    WriterForked = 40 "WRITER_FORKED",
    /// The counter skips some.
    CounterGap = 41 "COUNTER_GAP",
    /// A batch before this one, on the same stream, was rejected.
    PredecessorRejected = 42 "PREDECESSOR_REJECTED",
    /// A newer stream has taken this writer id over.
    WriterTakenOver = 43 "WRITER_TAKEN_OVER",
    /// The head that the seal names is not one of this chain's, or is older than the one before.
    AsOfInvalid = 44 "AS_OF_INVALID",
    /// A condition of the batch does not hold; metadata or message name which and what is.
    PreconditionFailed = 45 "PRECONDITION_FAILED",
    /// The object can't have the parent that the event names: the metadata says whether it would be
    /// its own ancestor, the parent is gone, the object is elsewhere, or too far from the root.
    ParentInvalid = 46 "PARENT_INVALID",
    /// The data is not sealed as the rule for reading wants: the metadata names the read key of the
    /// rule.
    ReadRuleMismatch = 47 "READ_RULE_MISMATCH",
    /// Somebody else holds the lock, and the caller didn't want to wait.
    LockHeld = 48 "LOCK_HELD",
    /// The lease is not held by this token: it was given up, its stream ended or was silent for too
    /// long, the right to the object was lost, or another one was meant.
    LeaseLost = 49 "LEASE_LOST",
    /// The sequence is beyond the end of the chain.
    SequenceOutOfRange = 50 "SEQUENCE_OUT_OF_RANGE",
    /// The chain has no event of this primary key.
    EventNotFound = 51 "EVENT_NOT_FOUND",
    /// The event, or the commit, is gone under a snapshot, whose sequence the metadata names:
    /// something newer was there, or its object was removed.
    EventGone = 52 "EVENT_GONE",
    /// The batch was made by a head that is older than the chain's horizon, which the metadata
    /// names: older batches than that may be forgotten, so this one can't be told from one that was
    /// there.
    Stale = 53 "STALE",
    /// A snapshot isn't one of this chain, or is about commits that are too young, or have no new
    /// ones.
    SnapshotInvalid = 54 "SNAPSHOT_INVALID",
    /// Stored bytes are damaged; the metadata names the file, the offset and the sequences.
    ChainDamaged = 60 "CHAIN_DAMAGED",
    /// A write or a sync failed, and whether the batch is stored is not known: send the same batch
    /// again later.
    StorageFailed = 61 "STORAGE_FAILED",
    /// The chain can be read only, since its storage failed or is damaged.
    ChainReadOnly = 62 "CHAIN_READ_ONLY",
    /// The chain's files are of a newer format than this server reads.
    FormatTooNew = 63 "FORMAT_TOO_NEW",
    /// The server is shutting down, in good order.
    ServerDraining = 70 "SERVER_DRAINING",
    /// A defect of the server; its log has the cause.
    Internal = 71 "INTERNAL",
    /// The server speaks TLS on this address, and was spoken to without.
    TlsRequired = 72 "TLS_REQUIRED",
    /// The server takes this method only through its encrypted tunnel, see `WireService`.
    WireRequired = 73 "WIRE_REQUIRED",
    /// A message of the handshake is none, or was changed on the way.
    WireHandshakeFailed = 74 "WIRE_HANDSHAKE_FAILED",
    /// The client has sent no share for keys of the size that the metadata names, which the server
    /// insists on.
    WireShareMissing = 75 "WIRE_SHARE_MISSING",
    /// The server has no such session: it has ended, or another server gave it.
    WireSessionUnknown = 76 "WIRE_SESSION_UNKNOWN",
    /// The call was made before in this session, or is too far behind the newest one to tell.
    WireCallReplayed = 77 "WIRE_CALL_REPLAYED",
    /// A frame of the tunnel is none, or doesn't open where it came: it was changed, moved,
    /// repeated, or one before it is missing.
    WireFrameInvalid = 78 "WIRE_FRAME_INVALID",
    /// A call through the tunnel ended without the frame that ends it: it was cut.
    WireTruncated = 79 "WIRE_TRUNCATED",
    /// Made by clients.
    OutcomeUnknown = 80 "OUTCOME_UNKNOWN",
    /// Made by clients.
    VerificationFailed = 81 "VERIFICATION_FAILED",
    /// Made by clients.
    HeadConflict = 82 "HEAD_CONFLICT",
    /// Made by clients.
    WriterAhead = 83 "WRITER_AHEAD",
    /// Made by clients.
    ConnectionFailed = 84 "CONNECTION_FAILED",
    /// Made by clients.
    DeadlineExceeded = 85 "DEADLINE_EXCEEDED",
    /// Made by clients.
    ReadKeyMissing = 86 "READ_KEY_MISSING",
    /// Made by clients.
    NotAttested = 87 "NOT_ATTESTED",
    /// Made by clients.
    TlsFailed = 88 "TLS_FAILED",
    /// The server requires no encryption, and it was to be agreed on only if it did.
    WireNotRequired = 89 "WIRE_NOT_REQUIRED",
    /// Made by clients.
    WireMissing = 90 "WIRE_MISSING",
    /// The chain was compacted under another snapshot while its older part was being read, so that
    /// it can't be gone on with where the reader is.
    HistoryCompacted = 91 "HISTORY_COMPACTED",
    /// The account's name is taken, or was, by one that was removed.
    AccountExists = 100 "ACCOUNT_EXISTS",
    /// There is no account of this name.
    AccountUnknown = 101 "ACCOUNT_UNKNOWN",
    /// The account was removed: nothing changes it any more, and nobody can have its name again.
    AccountRemoved = 102 "ACCOUNT_REMOVED",
    /// The account has another act in the place of this one, or lacks those before it; the metadata
    /// names its version.
    VersionConflict = 103 "VERSION_CONFLICT",
    /// An act contradicts itself or its account.
    ActInvalid = 104 "ACT_INVALID",
    /// An act is signed by keys that have no right to it; the metadata names whose signature it
    /// wants.
    ActNotAllowed = 105 "ACT_NOT_ALLOWED",
    /// The account, the password, the recovery code or the one-time code is not right, or the
    /// account has none: which of these is not told.
    LoginFailed = 106 "LOGIN_FAILED",
    /// Too many tries have failed, of this account, from this address or in all; the metadata says
    /// until when, in milliseconds since 1970-01-01 UTC, nothing is tried.
    LoginLocked = 107 "LOGIN_LOCKED",
    /// What belongs to accounts is spoken of through the encrypted tunnel or TLS only.
    AuthLinkUnsafe = 108 "AUTH_LINK_UNSAFE",
    /// The code that was mailed or shown is another one, or too old, or was tried too often.
    CodeInvalid = 109 "CODE_INVALID",
    /// This server verifies nobody's mail address, and so lets users be created from its own
    /// machine only.
    SignUpClosed = 110 "SIGN_UP_CLOSED",
    /// As many accounts were created from this address, codes sent to this account, or acts of it
    /// taken in a day as the limit that the metadata names.
    AccountLimit = 111 "ACCOUNT_LIMIT",
    /// The mail with the code could not be sent; the server's log says why.
    MailFailed = 112 "MAIL_FAILED",
    /// The server wants its terms accepted; the metadata has their hash, and `DescribeAuth` their
    /// text.
    TermsNotAccepted = 113 "TERMS_NOT_ACCEPTED",
    /// Made by clients.
    NotLoggedIn = 114 "NOT_LOGGED_IN",
    /// There is no account of this owner, so nobody may write its chains.
    OwnerUnknown = 120 "OWNER_UNKNOWN",
    /// An answer about an owner isn't what it should be: of another owner or auth service, not
    /// signed by it, older than the one that the chain has, or expired.
    AuthAnswerInvalid = 121 "AUTH_ANSWER_INVALID",
    /// The newest answer about the owner that the chain has counts no more, so it takes nothing; it
    /// can be read.
    AuthAnswerExpired = 122 "AUTH_ANSWER_EXPIRED",
    /// The auth service can't be reached, or doesn't answer.
    AuthUnavailable = 123 "AUTH_UNAVAILABLE",
    /// The owner's account was removed: its chains can be read, and take nothing any more.
    OwnerRemoved = 124 "OWNER_REMOVED",
    /// The name can't be had by claiming it: the message says why, and names the command that
    /// creates the account.
    ClaimNotAllowed = 125 "CLAIM_NOT_ALLOWED",
    /// The auth service has another identity than it was known by here, and no rotation leads to
    /// it.
    AuthIdentityChanged = 126 "AUTH_IDENTITY_CHANGED",
    /// The server creates centralized chains by what its auth service says of their owners.
    AuthAnswerRequired = 127 "AUTH_ANSWER_REQUIRED",
    /// A delegation is none, is not signed by its issuer and its subject, or doesn't follow from
    /// the one before it.
    DelegationInvalid = 130 "DELEGATION_INVALID",
    /// A delegation doesn't count in this chain, or gives no right to this: the metadata names its
    /// `chains`.
    DelegationOutOfScope = 131 "DELEGATION_OUT_OF_SCOPE",
    /// A delegation counts no more, or not yet, by the server's clock.
    DelegationExpired = 132 "DELEGATION_EXPIRED",
    /// The chain knows as many delegations that haven't expired as it can.
    TooManyDelegations = 133 "TOO_MANY_DELEGATIONS",
    /// The key has no role in the group, or there is no such group.
    GroupDenied = 134 "GROUP_DENIED",
    /// A member of a group isn't the user that is named: that user has another key by now, or is
    /// not known here.
    MemberInvalid = 135 "MEMBER_INVALID",
    /// A group would have more members or roles, or a key roles in more groups, than can be.
    GroupLimit = 136 "GROUP_LIMIT",
    /// Made by clients.
    DnsFailed = 150 "DNS_FAILED",
    /// Made by clients.
    DnsNameNotFound = 151 "DNS_NAME_NOT_FOUND",
    /// Made by clients.
    DnsNotValidated = 152 "DNS_NOT_VALIDATED",
    /// Made by clients.
    IdentityRecordInvalid = 153 "IDENTITY_RECORD_INVALID",
    /// The disk that the chain lies on has less room than the metadata says is needed: to rewrite a
    /// segment, or to go on growing, since a part of it is kept for compaction and for tombstones,
    /// which are taken still.
    DiskFull = 160 "DISK_FULL",
    /// The chain is being compacted, or its data is being erased, by somebody else.
    CompactionRunning = 161 "COMPACTION_RUNNING",
    /// A redaction names what it can't erase: an event of another object, one that is not before
    /// it, or none.
    RedactionInvalid = 170 "REDACTION_INVALID",
    /// The event's data is not there any more: it was redacted, or dropped since something newer is
    /// there.
    DataGone = 171 "DATA_GONE",
    /// Made by commands.
    BackupMismatch = 172 "BACKUP_MISMATCH",
    /// The chain, or all chains of its owner together, would have more bytes on the server than its
    /// operator allows. The metadata says which, the limit, what is used, and what the batch needs.
    QuotaExceeded = 190 "QUOTA_EXCEEDED",
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
