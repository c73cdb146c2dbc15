import { randomBytes } from 'node:crypto';
import { KeyPair } from '../../src/crypto/index.ts';
import { buildGenesis, chainIdOf, parseChainKey } from '../../src/event/index.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import {
  type MakeEvents,
  type ObjectChoice,
  type SealedBatch,
  SealedWriter,
} from './sealed-writer.ts';

/** A chain that is to be created: its genesis batch, and the key that may write to it. */
export interface BenchChain {
  readonly server: ServerProcess;
  readonly chainKey: string;
  readonly chainId: Buffer;
  readonly key: KeyPair;
  readonly genesis: SealedBatch;
  /** The writer of the genesis. */
  readonly writer: SealedWriter;
}

/** What a chain is made up with, and its first writer writes. */
export interface ChainMade {
  /** Absent: a new one. */
  readonly key?: KeyPair;
  /** See `SealedWriter`. */
  readonly objects?: ObjectChoice;
  readonly makeEvents?: MakeEvents;
}

/** Make a chain up. */
export async function newChain(
  server: ServerProcess,
  name: string,
  { key = KeyPair.generate(), ...events }: ChainMade = {},
): Promise<BenchChain> {
  const chainKey = `example.com/bench/${name}`;
  const { vouching } = server;
  const header = buildGenesis({
    chainKey: parseChainKey(chainKey),
    trustMode: server.trustMode,
    roots: [key.publicKey],
    createdUnixMs: Date.now(),
    salt: randomBytes(16),
    serverIdentity: server.trustMode === 'centralized' ? server.identity : undefined,
  });
  const chainId = chainIdOf(header);
  const writer = new SealedWriter({ chainId, key, vouching, ...events });
  const genesis = await writer.sealGenesis(header);
  return { server, chainKey, chainId, key, genesis, writer };
}

/** Another writer with the chain's key. */
export function newWriter({ chainId, key, server }: BenchChain): SealedWriter {
  return new SealedWriter({ chainId, key, vouching: server.vouching });
}
