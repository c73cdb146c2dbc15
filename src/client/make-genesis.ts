import { randomBytes } from 'node:crypto';
import { FieldWriter } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  buildGenesis,
  buildGenesisEvent,
  type ChainKey,
  chainIdOf,
  sealBatch,
  signBatch,
} from '../event/index.ts';
import type { Opened } from './opened.ts';

/** A genesis that is offered to a server: what the chain will be. */
export interface GenesisOffer {
  readonly headerBytes: Buffer;
  readonly chainId: Buffer;
}

/** A genesis batch, ready to be sent. */
export interface GenesisBatch {
  /** As it is sent and stored. */
  readonly run: Buffer;
  readonly sealHash: Buffer;
}

const chainKeyField = 16;
const saltBytes = 16;

/** Make up a chain whose only root is this key, of the mode that the server creates chains in. */
export function offerGenesis(
  chainKey: ChainKey,
  key: KeyPair,
  server: Opened,
  kind: { readonly isConfidential?: boolean; readonly isPrivate?: boolean } = {},
): GenesisOffer {
  const { trustMode, serverIdentity } = server;
  const headerBytes = buildGenesis({
    chainKey,
    trustMode,
    roots: [key.publicKey],
    createdUnixMs: Date.now(),
    salt: randomBytes(saltBytes),
    serverIdentity: trustMode === 'centralized' ? serverIdentity : undefined,
    isConfidential: kind.isConfidential,
    isPrivate: kind.isPrivate,
  });
  return { headerBytes, chainId: chainIdOf(headerBytes) };
}

/** Seal the first batch of a chain, as the first of the writer with this salt. */
export async function sealGenesis(
  offer: GenesisOffer,
  key: KeyPair,
  salt: Buffer,
): Promise<GenesisBatch> {
  const event = buildGenesisEvent(offer.headerBytes);
  const sealed = sealBatch({
    writer: { chainId: offer.chainId, fingerprint: key.publicKey.fingerprint, salt },
    counter: 0,
    eventHeaders: [event.header],
  });
  return { run: await signBatch([event.frame], sealed, [key]), sealHash: sealed.hash };
}

/** An AppendRequest or AppendBatchRequest: the batch, byte for byte, then the chain's key. */
export function appendRequest(run: Buffer, chainKey: ChainKey): Buffer {
  return new FieldWriter(run.length + 320).raw(run).string(chainKeyField, chainKey.text).finish();
}
