import { expect, test } from 'vitest';
import { FieldWriter } from '../bytes/index.ts';
import { KeyPair, type PublicKey, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import { parseChainKey } from './chain-key.ts';
import { magics } from './forms.ts';
import { buildGenesis, parseGenesis } from './genesis.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';

const user = KeyPair.generate().publicKey;
const small = KeyPair.generate({ suite: suiteMldsa44Ed25519 }).publicKey;
const server = KeyPair.generate({ forSigningOnly: true }).publicKey;

/** A genesis with these bytes in place of the message of its only root. */
function genesisWith(rootBytes: Buffer): Buffer {
  const genesis = new FieldWriter()
    .string(1, 'team/db')
    .varint(2, 2)
    .message(3, rootBytes)
    .varint(4, 1)
    .bytes(5, Buffer.alloc(16, 1))
    .finish();
  return new FieldWriter().fixed32(1, magics.event).varint(2, 1).message(15, genesis).finish();
}

test('keys with a KEM part and without come back, of either suite', () => {
  for (const key of [user, small, server]) {
    const read = parsePublicKey(publicKeyBytes(key));
    expect(read.fingerprint).toEqual(key.fingerprint);
    expect(read.toFields()).toEqual(key.toFields());
  }
  const header = buildGenesis({
    chainKey: parseChainKey('team/db'),
    trustMode: 'centralized',
    roots: [user, small],
    createdUnixMs: 1,
    salt: Buffer.alloc(16, 1),
    serverIdentity: server,
  });
  const { roots, serverIdentity } = parseGenesis(header);
  expect(new Set(roots.map((root) => root.fingerprintHex))).toEqual(
    new Set([user.fingerprintHex, small.fingerprintHex]),
  );
  expect(serverIdentity?.fingerprint).toEqual(server.fingerprint);
});

test('half a KEM part is refused', () => {
  const whole = new FieldWriter().varint(1, user.suite).bytes(2, user.bytes);
  expect(parseGenesis(genesisWith(whole.finish())).roots[0]?.kem).toBeUndefined();
  const { kem } = user as PublicKey & { kem: object };
  const suiteOnly = new FieldWriter().varint(1, user.suite).bytes(2, user.bytes).varint(3, 1);
  const keyOnly = new FieldWriter().varint(1, user.suite).bytes(2, user.bytes).bytes(4, kem?.bytes);
  for (const half of [suiteOnly.finish(), keyOnly.finish()]) {
    expect(() => parseGenesis(genesisWith(half))).toThrow(
      expect.objectContaining({
        reason: 'GENESIS_INVALID',
        message: expect.stringContaining('one of KEM suite and KEM key'),
      }),
    );
  }
});

test.each([
  ['a KEM suite that is not known', 2, 1216],
  ['a KEM key that is too short', 1, 1215],
  ['a KEM key that is too long', 1, 1217],
])('%s is not canonical', (_, suite, length) => {
  const bytes = new FieldWriter()
    .varint(1, user.suite)
    .bytes(2, user.bytes)
    .varint(3, suite)
    .bytes(4, Buffer.alloc(length, 1))
    .finish();
  expect(() => parseGenesis(genesisWith(bytes))).toThrow(
    expect.objectContaining({ reason: 'NON_CANONICAL' }),
  );
});
