import { expect, test } from 'vitest';
import { KeyPair } from '../crypto/index.ts';
import { parseChainKey } from '../event/index.ts';
import { identityLineOf } from '../trust/index.ts';
import { checkChallenge, type KnownOfChain } from './check-challenge.ts';

const chainKey = parseChainKey('team/private');
const [server, other] = [KeyPair.generate().publicKey, KeyPair.generate().publicKey];
const [chainId, otherId] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const nothing = { chainKey, server: 'host:5000', pinned: undefined, genesis: undefined };
const remembering = (what: object | undefined) =>
  ({ path: '/home/chain.json', load: async () => what }) as unknown as KnownOfChain['remembered'];
const met = remembering({ chainId, checkpoint: { signer: { line: identityLineOf(server) } } });

function check(id: Buffer, identity: typeof server, known: Partial<KnownOfChain> = {}) {
  const challenge = { chainId: id, serverLine: identityLineOf(identity) };
  const before = { ...nothing, remembered: remembering(undefined), ...known };
  return checkChallenge(challenge, before);
}

test('of a chain that was never met any challenge is believed', async () => {
  await expect(check(otherId, other)).resolves.toBeUndefined();
});

test('no key is proven for another chain than is pinned, remembered or open', async () => {
  const genesis = { chainId } as KnownOfChain['genesis'];
  for (const known of [{ pinned: chainId }, { remembered: met }, { genesis }]) {
    await expect(check(chainId, server, known)).resolves.toBeUndefined();
    await expect(check(otherId, server, known)).rejects.toMatchObject({
      reason: 'CHAIN_ID_MISMATCH',
    });
  }
});

test('nor for another server than its genesis names, or than it was met at', async () => {
  const genesis = { chainId, serverIdentity: server } as KnownOfChain['genesis'];
  for (const known of [{ remembered: met }, { genesis }]) {
    await expect(check(chainId, other, known)).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_MISMATCH',
    });
  }
});
