import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type IdentityVectors, makeIdentityVectors } from '../../test/support/identity-vectors.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseIdentityRotation, parsePublicKey } from '../event/index.ts';
import { isOfLine, verifyIdentityLine } from './identity-line.ts';

const text = readFileSync(new URL('../../docs/identity-vectors.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text) as IdentityVectors;
const keys = vectors.keys.map(({ key }) => parsePublicKey(Buffer.from(key, 'base64')));
const rotations = vectors.rotations.map((one) => Buffer.from(one, 'base64'));

test('the keys follow from their seeds', () => {
  expect(keys).toHaveLength(3);
  vectors.keys.forEach(({ seed, fingerprint }, at) => {
    const { publicKey } = KeyPair.fromSeed(1, Buffer.from(seed, 'hex'));
    expect(publicKey.fingerprintHex).toBe(fingerprint);
    expect(keys[at]?.fingerprintHex).toBe(fingerprint);
  });
});

test.each(vectors.cases)('$name', async ({ identity, rotations: shown, leadsFrom }) => {
  const [key, messages] = [keys[identity], shown.map((at) => rotations[at] as Buffer)];
  const verifying = verifyIdentityLine(key as (typeof keys)[0], messages);
  if (leadsFrom.length === 0) {
    await expect(verifying).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
    return;
  }
  const line = await verifying;
  const found = keys.flatMap((one, at) => (isOfLine(line, one) ? [at] : []));
  expect(found).toEqual(leadsFrom);
});

test('they are what the project makes now, but for the randomness of signatures', async () => {
  const made = await makeIdentityVectors();
  expect({ ...made, rotations: undefined }).toEqual({ ...vectors, rotations: undefined });
  const headers = (list: readonly string[]) =>
    list.map((one) => parseIdentityRotation(Buffer.from(one, 'base64')).headerBytes);
  expect(headers(vectors.rotations)).toEqual(headers(made.rotations));
});
