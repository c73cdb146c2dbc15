import { randomBytes } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AuthAnswerHeaderSchema, AuthAnswerSchema } from '../../gen/atedb/v1/answer_pb.js';
import { AtedbError, answeredChangesMax, FieldWriter, rootsMax } from '../bytes/index.ts';
import { KeyPair, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import {
  type AuthAnswerClaim,
  authAnswerHeader,
  encodeAuthAnswer,
  parseAuthAnswer,
  withoutRotations,
} from './auth-answer.ts';
import { encodeIdentityRotation, identityRotationHeader } from './identity-rotation.ts';
import { parseOwner } from './owner.ts';

const made = Array.from(
  { length: rootsMax + 1 },
  () => KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }).publicKey,
).sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
const [root, writer, identity] = made as [
  KeyPair['publicKey'],
  KeyPair['publicKey'],
  KeyPair['publicKey'],
];
const fingerprints = Array.from({ length: 3 }, () => randomBytes(32)).sort(Buffer.compare);
const [first, second, third] = fingerprints as [Buffer, Buffer, Buffer];
const signature = Buffer.alloc(2_484, 1);

const claim: AuthAnswerClaim = {
  ...{ owner: parseOwner('me@example.com'), version: 3, issuedUnixMs: 1_000, expiresUnixMs: 2_000 },
  ...{ roots: [root], writers: [writer], admitted: [first] },
  changed: [
    { fingerprint: second, successor: root.fingerprint },
    { fingerprint: third, successor: undefined },
  ],
  ...{ isUnverified: true, isRemoved: false, identity },
};

const encoded = (said: Partial<AuthAnswerClaim> = {}) =>
  encodeAuthAnswer(authAnswerHeader({ ...claim, ...said }), identity, signature);

function reasonOf(message: Buffer): string | undefined {
  try {
    parseAuthAnswer(message);
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
  return undefined;
}

test('what an answer says is read as it was written, and generated stubs read and write the same bytes', () => {
  const message = encoded();
  const { headerBytes, signature: by, rotations, ...said } = parseAuthAnswer(message);
  expect(said).toEqual(claim);
  expect(rotations).toEqual([]);
  expect(by).toMatchObject({ fingerprint: identity.fingerprint, signature });
  const stub = fromBinary(AuthAnswerSchema, message);
  expect(Buffer.from(stub.header)).toEqual(headerBytes);
  const header = fromBinary(AuthAnswerHeaderSchema, stub.header);
  expect(header).toMatchObject({ owner: 'me@example.com', version: 3n, unverified: true });
  expect(Buffer.from(toBinary(AuthAnswerHeaderSchema, header))).toEqual(headerBytes);
  expect(Buffer.from(toBinary(AuthAnswerSchema, create(AuthAnswerSchema, stub)))).toEqual(message);
});

test('lists are sorted by whoever makes an answer', () => {
  const roots = [...made.slice(0, rootsMax)].reverse();
  const { roots: read } = parseAuthAnswer(
    encoded({ roots, writers: [], admitted: [second, first], changed: [] }),
  );
  expect(read).toEqual([...roots].reverse());
});

test('rotations are taken off, and what is signed stays byte for byte', () => {
  const rotation = { oldIdentity: root, newIdentity: identity, timeUnixMs: 1 };
  const header = identityRotationHeader(rotation);
  const one = encodeIdentityRotation(header, rotation, { old: signature, new: signature });
  const shown = encodeAuthAnswer(authAnswerHeader(claim), identity, signature, [one]);
  expect(parseAuthAnswer(shown).rotations).toEqual([one]);
  expect(withoutRotations(shown)).toEqual(encoded());
});

test.each<[string, Partial<AuthAnswerClaim>, string]>([
  ['that expires when it is given', { expiresUnixMs: 1_000 }, 'AUTH_ANSWER_INVALID'],
  ['without a root', { roots: [] }, 'NON_CANONICAL'],
  ['with too many roots', { roots: made }, 'NON_CANONICAL'],
  ['with a root twice', { roots: [root, root] }, 'AUTH_ANSWER_INVALID'],
  ['with a root among its writers', { writers: [root] }, 'AUTH_ANSWER_INVALID'],
  ['with an admitted key twice', { admitted: [first, first] }, 'AUTH_ANSWER_INVALID'],
  [
    'with too many admitted',
    { admitted: Array.from({ length: 17 }, () => randomBytes(32)) },
    'NON_CANONICAL',
  ],
  [
    'that changes a key twice',
    { changed: [claim.changed[0], claim.changed[0]] as never },
    'AUTH_ANSWER_INVALID',
  ],
  [
    'that changes a root',
    { changed: [{ fingerprint: root.fingerprint, successor: undefined }] },
    'AUTH_ANSWER_INVALID',
  ],
  [
    'that changes a key that it admits',
    { changed: [{ fingerprint: first, successor: undefined }] },
    'AUTH_ANSWER_INVALID',
  ],
  [
    'that has a key followed by itself',
    { changed: [{ fingerprint: second, successor: second }] },
    'AUTH_ANSWER_INVALID',
  ],
  [
    'that has a key followed by one that counts no more',
    {
      changed: [
        { fingerprint: second, successor: third },
        { fingerprint: third, successor: undefined },
      ],
    },
    'AUTH_ANSWER_INVALID',
  ],
  [
    'with too many changes',
    {
      changed: Array.from({ length: answeredChangesMax + 1 }, () => ({
        fingerprint: randomBytes(32),
        successor: undefined,
      })),
    },
    'NON_CANONICAL',
  ],
  [
    'about what owns nothing',
    { owner: { kind: 'group', text: '_sys', group: '_sys' } },
    'AUTH_ANSWER_INVALID',
  ],
])('an answer %s is refused', (_what, said, reason) => {
  expect(reasonOf(encoded(said))).toBe(reason);
});

test('what is not in the strict form is refused: as much as there may be, and one more', () => {
  const most = Array.from({ length: answeredChangesMax }, () => ({
    ...{ fingerprint: randomBytes(32), successor: undefined },
  }));
  expect(reasonOf(encoded({ changed: most }))).toBeUndefined();
  const message = encoded();
  expect(reasonOf(Buffer.concat([message, Buffer.of(0x20, 1)]))).toBe('NON_CANONICAL');
  expect(reasonOf(message.subarray(0, -1))).toBe('NON_CANONICAL');
  const header = Buffer.from(authAnswerHeader(claim));
  header[4] = 0x02;
  expect(reasonOf(encodeAuthAnswer(header, identity, signature))).toBe('NON_CANONICAL');
  const doubled = Buffer.concat([
    authAnswerHeader(claim),
    new FieldWriter().varint(10, 1).finish(),
  ]);
  expect(reasonOf(encodeAuthAnswer(doubled, identity, signature))).toBe('NON_CANONICAL');
});
