package io.atedb;

/**
 * Why something was refused or failed: {@code atedb.v1.ErrorReason} of the schema, without its
 * prefix.
 *
 * <p>Branch on these, never on messages. A test holds this list and the schema together.
 */
public enum Reason {
  /**
   * INVALID_ARGUMENT. A field of the request is missing or wrong; {@code google.rpc.BadRequest}
   * names it. Mend the request.
   */
  REQUEST_INVALID(1),

  /**
   * INVALID_ARGUMENT. The chain key is not of the form {@code domain/name/db} or {@code group/db}.
   * Mend it.
   */
  CHAIN_KEY_INVALID(2),

  /**
   * INVALID_ARGUMENT. A header or an envelope is not in the strict form. A defect of the writer.
   */
  NON_CANONICAL(3),

  /**
   * INVALID_ARGUMENT. The batch contradicts itself: event count, sizes, ids. A defect of the
   * writer.
   */
  BATCH_INVALID(4),

  /**
   * INVALID_ARGUMENT. Data does not hash to what its header says, or headers not to the seal's
   * root.
   */
  HASH_MISMATCH(5),

  /** INVALID_ARGUMENT. The genesis says something that it may not. A defect of its maker. */
  GENESIS_INVALID(6),

  /**
   * UNIMPLEMENTED. The server does not carry this out yet, and so does not store it. Do without it.
   */
  UNSUPPORTED(7),

  /**
   * RESOURCE_EXHAUSTED. A message, a batch, an event's header or its data is larger than the limit
   * that the metadata names. Send less at once.
   */
  DATA_TOO_LARGE(8),

  /**
   * RESOURCE_EXHAUSTED. A batch has more events than the limit that the metadata names. Split it.
   */
  TOO_MANY_EVENTS(9),

  /**
   * RESOURCE_EXHAUSTED. More streams are open than the limit that the metadata names. Retry later.
   */
  TOO_MANY_STREAMS(10),

  /**
   * RESOURCE_EXHAUSTED. More chains are in use than the limit that the metadata names. Retry later.
   */
  TOO_MANY_CHAINS(11),

  /**
   * RESOURCE_EXHAUSTED. As many bytes of requests are being received and carried out as the limit
   * that the metadata names, and have been for long. Retry later.
   */
  TOO_MANY_UPLOADS(12),

  /**
   * RESOURCE_EXHAUSTED. The reader took nothing for as long as the metadata says, while others
   * waited for the memory that it held. Nothing can be sent to such a reader: its stream is reset
   * with ENHANCE_YOUR_CALM, which gRPC libraries report as this status, without details. Read on
   * from where it was.
   */
  READER_TOO_SLOW(13),

  /**
   * DEADLINE_EXCEEDED. A request, or a message of a stream that had begun, did not arrive in the
   * time that the metadata names. Send it again; if it is large and the connection slow, in smaller
   * batches.
   */
  REQUEST_TOO_SLOW(14),

  /**
   * RESOURCE_EXHAUSTED. The chain knows as many public keys as the limit that the metadata names.
   * Write with one of them.
   */
  TOO_MANY_KEYS(15),

  /**
   * RESOURCE_EXHAUSTED. As many hold locks on this chain, and wait for them, as the limit that the
   * metadata names. Retry later.
   */
  TOO_MANY_LOCKS(16),

  /**
   * RESOURCE_EXHAUSTED. As many handshakes are under way, in all or from this address, as the limit
   * that the metadata names. Retry later.
   */
  TOO_MANY_HANDSHAKES(17),

  /** NOT_FOUND. There is no chain of this key. Append to it to create it. */
  CHAIN_NOT_FOUND(20),

  /**
   * ALREADY_EXISTS. A genesis was offered for a chain that has another one. The metadata names its
   * id; open it instead, if it is trusted.
   */
  CHAIN_EXISTS(21),

  /**
   * FAILED_PRECONDITION. The chain of this key has another id than the caller's. It is not the
   * chain that was used before: find out why before trusting it.
   */
  CHAIN_ID_MISMATCH(22),

