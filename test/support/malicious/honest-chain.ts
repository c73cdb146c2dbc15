import {
  type AtedbClient,
  type Chain,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
  type TrustMode,
} from '../../../src/client/index.ts';
import { testClient, testKey } from '../test-client.ts';
import { testEvent } from '../test-writer.ts';
import { only, saying } from './events.ts';
import { ForgedChain } from './forged-chain.ts';
import type { MaliciousServer } from './malicious-server.ts';

// What malicious servers begin with: a chain as it should be, and clients who know nothing of it yet.

export const chainKey = 'example.com/me/test';
export const alice = KeyPair.generate();
export const mallory = KeyPair.generate();
export const identity = KeyPair.generate({ forSigningOnly: true });
/** The object that alice may write. */
export const hers = primaryKeyFromName('hers');
/** Reasons by which a client says that it believes nothing of what it was shown. */
export const doubts = /VERIFICATION_FAILED|HEAD_CONFLICT/;

/** A chain of four batches: its genesis, who may write one object, what she wrote, and what the root wrote. */
export async function honestChain(trustMode: TrustMode): Promise<ForgedChain> {
  const chain = await ForgedChain.create({ trustMode, roots: [testKey], server: identity });
  const authority = { authorisation: { write: only(alice) }, publicKeys: [alice.publicKey] };
  await chain.append(testKey, [saying(authority, { primaryKey: hers })]);
  await chain.append(alice, [testEvent('by alice', { primaryKey: hers })]);
  await chain.append(testKey, [testEvent('by the root')]);
  return chain;
}

const clients = new WeakMap<MaliciousServer, Promise<AtedbClient>>();

/** Open a chain of which nothing is known yet. */
export async function openUnknown(
  server: MaliciousServer,
  options: OpenOptions = {},
): Promise<Chain> {
  const connected = clients.get(server) ?? testClient(server.address);
  clients.set(server, connected);
  const client = await connected;
  // Of a centralized chain too, nothing is believed here.
  return client.open(chainKey, { key: testKey, checkRules: true, ...options });
}
