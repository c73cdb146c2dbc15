import { beforeAll, expect, test } from 'vitest';
import { KeyPair } from '../src/client/index.ts';
import { signatureContexts } from '../src/crypto/index.ts';
import {
  encodeIdentityRotation,
  identityRotationHeader,
  parseIdentityRotation,
} from '../src/event/index.ts';
import { extendIdentityLine, type IdentityLine, identityLineOf } from '../src/trust/index.ts';
import { chainKey, honestChain, identity } from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { temporaryHome, testClient, testKey } from './support/test-client.ts';

// A server that lies about how its identity came to be the one that it is.

const [second, third, thief] = [1, 2, 3].map(() => KeyPair.generate({ forSigningOnly: true })) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
let once: IdentityLine;
let twice: IdentityLine;

beforeAll(async () => {
  once = await extendIdentityLine(
    identityLineOf(identity.publicKey),
    { old: identity, new: second },
    1_700_000_000_000,
  );
  twice = await extendIdentityLine(once, { old: second, new: third }, 1_700_000_000_001);
});

/** A rotation from a key that isn't the thief's to the thief's. */
async function forged(old: Buffer): Promise<Buffer> {
  const claim = { oldIdentity: identity.publicKey, newIdentity: thief.publicKey, timeUnixMs: 1 };
  const header = identityRotationHeader(claim);
  const own = await thief.sign(signatureContexts.identityPossession, header);
  return encodeIdentityRotation(header, claim, { old, new: own });
}

const forgeries: Record<
  string,
  () => Promise<{ identity: KeyPair; rotations: readonly Buffer[] }>
> = {
  'no rotation at all': async () => ({ identity: third, rotations: [] }),
  'one that only the new key has signed': async () => {
    const oldSignature = await thief.sign(signatureContexts.identityRotation, Buffer.alloc(1));
    return { identity: thief, rotations: [await forged(oldSignature)] };
  },
  'one with a signature that the old key has made of another': async () => {
    const { oldSignature } = parseIdentityRotation(once.rotations[0] as Buffer);
    return { identity: thief, rotations: [await forged(oldSignature.signature)] };
  },
  'those of another server': async () => ({ identity: thief, rotations: twice.rotations }),
  'a line that is cut at its beginning': async () => ({
    identity: third,
    rotations: twice.rotations.slice(1),
  }),
  'a line that is cut at its end': async () => ({
    identity: third,
    rotations: twice.rotations.slice(0, 1),
  }),
  'a line in another order': async () => ({
    identity: third,
    rotations: [...twice.rotations].reverse(),
  }),
  'more rotations than there may be': async () => ({
    identity: third,
    rotations: Array.from({ length: 17 }, () => twice.rotations[0] as Buffer),
  }),
};

test.each(Object.entries(forgeries))(
  '%s is refused, of a server that a genesis names',
  async (_name, make) => {
    const chain = await honestChain('centralized');
    const server = await MaliciousServer.start(() => chain, identity);
    server.shows = await make();
    await using client = await testClient(server.address);
    for (const forAppend of [false, true]) {
      await expect(client.open(chainKey, { key: testKey, forAppend })).rejects.toMatchObject({
        reason: expect.stringMatching(/^(SERVER_IDENTITY_MISMATCH|VERIFICATION_FAILED)$/),
      });
    }
    expect(server.taken).toEqual([]);
  },
);

test.each(Object.entries(forgeries))(
  '%s is refused in the handshake, of a server that is known, and nothing is asked of it',
  async (_name, make) => {
    const chain = await honestChain('distributed');
    const server = await MaliciousServer.start(() => chain, identity);
    const home = await temporaryHome();
    const open = async (shows: MaliciousServer['shows']) => {
      server.shows = shows;
      await using client = await testClient(server.address, { home, encryption: 'auto' });
      await (await client.open(chainKey)).close();
    };
    {
      // Met with encryption, and known from then on.
      await using client = await testClient(server.address, { home, encryption: 128 });
      await (await client.open(chainKey)).close();
    }
    const asked = server.opened;
    await expect(open(await make())).rejects.toMatchObject({
      reason: expect.stringMatching(
        /^(SERVER_IDENTITY_CHANGED|VERIFICATION_FAILED|WIRE_HANDSHAKE_FAILED)$/,
      ),
    });
    expect(server.opened).toBe(asked);
    await open({ identity: third, rotations: twice.rotations });
    expect(server.opened).toBeGreaterThan(asked);
    await expect(open(undefined)).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
  },
);

test.each(['centralized', 'distributed'] as const)(
  'of a %s chain an old identity after a rotation is refused by who has met the new one',
  async (trustMode) => {
    const chain = await honestChain(trustMode);
    const server = await MaliciousServer.start(() => chain, identity);
    const home = await temporaryHome();
    const open = async () => {
      await using client = await testClient(server.address, { home });
      await (await client.open(chainKey)).close();
    };
    await open();
    server.shows = { identity: third, rotations: twice.rotations };
    await open();
    for (const shows of [
      undefined,
      { identity: second, rotations: once.rotations },
      // It says nothing of what came before, so it is another server's.
      { identity: thief, rotations: [] },
    ]) {
      server.shows = shows;
      await expect(open()).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_MISMATCH' });
    }
    server.shows = { identity: third, rotations: twice.rotations };
    await open();
  },
);

test('a server that says nothing of rotations to who knows none is not believed', async () => {
  const chain = await honestChain('centralized');
  const server = await MaliciousServer.start(() => chain, identity);
  server.shows = { identity: third, rotations: twice.rotations };
  await using client = await testClient(server.address);
  await using opened = await client.open(chainKey);
  // The same identity again, as if its rotations were known: they are.
  server.shows = { identity: third, rotations: [] };
  await opened.open({ forAppend: false });
  // Another one, as if they were.
  server.shows = { identity: second, rotations: [] };
  await expect(opened.open({ forAppend: false })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
});
