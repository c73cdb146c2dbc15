import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import {
  ChainHealth,
  type ChainOwner,
  DescribeChainResponseSchema,
  ListChainsResponseSchema,
  type SpaceQuota,
} from '../../gen/atedb/v1/chain_pb.js';
import type { RetentionRule as RetentionMessage } from '../../gen/atedb/v1/event_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { type KemPublicKey, PublicKey } from '../crypto/index.ts';
import type { RetentionRule, TreeHead, TrustMode } from '../event/index.ts';
import type { ServedDamage } from './served-damage.ts';

// What servers say of their chains for people: read with the stubs, since nothing of it is verified.

/** A chain as its server describes it. */
export interface ChainDescription {
  readonly chainKey: string;
  /** Whether only those whom its rules name may open it. */
  readonly isPrivate: boolean;
  readonly chainId: Buffer;
  readonly trustMode: TrustMode;
  /** Its roots. Fingerprints are in hexadecimal. */
  readonly roots: readonly {
    readonly fingerprint: string;
    readonly suite: number;
    readonly publicKey: Buffer;
    /** What secrets are encrypted to; undefined where the key can only sign. */
    readonly kem: KemPublicKey | undefined;
  }[];
  /** Its maker's clock: milliseconds since 1970-01-01 UTC. */
  readonly createdUnixMs: number;
  readonly head: TreeHead;
  /** Sequence that the next event gets; so many events were appended. */
  readonly nextSequence: number;
  /** The server's clock: milliseconds since 1970-01-01 UTC. */
  readonly lastCommitUnixMs: number;
  readonly logBytes: number;
  readonly segments: number;
  /**
   * What its data was used for when that was counted last: bytes of the newest events of its objects, and of superseded ones that may be
   * dropped. Undefined where it never was.
   */
  readonly use:
    | { readonly liveBytes: number; readonly deadBytes: number; readonly countedUnixMs: number }
    | undefined;
  readonly writers: number;
  readonly health: 'good' | 'read-only';
  /** Why it can't be written; undefined where it can. */
  readonly trouble: string | undefined;
  /** Whether data that redactions name is still to be erased from its files. */
  readonly isErasing: boolean;
  /** Names of what a crash, a repair or a restore has set aside of its files: what was erased may be in it. */
  readonly setAside: readonly string[];
  /** What of it is damaged. */
  readonly damages: readonly ServedDamage[];
  /** For how long the data of its events is kept, as the server says; undefined: for ever. */
  readonly retention: RetentionRule | undefined;
  /** How much it may have on the server's disk; undefined where there is no such limit. */
  readonly quota: DescribedQuota | undefined;
  /** The same of all chains of its owner together; undefined, too, where the client isn't on the server's own machine. */
  readonly ownerQuota: DescribedQuota | undefined;
  /** What its auth service has said last of its owner; undefined where there is none. */
  readonly owner: DescribedOwner | undefined;
}

