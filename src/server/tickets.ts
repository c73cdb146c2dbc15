import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { hashBytes, macTags } from '../crypto/index.ts';

/** Long enough to be asked for rarely, and short enough to be worth little to a thief. */
const validMs = 10 * 60 * 1_000;

const timeBytes = 8;
const ticketBytes = hashBytes + timeBytes + hashBytes;
const tag = Buffer.from(`${macTags.ticket}\n`);

/** A ticket, as it is given out. */
export interface IssuedTicket {
  readonly ticket: Buffer;
  /** For so long it counts, in milliseconds. */
  readonly validMs: number;
}

/**
 * Tickets for private chains: the fingerprint of the key that was let in, until when (milliseconds since 1970-01-01 UTC, 8 bytes, the
 * lowest first), and an HMAC-SHA-256 (RFC 2104) over both and the chain's id. Nothing of them is kept, so they take no memory; the key of the HMAC is
 * of this run of the server alone.
 */
export class Tickets {
  readonly #secret = randomBytes(hashBytes);
  readonly #now: () => number;

  /** @param now milliseconds since 1970-01-01 UTC. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Make a ticket. @param fingerprint of the key that is let in; 32 bytes. */
  issue(chainId: Buffer, fingerprint: Buffer): IssuedTicket {
    const until = Buffer.alloc(timeBytes);
    until.writeBigUInt64LE(BigInt(this.#now() + validMs));
    const ticket = Buffer.concat([fingerprint, until, this.#mac(chainId, fingerprint, until)]);
    return { ticket, validMs };
  }

  /**
   * Whose a ticket is.
   *
   * @returns the fingerprint of the key, in hexadecimal; undefined for a ticket that was never given out for this chain, or is too old.
   */
  bearerOf(ticket: Buffer, chainId: Buffer): string | undefined {
    if (ticket.length !== ticketBytes) return undefined;
    const fingerprint = ticket.subarray(0, hashBytes);
    const until = ticket.subarray(hashBytes, hashBytes + timeBytes);
    const mac = ticket.subarray(hashBytes + timeBytes);
    if (!timingSafeEqual(mac, this.#mac(chainId, fingerprint, until))) return undefined;
    const leftMs = Number(until.readBigUInt64LE()) - this.#now();
    // A clock that was set back must not make it last for longer.
    return leftMs > 0 && leftMs <= validMs ? fingerprint.toString('hex') : undefined;
  }

  #mac(chainId: Buffer, fingerprint: Buffer, until: Buffer): Buffer {
    const hmac = createHmac('sha256', this.#secret);
    return hmac.update(tag).update(chainId).update(fingerprint).update(until).digest();
  }
}
