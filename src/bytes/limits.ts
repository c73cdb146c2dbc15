/** The limits of the protocol, each with its reason. Both ends check them; docs/format.md lists them. */

/** What every stock gRPC client receives at most in one message. */
export const grpcMessageBytesMax = 4 * 1024 * 1024;

/** A batch with its commit, so that it fits into one message of a stock client with room for framing. */
export const batchBytesMax = 3.75 * 1024 * 1024;

/** Room for a commit beside a batch: header, root and storage fields take under 200 bytes. */
export const commitBytesMax = 512;

/** A batch without its commit: its events and its seal, as they are sent. */
export const runBytesMax = batchBytesMax - commitBytesMax;

/** What stands before a batch for commits that are gone: at most 106 hashes, and numbers. Only in files and answers of a server. */
export const gapBytesMax = 4_096;

/** Events in a batch. Bounds what one signature check can make the server hash and index. */
export const batchEventsMax = 16_384;

/** An event's header: names, keys and rules, never content. */
export const eventHeaderBytesMax = 65_536;

/** An event's type name. */
export const typeNameBytesMax = 255;

/** A chain key. */
export const chainKeyBytesMax = 255;

/** The name of an account, `name@domain` or `name`: what owns a chain is not longer than its key. */
export const accountNameBytesMax = chainKeyBytesMax;
/** The header of an answer about an owner: 14 keys of the largest suite, and room beside them in the header of the event that holds it. */
export const answerHeaderBytesMax = 49_152;

/** Keys that an answer says to count no more. An auth service gives answer after answer where there are more. */
export const answeredChangesMax = 256;

/** Keys that an answer lets write or read besides. */
export const answeredKeysMax = 16;

/** An owner: a user or a group. */
export const ownerBytesMax = 255;

/** Root keys of a chain. */
export const rootsMax = 16;

/** Keys that sign a batch: as many as a chain can have roots, which all sign its genesis. */
export const signersMax = 16;

/** Keys that a rule names. */
export const ruleKeysMax = 16;

/** Keys that may open a private chain beside those that rules of its root name: as many as leave room in a header. */
export const admittedKeysMax = 1_024;

/** Public keys that an event shows. */
export const publicKeysMax = 16;

/** Public keys that a chain knows beside its roots. Each is kept in memory while the chain is open. */
export const chainKeysMax = 4_096;

/** Of these, so many are left by servers to those whom rules of the chain name: holders of tokens, and anybody where all may write, can't use them up. */
export const chainKeysReserve = 1_024;

/** Delegations between a key that rules name and the one that acts. Bounds what deciding on one event takes. */
export const delegationsMax = 4;

/** Chains that a delegation names, or owners of chains. */
export const delegationChainsMax = 16;

/** A delegation: two signatures and a key of the largest suites, chains, and room. */
export const delegationBytesMax = 16_384;

/** Delegations that a chain knows and that haven't expired. Each takes some 300 bytes of memory while the chain is open. */
export const chainDelegationsMax = 4_096;

/** Rotations of a server's identity. Clients are shown all of them, with 11 KiB each, at each handshake and first opening. */
export const identityRotationsMax = 16;

/** Read keys that an event hands out: a header has room for as many. */
export const wrappedKeysMax = 32;

/** A read key, sealed for a reader. */
export const wrappedKeyBytesMax = 2_048;

/** Parents between an object and the rule that it inherits. Bounds what deciding on one event takes. */
export const treeDepthMax = 64;

/** Sequences that a redaction names: as many as leave room in a header. */
export const redactedSequencesMax = 4_096;

/** Preconditions of a batch. */
export const preconditionsMax = 16;

/** Batches of one writer that may be in flight, and answers kept a writer for retries. */
export const writerBatchesInFlightMax = 128;

/** Integers in headers stay exact in every language's number type, JavaScript's too. */
export const integerMax = Number.MAX_SAFE_INTEGER;

/** Milliseconds that one of Node's timers can count: nearly 25 days. It takes more for 1. */
export const timerMsMax = 2 ** 31 - 1;

/** How old a commit is at least that a snapshot is about: who was away for less can go on where they were. Milliseconds. */
export const snapshotAgeMsMin = 7 * 24 * 3_600_000;
