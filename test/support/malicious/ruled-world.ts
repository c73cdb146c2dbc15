import { randomBytes } from 'node:crypto';
import { KeyPair, primaryKeyFromName } from '../../../src/client/index.ts';
import type { TrustMode } from '../../../src/event/index.ts';
import type { RawClient } from '../raw-client.ts';
import { testKey } from '../test-client.ts';
import { TestServer } from '../test-server.ts';
import { testEvent } from '../test-writer.ts';
import { keyChange, of, only, otherRoots, saying } from './events.ts';
import { ForgedChain } from './forged-chain.ts';

// What the malicious client is up against: who may do what, in a chain of a true server.

export const chainKey = 'example.com/me/test';
/** A writer of one object, a stranger, and two more roots. */
export const [alice, mallory, second, third] = Array.from({ length: 4 }, () =>
  KeyPair.generate(),
) as [KeyPair, KeyPair, KeyPair, KeyPair];
/** One that nobody knows, and one that counts no more; keys are looked at in the order of their fingerprints. */
export const [newcomer, ended] = [KeyPair.generate(), KeyPair.generate()].sort((a, b) =>
  Buffer.compare(of(a), of(b)),
) as [KeyPair, KeyPair];
export const [hers, inbox, diary, plain] = ['hers', 'inbox', 'diary', 'plain'].map(
  primaryKeyFromName,
) as [Buffer, Buffer, Buffer, Buffer];
export const readKeyId = randomBytes(32);
/** A chain with rules, on a true server. */
export interface World {
  readonly server: TestServer;
  readonly raw: RawClient;
  /** The chain as it was sent; it is copied for each attack. */
  readonly truth: ForgedChain;
}

/** Make it. To be disposed of: the client, then the server. */
export async function worldOf(trustMode: TrustMode): Promise<World> {
  const server = await TestServer.start({ trustMode });
  const raw = server.client();
  const identity = { publicKey: server.running.identity };
  const truth = await ForgedChain.create({ trustMode, roots: [testKey], server: identity });
  const { publicKey } = alice;
  await truth.append(testKey, [
    saying(
      { authorisation: { write: only(alice) }, publicKeys: [publicKey] },
      { primaryKey: hers },
    ),
    saying({ authorisation: { add: { kind: 'everyone' } } }, { primaryKey: inbox }),
    saying({ authorisation: { read: { kind: 'read_key', readKeyId } } }, { primaryKey: diary }),
    testEvent('plain', { primaryKey: plain }),
    keyChange(ended),
    otherRoots(testKey, second, third),
  ]);
  await truth.append(alice, [testEvent('1', { primaryKey: hers })]);
  for (let commit = 0; commit < truth.size; commit += 1) {
    await raw.appendBatch(truth.runAt(commit), chainKey);
  }
  return { server, raw, truth };
}
