import { inspect } from 'node:util';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { expect, test } from 'vitest';
import { NoteKeyPair, NotePublicKeys } from './note-keys.ts';

const seeds = { ed25519: Buffer.alloc(32, 1), mldsa44: Buffer.alloc(32, 2) };
const keys = new NoteKeyPair(seeds);
const message = Buffer.from('a message');

test('keys and signatures are those of an implementation of another hand', async () => {
  expect(keys.publicKeys.ed25519).toEqual(Buffer.from(ed25519.getPublicKey(seeds.ed25519)));
  const mldsa = ml_dsa44.keygen(seeds.mldsa44);
  expect(keys.publicKeys.mldsa44).toEqual(Buffer.from(mldsa.publicKey));
  const ours = {
    ed25519: await keys.sign('ed25519', message),
    mldsa44: await keys.sign('mldsa44', message),
  };
  expect(ed25519.verify(ours.ed25519, message, keys.publicKeys.ed25519)).toBe(true);
  expect(ml_dsa44.verify(ours.mldsa44, message, keys.publicKeys.mldsa44)).toBe(true);
  const { publicKeys } = keys;
  const theirs = {
    ed25519: Buffer.from(ed25519.sign(message, seeds.ed25519)),
    mldsa44: Buffer.from(ml_dsa44.sign(message, mldsa.secretKey)),
  };
  for (const algorithm of ['ed25519', 'mldsa44'] as const) {
    expect(await publicKeys.verify(algorithm, message, ours[algorithm])).toBe(true);
    expect(await publicKeys.verify(algorithm, message, theirs[algorithm])).toBe(true);
    expect(await publicKeys.verify(algorithm, Buffer.from('another'), ours[algorithm])).toBe(false);
    const short = ours[algorithm].subarray(1);
    expect(await publicKeys.verify(algorithm, message, short)).toBe(false);
  }
});

test('keys and seeds have their lengths, and an Ed25519 key is canonical and not of small order', () => {
  const { publicKeys } = keys;
  const wrong = [
    { ...publicKeys, ed25519: Buffer.alloc(31) },
    { ...publicKeys, mldsa44: Buffer.alloc(1313) },
    { ...publicKeys, ed25519: Buffer.from(`01${'00'.repeat(31)}`, 'hex') },
    { ...publicKeys, ed25519: Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex') },
  ];
  for (const { ed25519, mldsa44 } of wrong) {
    expect(() => new NotePublicKeys({ ed25519, mldsa44 })).toThrow(
      expect.objectContaining({ reason: 'REQUEST_INVALID' }),
    );
  }
  expect(() => new NoteKeyPair({ ...seeds, mldsa44: Buffer.alloc(33) })).toThrow('33');
});

test('nothing but exportSeed shows a seed', () => {
  const shown = [inspect(keys, { depth: 9 }), JSON.stringify(keys), String(keys)].join();
  for (const seed of [seeds.ed25519, seeds.mldsa44]) {
    expect(shown).not.toContain(seed.toString('hex').slice(0, 16));
    expect(shown).not.toContain(seed.toString('base64').slice(0, 16));
  }
  expect(keys.exportSeed('mldsa44')).toEqual(seeds.mldsa44);
});