  /**
   * FAILED_PRECONDITION. The genesis has a trust mode that this server does not create chains in.
   * Offer the one in the metadata.
   */
  TRUST_MODE_MISMATCH(23),

  /**
   * FAILED_PRECONDITION. The genesis names another server than this one. Offered with a new chain:
   * open again for this one's identity. Made by clients of one that is there, and of a server whose
   * identity was pinned, where no rotation leads from the one that is due to the one that was
   * shown: the server was moved without its identity key, or somebody answers in its place; find
   * out which.
   */
  SERVER_IDENTITY_MISMATCH(24),

  /**
   * NOT_FOUND. A root of the chain had it deleted while it was in use. It can be created again, and
   * is another one then.
   */
  CHAIN_DELETED(25),

  /**
   * Made by clients. The chain was to be private, and everybody may open it. Use another one, or
   * open it without that.
   */
  CHAIN_NOT_PRIVATE(26),

  /**
   * Made by clients. The server has proven another identity key than it was known by here, and no
   * rotation leads to it: it was set up anew, or somebody answers in its place. Nothing was sent.
   * Find out which; {@code atedb identity accept} accepts it.
   */
  SERVER_IDENTITY_CHANGED(27),

  /** UNAUTHENTICATED. A signature does not verify, or is not there. A defect, or tampering. */
  SIGNATURE_INVALID(30),

  /**
   * PERMISSION_DENIED. None of the keys that an event names has the right to it. The metadata names
   * the event, its object, the keys, and the rule that decided with those whom it allows. Ask one
   * of them, or use another key.
   */
  KEY_NOT_ALLOWED(31),

  /**
   * PERMISSION_DENIED. The method answers callers on the server's own machine only. Call it there.
   */
  LOCAL_ONLY(32),

  /**
   * UNAUTHENTICATED. The batch has no signature, and its key is not proven on this stream. Prove
   * the key first, or sign the batch.
   */
  KEY_NOT_PROVEN(33),

  /**
   * FAILED_PRECONDITION. The chain doesn't know the public key of this fingerprint. Show it in an
   * event of the batch.
   */
  KEY_UNKNOWN(34),

  /**
   * PERMISSION_DENIED. The key was replaced or revoked. The metadata names its successor, if it has
   * one.
   */
  KEY_REVOKED(35),

  /**
   * UNAUTHENTICATED. The chain is private, and the call has no ticket for it, or none that counts:
   * it is too old, or its key is no more among those that may open the chain. Get one, see {@code
   * GetTicket}, with a key that its rules name.
   */
  CHAIN_PRIVATE(36),

  /**
   * ABORTED. The counter was used for another batch: two writers share one writer id. Never retry;
   * continue with a new writer id.
   */
  WRITER_FORKED(40),

  /**
   * FAILED_PRECONDITION. The counter skips some. Send the missing batches first. When the writer
   * had answers for those, the server was restored from an older state: find out first.
   */
  COUNTER_GAP(41),

  /**
   * ABORTED. A batch before this one, on the same stream, was rejected. Seal it again, if still
   * wanted.
   */
  PREDECESSOR_REJECTED(42),

  /** ABORTED. A newer stream has taken this writer id over. Its user goes on there. */
  WRITER_TAKEN_OVER(43),

  /**
   * FAILED_PRECONDITION. The head that the seal names is not one of this chain's, or is older than
   * the one before. Open again, compare heads, and find out why before going on.
   */
  AS_OF_INVALID(44),

  /**
   * FAILED_PRECONDITION. A condition of the batch does not hold; metadata or message name which and
   * what is. Read what happened, then decide anew.
   */
  PRECONDITION_FAILED(45),

  /**
   * FAILED_PRECONDITION. The object can't have the parent that the event names: the metadata says
   * whether it would be its own ancestor, the parent is gone, the object is elsewhere, or too far
   * from the root. Read it again.
   */
  PARENT_INVALID(46),

