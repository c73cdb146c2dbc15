import { AtedbError } from '../bytes/index.ts';
import {
  sessionsMaxDefault,
  sessionsPerPeerMaxDefault,
  sessionTermsDefault,
} from '../wire/index.ts';

/** What one server holds at most, so that no caller can use it up. Each refusal names its limit. */
export interface ServerLimits {
  /** Streams that are open at once, of all callers: subscriptions, ranges being read, append streams. */
  readonly streamsMax: number;
  /** Append streams among them; each may hold a writer's batches in flight. */
  readonly appendStreamsMax: number;
  /** Chains that are open at once: each holds its writers' states in memory, and files. */
  readonly openChainsMax: number;
  /** Connections at once. Those beyond are closed as they come. */
  readonly connectionsMax: number;
  /** Files that have a descriptor at once; more chains may be open, and get theirs when they are used. */
  readonly descriptorsMax: number;
  /** Bytes of what is being read from logs and sent, of all callers. Beyond it, reading waits. */
  readonly readBytesMax: number;
  /** Bytes of requests that are being received or carried out, of all callers. Beyond it, receiving waits. */
  readonly uploadBytesMax: number;
  /** Milliseconds for a request to arrive: of a stream, its first message, and each message that has begun. */
  readonly requestMs: number;
  /** Milliseconds after which a reader that has taken nothing is cut off, while others wait for the memory that it holds. */
  readonly readerStallMs: number;
  /** Handshakes of the encrypted tunnel that are under way at once; each holds a few kilobytes, and waits for a signature. */
  readonly handshakesMax: number;
  /** Those of one address among them. */
  readonly handshakesPerAddressMax: number;
  /** Sessions of the tunnel that are kept; each takes less than 2 KiB. One more makes one lose its place. */
  readonly sessionsMax: number;
  /** Those of one address among them. */
  readonly sessionsPerAddressMax: number;
  /** Milliseconds after which a session ends, and those after its last frame; and the bytes that it may carry. */
  readonly sessionLifetimeMs: number;
  readonly sessionIdleMs: number;
  readonly sessionBytesMax: number;
  /** Milliseconds for a new connection to begin to speak HTTP/2, and for a handshake of the tunnel or of TLS. */
  readonly handshakeMs: number;
  /** Milliseconds between pings of a connection, and for the answer to one: a peer that vanished is noticed so. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Milliseconds after which a connection without a call is closed. */
  readonly connectionIdleMs: number;
}

const mebibyte = 1024 * 1024;

/** The limits of a server that was told no others. */
export const defaultServerLimits: ServerLimits = {
  streamsMax: 10_000,
  appendStreamsMax: 10_000,
  openChainsMax: 10_000,
  connectionsMax: Math.min(10_000, Math.floor(openFilesMax() / 2)),
  // The rest is for what is open for a moment only: manifests, snapshots, folders being synced.
  descriptorsMax: Math.max(16, Math.min(4_096, Math.floor(openFilesMax() / 4))),
  readBytesMax: 32 * mebibyte,
  uploadBytesMax: 256 * mebibyte,
  // The largest message at half a megabit a second.
  requestMs: 60_000,
  readerStallMs: 60_000,
  handshakesMax: 512,
  handshakesPerAddressMax: 128,
  sessionsMax: sessionsMaxDefault,
  sessionsPerAddressMax: sessionsPerPeerMaxDefault,
  sessionLifetimeMs: sessionTermsDefault.lifetimeMs,
  sessionIdleMs: sessionTermsDefault.idleMs,
  sessionBytesMax: sessionTermsDefault.bytesMax,
  handshakeMs: 10_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 20_000,
  connectionIdleMs: 300_000,
};

/** How many files and connections the system lets this process have open. */
function openFilesMax(): number {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork = false } = report;
  // Without it, a report may look names up.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft?: number | 'unlimited' } };
  };
  report.excludeNetwork = excludeNetwork;
  const limit = userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
}

/**
 * Fill in the limits that aren't given.
 * @throws AtedbError REQUEST_INVALID where one is not a positive integer.
 */
export function completeLimits(limits: Partial<ServerLimits>): ServerLimits {
  const complete = { ...defaultServerLimits, ...limits };
  for (const [name, value] of Object.entries(complete)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `the limit ${name} must be at least 1, not ${value}`,
        {
          metadata: { field: name },
        },
      );
    }
  }
  return complete;
}

/** As refusals name them in their metadata. */
const limitNames = {
  streamsMax: 'limit_streams',
  appendStreamsMax: 'limit_append_streams',
} as const;

/** Counts the streams that are open. */
export class StreamCounter {
  readonly #limits: ServerLimits;
  #streams = 0;
  #appendStreams = 0;

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  /** How many streams are open now. */
  get open(): number {
    return this.#streams;
  }

  /**
   * Count one stream in. Returns what counts it out again, once however often it is called.
   * @throws AtedbError TOO_MANY_STREAMS, naming the limit.
   */
  enter(kind: 'read' | 'append'): () => void {
    this.#refuseBeyond('streamsMax', this.#streams, 'streams');
    if (kind === 'append') {
      this.#refuseBeyond('appendStreamsMax', this.#appendStreams, 'append streams');
      this.#appendStreams += 1;
    }
    this.#streams += 1;
    let counted = true;
    return () => {
      if (!counted) return;
      counted = false;
      this.#streams -= 1;
      if (kind === 'append') this.#appendStreams -= 1;
    };
  }

  #refuseBeyond(limit: keyof typeof limitNames, open: number, what: string): void {
    const limitValue = this.#limits[limit];
    if (open < limitValue) return;
    throw new AtedbError(
      'TOO_MANY_STREAMS',
      `${limitValue} ${what} are open on this server, which is its limit; close some, or retry later`,
      { metadata: { [limitNames[limit]]: String(limitValue) } },
    );
  }
}
