import { beforeAll, expect, test } from 'vitest';
import { identityRotationsMax } from '../bytes/index.ts';
import { KeyPair, signatureContexts } from '../crypto/index.ts';
import {
  encodeIdentityRotation,
  identityRotationHeader,
  parseIdentityRotation,
} from '../event/index.ts';
import {
  extendIdentityLine,
  type IdentityLine,
  identityLineOf,
  isOfLine,
  isRetired,
  verifyIdentityLine,
} from './identity-line.ts';

const forServer = { forSigningOnly: true };
const [first, second, third, other] = [1, 2, 3, 4].map(() => KeyPair.generate(forServer)) as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];
let line: IdentityLine;

beforeAll(async () => {
  const once = await extendIdentityLine(
    identityLineOf(first.publicKey),
    { old: first, new: second },
    1_700_000_000_000,
  );
  line = await extendIdentityLine(once, { old: second, new: third }, 1_700_000_000_001);
});

test('rotations lead from any key of a server to the one that it has', async () => {
  const read = await verifyIdentityLine(third.publicKey, line.rotations);
  expect(read.fingerprints).toEqual(
    [first, second, third].map(({ publicKey }) => publicKey.fingerprintHex),
  );
  for (const { publicKey } of [first, second, third]) expect(isOfLine(read, publicKey)).toBe(true);
  expect(isOfLine(read, other.publicKey)).toBe(false);
  expect(isRetired(read, first.publicKey)).toBe(true);
  expect(isRetired(read, third.publicKey)).toBe(false);
  const { timeUnixMs } = parseIdentityRotation(read.rotations[0] as Buffer);
  expect(timeUnixMs).toBe(1_700_000_000_000);
});

test('an identity that was never rotated is a line of its own', async () => {
  expect(await verifyIdentityLine(first.publicKey, [])).toEqual(identityLineOf(first.publicKey));
});

test('a line with a rotation left out, doubled, moved or cut is none', async () => {
  const [one, two] = line.rotations as [Buffer, Buffer];
  for (const rotations of [[one], [two, one], [one, one, two], [one, two, two]]) {
    await expect(verifyIdentityLine(third.publicKey, rotations)).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  }
  // The newest alone holds, and vouches for nobody who knows only the first key.
  expect(isOfLine(await verifyIdentityLine(third.publicKey, [two]), first.publicKey)).toBe(false);
  await expect(verifyIdentityLine(second.publicKey, line.rotations)).rejects.toThrow(/lead to/);
});

test('a line that comes back to a key is none', async () => {
  await expect(
    extendIdentityLine(line, { old: third, new: first }, 1_700_000_000_002),
  ).rejects.toThrow(/come back to the key/);
});

test('one key alone, or another in the place of one, makes no rotation', async () => {
  const claim = { oldIdentity: first.publicKey, newIdentity: other.publicKey, timeUnixMs: 1 };
  const header = identityRotationHeader(claim);
  const { identityRotation, identityPossession } = signatureContexts;
  const good = {
    old: await first.sign(identityRotation, header),
    new: await other.sign(identityPossession, header),
  };
  await verifyIdentityLine(other.publicKey, [encodeIdentityRotation(header, claim, good)]);
  const forgeries = [
    { ...good, old: await other.sign(identityRotation, header) },
    { ...good, new: await first.sign(identityPossession, header) },
    // The right keys, for another purpose.
    { ...good, old: await first.sign(identityPossession, header) },
    { ...good, new: await other.sign(identityRotation, header) },
    { ...good, old: await first.sign(signatureContexts.checkpointKeys, header) },
    { old: good.new, new: good.old },
  ];
  for (const signatures of forgeries) {
    const forged = encodeIdentityRotation(header, claim, signatures);
    await expect(verifyIdentityLine(other.publicKey, [forged])).rejects.toMatchObject({
      reason: 'SIGNATURE_INVALID',
    });
  }
  // Signatures that name a key which isn't the header's.
  const renamed = { ...claim, oldIdentity: second.publicKey };
  await expect(
    verifyIdentityLine(other.publicKey, [encodeIdentityRotation(header, renamed, good)]),
  ).rejects.toMatchObject({ reason: 'SIGNATURE_INVALID' });
});

test('no byte of a rotation can be another', async () => {
  const [one] = line.rotations as [Buffer];
  for (let at = 0; at < one.length; at += 97) {
    const altered = Buffer.from(one);
    altered[at] = (altered[at] as number) ^ 1;
    await expect(verifyIdentityLine(second.publicKey, [altered]), `${at}`).rejects.toMatchObject({
      reason: expect.stringMatching(
        /^(SIGNATURE_INVALID|NON_CANONICAL|REQUEST_INVALID|VERIFICATION_FAILED)$/,
      ),
    });
  }
});

test('more rotations than there may be are refused before any is read, and made by nobody', async () => {
  const none = Buffer.alloc(0);
  const tooMany = Array.from({ length: identityRotationsMax + 1 }, () => none);
  await expect(verifyIdentityLine(third.publicKey, tooMany)).rejects.toThrow(/may show 16/);
  const full = { ...line, rotations: tooMany.slice(1) };
  await expect(
    extendIdentityLine(full, { old: third, new: other }, 1_700_000_000_000),
  ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
});
