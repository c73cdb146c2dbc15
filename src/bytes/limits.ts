/** The limits of the protocol, each with its reason. Both ends check them; docs/format.md lists them. */

/** What every stock gRPC client receives at most in one message. */
export const grpcMessageBytesMax = 4 * 1024 * 1024;

/** A batch with its commit, so that it fits into one message of a stock client with room for framing. */
export const batchBytesMax = 3.75 * 1024 * 1024;

/** Room for a commit beside a batch: header, root and storage fields take under 200 bytes. */
export const commitBytesMax = 512;

/** A batch without its commit: its events and its seal, as they are sent. */
export const runBytesMax = batchBytesMax - commitBytesMax;

/** Events in a batch. Bounds what one signature check can make the server hash and index. */
export const batchEventsMax = 16_384;

/** An event's header: names, keys and rules, never content. */
export const eventHeaderBytesMax = 65_536;

/** An event's type name. */
export const typeNameBytesMax = 255;

/** A chain key. */
export const chainKeyBytesMax = 255;

/** Root keys of a chain. */
export const rootsMax = 16;

/** Preconditions of a batch. */
export const preconditionsMax = 16;

/** Batches of one writer that may be in flight, and answers kept a writer for retries. */
export const writerBatchesInFlightMax = 128;

/** Integers in headers stay exact in every language's number type, JavaScript's too. */
export const integerMax = Number.MAX_SAFE_INTEGER;
