import { AtedbError } from '../bytes/index.ts';
import { hashTags, type KeyPair, taggedHash } from '../crypto/index.ts';
import {
  type BuiltEvent,
  buildGenesis,
  buildGenesisEvent,
  type ChainKey,
  chainIdOf,
  sealBatch,
  signBatch,
  writerIdOf,
} from '../event/index.ts';
import type { ChainState } from '../trust/index.ts';

/** What a server signs with what it adds to chains. */
export type OwnSigner = Pick<KeyPair, 'publicKey' | 'sign'>;

const saltBytes = 16;

/** The salt of the writer that a server adds its own batches as: one a chain and identity, so that its batches are one chain of seals. */
function ownSalt(chainId: Buffer): Buffer {
  return taggedHash(hashTags.serverWriter, chainId).subarray(0, saltBytes);
}

/**
 * Seal and sign a batch that a server adds to a chain, as the next one of its writer. The identity is shown where it isn't the one that the
 * genesis names, for those who don't read the whole chain.
 */
export async function sealOwnBatch(
  state: ChainState,
  events: readonly BuiltEvent[],
  identity: OwnSigner,
): Promise<Buffer> {
  const { chainId, serverIdentity } = state.genesis;
  const { fingerprint } = identity.publicKey;
  const writer = { chainId, fingerprint, salt: ownSalt(chainId) };
  const sealed = sealBatch({
    writer,
    ...state.standingOf(writerIdOf(writer)),
    eventHeaders: events.map(({ header }) => header),
  });
  const isNamed = serverIdentity?.fingerprint.equals(fingerprint) === true;
  const frames = events.map(({ frame }) => frame);
  return signBatch(frames, sealed, [identity], isNamed ? [] : [identity.publicKey]);
}

/** What a server offers a chain to be. */
export interface OwnGenesis {
  readonly chainKey: ChainKey;
  /** A serialised AuthAnswer without rotations, verified. */
  readonly authAnswer: Buffer;
  readonly isPrivate: boolean;
  readonly isConfidential: boolean;
  /** The server's clock: milliseconds since 1970-01-01 UTC. */
  readonly createdUnixMs: number;
  /** 16 random bytes. */
  readonly salt: Buffer;
}

/** Make, seal and sign the genesis of a chain whose owner an auth service names: a run. Nothing is stored. */
export async function sealOwnGenesis(offer: OwnGenesis, identity: OwnSigner): Promise<Buffer> {
  const header = buildGenesis({
    ...offer,
    trustMode: 'centralized',
    roots: [],
    serverIdentity: identity.publicKey,
  });
  const event = buildGenesisEvent(header);
  const chainId = chainIdOf(header);
  const sealed = sealBatch({
    writer: { chainId, fingerprint: identity.publicKey.fingerprint, salt: ownSalt(chainId) },
    counter: 0,
    eventHeaders: [event.header],
  });
  return signBatch([event.frame], sealed, [identity]);
}

/** Somebody sends what only the server adds. */
export function onlyForServer(chainKey: string): AtedbError {
  return new AtedbError(
    'KEY_NOT_ALLOWED',
    `answers of auth services and identities of servers are added to the chain ${chainKey} by its server alone, and nobody appends them`,
    { metadata: { chain_key: chainKey, rule: 'server' } },
  );
}