  /**
   * FAILED_PRECONDITION. The data is not sealed as the rule for reading wants: the metadata names
   * the read key of the rule. Seal it with that one. Made by clients, without a read key: the chain
   * was to be confidential, and isn't, or nobody has said yet who may read it.
   */
  READ_RULE_MISMATCH(47),

  /**
   * ABORTED. Somebody else holds the lock, and the caller didn't want to wait. Try again later, or
   * wait.
   */
  LOCK_HELD(48),

  /**
   * ABORTED. The lease is not held by this token: it was given up, its stream ended or was silent
   * for too long, the right to the object was lost, or another one was meant. Nothing was changed.
   * Lock again, read what happened, then decide anew.
   */
  LEASE_LOST(49),

  /** OUT_OF_RANGE. The sequence is beyond the end of the chain. Subscribe to wait for it. */
  SEQUENCE_OUT_OF_RANGE(50),

  /** NOT_FOUND. The chain has no event of this primary key. */
  EVENT_NOT_FOUND(51),

  /**
   * FAILED_PRECONDITION. The event, or the commit, is gone under a snapshot, whose sequence the
   * metadata names: something newer was there, or its object was removed. That it was part of the
   * chain can be proven still by who has kept it.
   */
  EVENT_GONE(52),

  /**
   * ABORTED. The batch was made by a head that is older than the chain's horizon, which the
   * metadata names: older batches than that may be forgotten, so this one can't be told from one
   * that was there. Nothing was written. Open the chain again, look at what has happened, and make
   * the batch anew.
   */
  STALE(53),

  /**
   * FAILED_PRECONDITION. A snapshot isn't one of this chain, or is about commits that are too
   * young, or have no new ones. Read the chain, and make it anew.
   */
  SNAPSHOT_INVALID(54),

  /**
   * DATA_LOSS. Stored bytes are damaged; the metadata names the file, the offset and the sequences.
   * The operator restores or repairs. Also made by clients, of a chain that a server says to be
   * damaged and that is shorter than what was verified of it; {@code known_size} and {@code
   * served_size} say by how much.
   */
  CHAIN_DAMAGED(60),

  /**
   * UNAVAILABLE. A write or a sync failed, and whether the batch is stored is not known: send the
   * same batch again later.
   */
  STORAGE_FAILED(61),

  /**
   * FAILED_PRECONDITION. The chain can be read only, since its storage failed or is damaged. The
   * operator mends it and restarts. This batch was not taken in now; one that was sent before, and
   * told STORAGE_FAILED, may be stored all the same: send it again after the restart.
   */
  CHAIN_READ_ONLY(62),

  /**
   * FAILED_PRECONDITION. The chain's files are of a newer format than this server reads. Upgrade
   * it.
   */
  FORMAT_TOO_NEW(63),

  /**
   * UNAVAILABLE. The server is shutting down, in good order. Connect again; retry what has no
   * answer.
   */
  SERVER_DRAINING(70),

  /**
   * INTERNAL. A defect of the server; its log has the cause. Whether a batch is stored is not
   * known.
   */
  INTERNAL(71),

  /**
   * FAILED_PRECONDITION. The server speaks TLS on this address, and was spoken to without. Connect
   * with TLS.
   */
  TLS_REQUIRED(72),

  /**
   * FAILED_PRECONDITION. The server takes this method only through its encrypted tunnel, see {@code
   * WireService}. Connect so; stock tools can have it with a proxy or TLS where the operator allows
   * that.
   */
  WIRE_REQUIRED(73),

  /**
   * INVALID_ARGUMENT. A message of the handshake is none, or was changed on the way. Also made by
   * clients, of what a server answers. A defect, or tampering: try again, and find out if it stays
   * so.
   */
  WIRE_HANDSHAKE_FAILED(74),

  /**
   * FAILED_PRECONDITION. The client has sent no share for keys of the size that the metadata names,
   * which the server insists on. Offer it.
   */
  WIRE_SHARE_MISSING(75),

