import { expect, test } from 'vitest';
import { readList } from '../../test/support/vector-files/vector-file.ts';
import { KeyPair } from '../crypto/index.ts';
import { parsePublicKey } from '../event/index.ts';
import { isOfLine, verifyIdentityLine } from './identity-line.ts';

interface KeyVector {
  readonly seed: string;
  readonly key: string;
  readonly fingerprint: string;
}

interface LineVector {
  readonly name: string;
  readonly identity: number;
  readonly rotations: readonly number[];
  readonly leadsFrom: readonly number[];
  readonly reason?: string;
}

const shownKeys = readList<KeyVector>('identity', 'keys');
const keys = shownKeys.map(({ key }) => parsePublicKey(Buffer.from(key, 'hex')));
const rotations = readList<{ message: string }>('identity', 'rotations').map(({ message }) =>
  Buffer.from(message, 'hex'),
);

test('the keys follow from their seeds', () => {
  expect(keys).toHaveLength(3);
  shownKeys.forEach(({ seed, fingerprint }, at) => {
    const { publicKey } = KeyPair.fromSeed(1, Buffer.from(seed, 'hex'));
    expect(publicKey.fingerprintHex).toBe(fingerprint);
    expect(keys[at]?.fingerprintHex).toBe(fingerprint);
  });
});

test.each(readList<LineVector>('identity', 'cases'))(
  '$name',
  async ({ identity, rotations: shown, leadsFrom, reason }) => {
    const [key, messages] = [keys[identity], shown.map((at) => rotations[at] as Buffer)];
    const verifying = verifyIdentityLine(key as (typeof keys)[0], messages);
    if (leadsFrom.length === 0) {
      expect(reason).toBeDefined();
      await expect(verifying).rejects.toMatchObject({ reason });
      return;
    }
    const line = await verifying;
    const found = keys.flatMap((one, at) => (isOfLine(line, one) ? [at] : []));
    expect(found).toEqual(leadsFrom);
  },
);
