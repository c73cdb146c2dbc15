import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { delegationsMax } from '../bytes/index.ts';
import { hashBytes, macTags } from '../crypto/index.ts';

/** Long enough to be asked for rarely, and short enough to be worth little to a thief. */
const validMs = 10 * 60 * 1_000;

const timeBytes = 8;
/** The key that is let in, and those that stand behind it. */
const keysMax = 1 + delegationsMax;
const tag = Buffer.from(`${macTags.ticket}\n`);

/** A ticket, as it is given out. */
export interface IssuedTicket {
  readonly ticket: Buffer;
  /** For so long it counts, in milliseconds. */
  readonly validMs: number;
}

/** Whose a ticket is. */
export interface Bearer {
  /** In hexadecimal: the key that was let in, then those that delegated to it, up to the one that has the right by itself. */
  readonly keys: readonly string[];
  /** From then on what was delegated doesn't count: milliseconds since 1970-01-01 UTC. Undefined where nothing was. */
  readonly expiresUnixMs: number | undefined;
}

/**
 * Tickets for private chains: the fingerprints of the key that was let in and of those that have delegated to it, until when what was delegated
 * counts, until when the ticket does (milliseconds since 1970-01-01 UTC, 8 bytes each, the lowest first; 0: nothing was delegated), and an
 * HMAC-SHA-256 (RFC 2104) over the chain's id and all of this. Nothing of them is kept, so they take no memory; the key of the HMAC is of this
 * run of the server alone.
 */
export class Tickets {
  readonly #secret = randomBytes(hashBytes);
  readonly #now: () => number;

  /** @param now milliseconds since 1970-01-01 UTC. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Make a ticket.
   *
   * @param keys fingerprints of the key that is let in, and of those that have delegated to it; 32 bytes each, 1 to 5.
   * @param expiresUnixMs from when on what was delegated doesn't count; absent where nothing was.
   */
  issue(chainId: Buffer, keys: readonly Buffer[], expiresUnixMs = 0): IssuedTicket {
    const times = Buffer.alloc(2 * timeBytes);
    times.writeBigUInt64LE(BigInt(expiresUnixMs));
    times.writeBigUInt64LE(BigInt(this.#now() + validMs), timeBytes);
    const said = Buffer.concat([...keys, times]);
    return { ticket: Buffer.concat([said, this.#mac(chainId, said)]), validMs };
  }

  /**
   * Whose a ticket is. Whether those keys still have the right is for the caller to ask.
   *
   * @returns undefined for a ticket that was never given out for this chain, or is too old.
   */
  bearerOf(ticket: Buffer, chainId: Buffer): Bearer | undefined {
    const keysBytes = ticket.length - 2 * timeBytes - hashBytes;
    const count = keysBytes / hashBytes;
    if (!Number.isInteger(count) || count < 1 || count > keysMax) return undefined;
    const said = ticket.subarray(0, -hashBytes);
    const mac = ticket.subarray(-hashBytes);
    if (!timingSafeEqual(mac, this.#mac(chainId, said))) return undefined;
    const leftMs = Number(said.readBigUInt64LE(keysBytes + timeBytes)) - this.#now();
    // A clock that was set back must not make it last for longer.
    if (leftMs <= 0 || leftMs > validMs) return undefined;
    const expires = Number(said.readBigUInt64LE(keysBytes));
    const keys = Array.from({ length: count }, (_, index) =>
      said.toString('hex', index * hashBytes, (index + 1) * hashBytes),
    );
    return { keys, expiresUnixMs: expires === 0 ? undefined : expires };
  }

  /** The chain's id has one length, so what follows it can be read in one way only. */
  #mac(chainId: Buffer, said: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(tag).update(chainId).update(said).digest();
  }
}
