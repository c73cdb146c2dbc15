import { grpcMessageBytesMax, identityRotationsMax } from '../bytes/index.ts';

/** The limits of the tunnel, each with its reason. docs/wire.md lists them. */

/** A client's hello: eight shares of today's KEMs fit. Looked at before anything costly is done. */
export const clientHelloBytesMax = 16_384;

/** Shares in a hello. */
export const sharesMax = 8;

/** A public key in a hello, and what a server encapsulates to it. */
export const shareBytesMax = 4_096;

/** Statements by which an identity key has passed on to the next one. */
export const rotationsMax = identityRotationsMax;

/** One such statement: two keys and two signatures take 11 KB. */
export const rotationBytesMax = 16_384;

/** A server's proof, sealed: its statements, and room for a key and a signature. */
export const sealedProofBytesMax = 327_680;

/** What a frame has beside its payload, at most: session, call, what is random, type, framing and tag; 68 bytes today. */
export const frameOverheadBytesMax = 96;

/** A payload, so that its frame fits into one message of a stock client. */
export const framePayloadBytesMax = grpcMessageBytesMax - frameOverheadBytesMax;

/** Frames under one key; then it is replaced by the next one, and forgotten. */
export const framesPerKey = 1_024;

/** Calls that may be under way out of their order: one that is so far behind the newest is refused. */
export const callWindow = 1_024;

/** How long sessions last, as a server offers it unless it is told otherwise. */
export const sessionTermsDefault = {
  /** A day: what is stolen from a server's memory opens no more than that of calls to come. */
  lifetimeMs: 24 * 60 * 60 * 1_000,
  /** An hour: who comes back later makes a handshake, which takes some milliseconds. */
  idleMs: 60 * 60 * 1_000,
  /** 2^40, a tebibyte. Keys of calls are replaced far earlier; this bounds what hangs on one handshake. */
  bytesMax: 2 ** 40,
} as const;

/** Sessions that a server keeps, unless it is told otherwise. Each takes less than 2 KiB. */
export const sessionsMaxDefault = 16_384;

/** Sessions of one address, unless it is told otherwise: many clients behind one router have room. */
export const sessionsPerPeerMaxDefault = 2_048;