  /**
   * UNAUTHENTICATED. The server has no such session: it has ended, or another server gave it. Make
   * a new one.
   */
  WIRE_SESSION_UNKNOWN(76),

  /**
   * ABORTED. The call was made before in this session, or is too far behind the newest one to tell.
   * Nothing of it was carried out now. A defect, or somebody replays what was recorded.
   */
  WIRE_CALL_REPLAYED(77),

  /**
   * UNAUTHENTICATED. A frame of the tunnel is none, or doesn't open where it came: it was changed,
   * moved, repeated, or one before it is missing. The call has ended; what came before stands. Also
   * made by clients.
   */
  WIRE_FRAME_INVALID(78),

  /**
   * ABORTED. A call through the tunnel ended without the frame that ends it: it was cut. The
   * outcome isn't known. Made by clients; on a server it ends the call.
   */
  WIRE_TRUNCATED(79),

  /**
   * Made by clients. The connection was lost for good before a batch's answer: it may be stored or
   * not. Read the chain before sending it again as a new batch.
   */
  OUTCOME_UNKNOWN(80),

  /**
   * Made by clients. What the server sent does not verify. The message says what; nothing of it was
   * handed on.
   */
  VERIFICATION_FAILED(81),

  /**
   * Made by clients. The server's head is not an extension of the one that was verified before:
   * history was rewritten or rolled back. Evidence is kept.
   */
  HEAD_CONFLICT(82),

  /**
   * Made by clients. The server answers fewer batches of this writer than it acknowledged: it was
   * restored from an older state.
   */
  WRITER_AHEAD(83),

  /**
   * Made by clients. The server can't be reached. What had an answer stands; nothing else was sent.
   */
  CONNECTION_FAILED(84),

  /** Made by clients. The deadline has passed before the answer. */
  DEADLINE_EXCEEDED(85),

  /**
   * Made by clients. None of the user's keys was given the read key that the metadata names, with
   * those who were. Ask one of them to share it.
   */
  READ_KEY_MISSING(86),

  /**
   * Made by clients. The batch is durable, and no checkpoint that covers it was had in time. Don't
   * append it again; open the chain for the newest checkpoint.
   */
  NOT_ATTESTED(87),

  /**
   * Made by clients. The server could not be spoken to over TLS: its certificate doesn't verify, it
   * refuses the client's, or it speaks no TLS, or none of these versions. Trying again doesn't
   * help; the message says what does.
   */
  TLS_FAILED(88),

  /**
   * FAILED_PRECONDITION. The server requires no encryption, and it was to be agreed on only if it
   * did. Call without.
   */
  WIRE_NOT_REQUIRED(89),

  /**
   * Made by clients. The server doesn't encrypt, or says so, and it has to: that was asked for, or
   * it has done so before. Somebody may stand in its place. Find out; if it is meant, connect
   * without encryption.
   */
  WIRE_MISSING(90),

  /**
   * ABORTED. The chain was compacted under another snapshot while its older part was being read, so
   * that it can't be gone on with where the reader is. Nothing is wrong; read again. Also made by
   * clients, who then can't check what they have read.
   */
  HISTORY_COMPACTED(91),

  /**
   * ALREADY_EXISTS. The account's name is taken, or was, by one that was removed. Use another one,
   * or log in.
   */
  ACCOUNT_EXISTS(100),

  /** NOT_FOUND. There is no account of this name. Mend the name, or create it. */
  ACCOUNT_UNKNOWN(101),

  /**
   * FAILED_PRECONDITION. The account was removed: nothing changes it any more, and nobody can have
   * its name again.
   */
  ACCOUNT_REMOVED(102),

  /**
   * ABORTED. The account has another act in the place of this one, or lacks those before it; the
   * metadata names its version. Fetch the account again, then decide anew.
   */
  VERSION_CONFLICT(103),

  /** INVALID_ARGUMENT. An act contradicts itself or its account. A defect of its maker. */
  ACT_INVALID(104),