/** A limit of the room that segments take on a server, in bytes. */
export interface DescribedQuota {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** The owner of a chain, as its auth service says. */
export interface DescribedOwner {
  /** `name@domain`, or the name of a group. */
  readonly owner: string;
  /** Fingerprint of the identity of the auth service, in hexadecimal. */
  readonly authIdentity: string;
  /** Of the owner's account. */
  readonly version: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly issuedUnixMs: number;
  /** From then on nothing can be appended. Milliseconds since 1970-01-01 UTC. */
  readonly expiresUnixMs: number;
  /** Nobody has checked that the name is the account's. */
  readonly isUnverified: boolean;
  /** The account was removed. */
  readonly isRemoved: boolean;
}

/** One chain of a server's list. */
export interface ListedChain {
  readonly chainKey: string;
  readonly logBytes: number;
  /** Whether it is in use now. */
  readonly open: boolean;
}

/** A page of the list. */
export interface ChainsPage {
  readonly chains: readonly ListedChain[];
  /** Empty: it was the last. */
  readonly nextPageToken: string;
}

/** Read a DescribeChainResponse. @throws AtedbError VERIFICATION_FAILED for one that can't be read. */
export function parseDescription(answer: Buffer): ChainDescription {
  return readingStubs(DescribeChainResponseSchema, answer, (described) => ({
    chainKey: described.chainKey,
    isPrivate: described.private,
    isErasing: described.erasing,
    setAside: described.setAside,
    chainId: Buffer.from(described.chainId),
    trustMode: described.trustMode === 1 ? 'centralized' : 'distributed',
    roots: described.roots.map((root) => {
      const { fingerprintHex: fingerprint, suite, bytes, kem } = PublicKey.fromFields(root);
      return { fingerprint, suite, publicKey: bytes, kem };
    }),
    createdUnixMs: Number(described.createdUnixMs),
    head: {
      size: Number(described.head?.size ?? 0n),
      root: Buffer.from(described.head?.root ?? []),
    },
    nextSequence: Number(described.nextSequence),
    lastCommitUnixMs: Number(described.lastCommitUnixMs),
    logBytes: Number(described.logBytes),
    segments: described.segments,
    use:
      described.countedUnixMs === 0n
        ? undefined
        : {
            liveBytes: Number(described.liveBytes),
            deadBytes: Number(described.deadBytes),
            countedUnixMs: Number(described.countedUnixMs),
          },
    writers: described.writers,
    health: described.health === ChainHealth.READ_ONLY ? 'read-only' : 'good',
    trouble: described.trouble === '' ? undefined : described.trouble,
    damages: described.damages.map(({ file, offset, what, firstSequence, lastSequence }) => ({
      file,
      offset: Number(offset),
      what,
      firstSequence: firstSequence === undefined ? undefined : Number(firstSequence),
      lastSequence: lastSequence === undefined ? undefined : Number(lastSequence),
    })),
    retention: described.retention && describedRetention(described.retention),
    quota: described.chainQuota && describedQuota(described.chainQuota),
    ownerQuota: described.ownerQuota && describedQuota(described.ownerQuota),
    owner: described.owner && describedOwner(described.owner),
  }));
}

function describedRetention({ ageMs, count }: RetentionMessage): RetentionRule {
  return {
    ageMs: ageMs === 0n ? undefined : Number(ageMs),
    count: count === 0n ? undefined : Number(count),
  };
}

function describedQuota({ usedBytes, limitBytes }: SpaceQuota): DescribedQuota {
  return { usedBytes: Number(usedBytes), limitBytes: Number(limitBytes) };
}

function describedOwner(owner: ChainOwner): DescribedOwner {
  return {
    owner: owner.owner,
    authIdentity: Buffer.from(owner.authIdentity).toString('hex'),
    version: Number(owner.version),
    issuedUnixMs: Number(owner.issuedUnixMs),
    expiresUnixMs: Number(owner.expiresUnixMs),
    isUnverified: owner.unverified,
    isRemoved: owner.removed,
  };
}

/**
 * Read a ListChainsResponse.
 *
 * @param pageToken that it was asked for with.
 * @throws AtedbError VERIFICATION_FAILED for one that can't be read, or leads back to itself.
 */
export function parseChainsPage(answer: Buffer, pageToken: string): ChainsPage {
  return readingStubs(ListChainsResponseSchema, answer, ({ chains, nextPageToken }) => {
    if (nextPageToken !== '' && nextPageToken === pageToken) {
      throw new Error('its next page is the same again');
    }
    return {
      chains: chains.map(({ chainKey, logBytes, open }) => ({
        chainKey,
        logBytes: Number(logBytes),
        open,
      })),
      nextPageToken,
    };
  });
}

/**
 * Read an answer that nobody verifies, by its stubs.
 *
 * @throws AtedbError VERIFICATION_FAILED for one that can't be read.
 */
export function readingStubs<Desc extends DescMessage, T>(
  schema: Desc,
  answer: Buffer,
  read: (message: MessageShape<Desc>) => T,
): T {
  try {
    return read(fromBinary(schema, answer));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the server's ${schema.name} can't be read: ${why}. Nothing of it was used`,
      { cause },
    );
  }
}