  /**
   * PERMISSION_DENIED. An act is signed by keys that have no right to it; the metadata names whose
   * signature it wants. Use that key.
   */
  ACT_NOT_ALLOWED(105),

  /**
   * UNAUTHENTICATED. The account, the password, the recovery code or the one-time code is not
   * right, or the account has none: which of these is not told. Try again.
   */
  LOGIN_FAILED(106),

  /**
   * RESOURCE_EXHAUSTED. Too many tries have failed, of this account, from this address or in all;
   * the metadata says until when, in milliseconds since 1970-01-01 UTC, nothing is tried. Wait
   * until then.
   */
  LOGIN_LOCKED(107),

  /**
   * FAILED_PRECONDITION. What belongs to accounts is spoken of through the encrypted tunnel or TLS
   * only. Connect so. Also made by clients, before anything was sent.
   */
  AUTH_LINK_UNSAFE(108),

  /**
   * UNAUTHENTICATED. The code that was mailed or shown is another one, or too old, or was tried too
   * often. Have a new one sent.
   */
  CODE_INVALID(109),

  /**
   * PERMISSION_DENIED. This server verifies nobody's mail address, and so lets users be created
   * from its own machine only. Do it there, or ask its operator.
   */
  SIGN_UP_CLOSED(110),

  /**
   * RESOURCE_EXHAUSTED. As many accounts were created from this address, codes sent to this
   * account, or acts of it taken in a day as the limit that the metadata names. Retry tomorrow.
   */
  ACCOUNT_LIMIT(111),

  /**
   * UNAVAILABLE. The mail with the code could not be sent; the server's log says why. Retry later.
   */
  MAIL_FAILED(112),

  /**
   * FAILED_PRECONDITION. The server wants its terms accepted; the metadata has their hash, and
   * {@code DescribeAuth} their text. Accept them.
   */
  TERMS_NOT_ACCEPTED(113),

  /** Made by clients. The command needs somebody who is logged in, and nobody is. Log in. */
  NOT_LOGGED_IN(114),

  /**
   * NOT_FOUND. There is no account of this owner, so nobody may write its chains. The message names
   * the one command that creates it; {@code claimable} in the metadata says whether the caller may
   * have the name with its key, see {@code ClaimOwner}.
   */
  OWNER_UNKNOWN(120),

  /**
   * INVALID_ARGUMENT. An answer about an owner isn't what it should be: of another owner or auth
   * service, not signed by it, older than the one that the chain has, or expired. A defect, or
   * tampering.
   */
  AUTH_ANSWER_INVALID(121),

  /**
   * FAILED_PRECONDITION. The newest answer about the owner that the chain has counts no more, so it
   * takes nothing; it can be read. Retry when the auth service can be reached again.
   */
  AUTH_ANSWER_EXPIRED(122),

  /** UNAVAILABLE. The auth service can't be reached, or doesn't answer. Retry later. */
  AUTH_UNAVAILABLE(123),

  /**
   * FAILED_PRECONDITION. The owner's account was removed: its chains can be read, and take nothing
   * any more.
   */
  OWNER_REMOVED(124),

  /**
   * PERMISSION_DENIED. The name can't be had by claiming it: the message says why, and names the
   * command that creates the account.
   */
  CLAIM_NOT_ALLOWED(125),

  /**
   * FAILED_PRECONDITION. The auth service has another identity than it was known by here, and no
   * rotation leads to it. Nothing that it says counts. Its operator, or the server's, has to find
   * out why.
   */
  AUTH_IDENTITY_CHANGED(126),

  /**
   * FAILED_PRECONDITION. The server creates centralized chains by what its auth service says of
   * their owners. Open the chain for appending and take the genesis that is offered.
   */
  AUTH_ANSWER_REQUIRED(127),

  /**
   * INVALID_ARGUMENT. A delegation is none, is not signed by its issuer and its subject, or doesn't
   * follow from the one before it. The metadata names it by its {@code serial} where it has one.
   * Ask its issuer for another.
   */
  DELEGATION_INVALID(130),

  /**
   * PERMISSION_DENIED. A delegation doesn't count in this chain, or gives no right to this: the
   * metadata names its {@code chains}. Ask its issuer for a wider one.
   */
  DELEGATION_OUT_OF_SCOPE(131),

  /**
   * PERMISSION_DENIED. A delegation counts no more, or not yet, by the server's clock. Ask its
   * issuer for another.
   */
  DELEGATION_EXPIRED(132),

  /**
   * RESOURCE_EXHAUSTED. The chain knows as many delegations that haven't expired as it can. Wait
   * until some expire, or write with a key that rules name.
   */
  TOO_MANY_DELEGATIONS(133),

  /**
   * PERMISSION_DENIED. The key has no role in the group, or there is no such group. Ask an owner or
   * a delegate of it to add you.
   */
  GROUP_DENIED(134),

  /**
   * INVALID_ARGUMENT. A member of a group isn't the user that is named: that user has another key
   * by now, or is not known here. Fetch the user's key again, and make the act anew.
   */
  MEMBER_INVALID(135),

  /**
   * RESOURCE_EXHAUSTED. A group would have more members or roles, or a key roles in more groups,
   * than can be. The metadata has the limit.
   */
  GROUP_LIMIT(136),

  /**
   * Made by clients. No name server that was asked has answered, or none with an answer. The
   * metadata has the name, the type of record and who was asked. Try again; if it stays so, ask
   * another one.
   */
  DNS_FAILED(150),

  /** Made by clients. The name server says that the name has no address. Check how it is spelt. */
  DNS_NAME_NOT_FOUND(151),

  /**
   * Made by clients. Answers of DNS were to validate (DNSSEC), and one doesn't: {@code fault} of
   * the metadata says whether it is {@code unsigned}, {@code expired}, {@code forged}, {@code
   * no-anchor}, {@code anchor-mismatch}, {@code unsupported}, {@code absence-unproven} or {@code
   * too-much}. Nothing was sent to the server. Trying again doesn't help.
   */
  DNS_NOT_VALIDATED(152),

  /**
   * Made by clients. The record that publishes a server's identity can't be read. Its operator has
   * to mend it.
   */
  IDENTITY_RECORD_INVALID(153),

  /**
   * RESOURCE_EXHAUSTED. The disk that the chain lies on has less room than the metadata says is
   * needed: to rewrite a segment, or to go on growing, since a part of it is kept for compaction
   * and for tombstones, which are taken still. Make room: compact the chain, delete others, or
   * enlarge the disk; then try again.
   */
  DISK_FULL(160),

  /**
   * FAILED_PRECONDITION. The chain is being compacted, or its data is being erased, by somebody
   * else. Try again when that has ended.
   */
  COMPACTION_RUNNING(161),

  /**
   * INVALID_ARGUMENT. A redaction names what it can't erase: an event of another object, one that
   * is not before it, or none. The metadata says which. Read which events the object has.
   */
  REDACTION_INVALID(170),

  /**
   * FAILED_PRECONDITION. The event's data is not there any more: it was redacted, or dropped since
   * something newer is there. The metadata says which. Its header still proves what it was. Also
   * made by clients.
   */
  DATA_GONE(171),

  /**
   * FAILED_PRECONDITION. Made by commands. The folder of a backup has a copy of another chain, the
   * keys of another server, or a copy of a history that the chain doesn't go on: it was restored
   * from an older state. Nothing was changed. Back up to another folder, and find out why.
   */
  BACKUP_MISMATCH(172),

  /**
   * RESOURCE_EXHAUSTED. The chain, or all chains of its owner together, would have more bytes on
   * the server than its operator allows. The metadata says which ({@code quota}), the limit, what
   * is used, and what the batch needs.
   */
  QUOTA_EXCEEDED(190);

  private final int number;

  Reason(int number) {
    this.number = number;
  }

  /**
   * Gives its number in the schema.
   *
   * @return a number from 1 on
   */
  public int number() {
    return number;
  }
}
