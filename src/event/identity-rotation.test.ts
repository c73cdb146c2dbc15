import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  IdentityRotationHeaderSchema,
  IdentityRotationSchema,
} from '../../gen/atedb/v1/identity_pb.js';
import { formOf } from '../../test/support/descriptor-form.ts';
import type { MessageForm } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import {
  encodeIdentityRotation,
  identityRotationHeader,
  parseIdentityRotation,
} from './identity-rotation.ts';
import { identityRotationForm, identityRotationHeaderForm } from './identity-rotation-forms.ts';

const [old, next] = [1, 2].map(() => KeyPair.generate({ forSigningOnly: true }).publicKey) as [
  KeyPair['publicKey'],
  KeyPair['publicKey'],
];
const claim = { oldIdentity: old, newIdentity: next, timeUnixMs: 1_700_000_000_000 };
const signatures = { old: Buffer.alloc(3_373, 1), new: Buffer.alloc(3_373, 2) };
const header = identityRotationHeader(claim);
const message = encodeIdentityRotation(header, claim, signatures);

/** What a form says that descriptors say, too. */
function outline(form: MessageForm): unknown {
  return form.fields.map(({ number, name, kind, form: inner }) => ({
    number,
    name,
    kind,
    ...(inner && { form: outline(inner) }),
  }));
}

test('the strict forms are as in the schema', () => {
  expect(outline(identityRotationForm)).toEqual(outline(formOf(IdentityRotationSchema)));
  expect(outline(identityRotationHeaderForm)).toEqual(
    outline(formOf(IdentityRotationHeaderSchema)),
  );
});

test('what is written is what stubs read, and the other way round', () => {
  const read = fromBinary(IdentityRotationSchema, message);
  expect(Buffer.from(toBinary(IdentityRotationSchema, read))).toEqual(message);
  const inner = fromBinary(IdentityRotationHeaderSchema, read.header);
  expect(inner).toMatchObject({ magic: 0x01524941, timeUnixMs: 1_700_000_000_000n });
  expect(header.subarray(1, 5).toString('latin1')).toBe('AIR\u0001');
  const parsed = parseIdentityRotation(message);
  expect(parsed).toMatchObject({ timeUnixMs: claim.timeUnixMs, headerBytes: header });
  expect(parsed.oldIdentity.fingerprintHex).toBe(old.fingerprintHex);
  expect(parsed.newIdentity.fingerprintHex).toBe(next.fingerprintHex);
  expect(parsed.oldSignature.signature).toEqual(signatures.old);
  expect(parsed.newSignature.fingerprint).toEqual(next.fingerprint);
});

test.each([
  ['of another magic', { magic: 0x01524942 }],
  ['without a time', { timeUnixMs: 0n }],
  ['without the old key', { oldIdentity: undefined }],
  ['without the new key', { newIdentity: undefined }],
  ['to the same key', { newIdentity: create(IdentityRotationHeaderSchema, {}).newIdentity }],
])('a rotation %s is refused', (what, change) => {
  const fields = fromBinary(IdentityRotationHeaderSchema, header);
  Object.assign(fields, change);
  if (what === 'to the same key') fields.newIdentity = fields.oldIdentity;
  const changed = Buffer.from(toBinary(IdentityRotationHeaderSchema, fields));
  expect(() => parseIdentityRotation(encodeIdentityRotation(changed, claim, signatures))).toThrow(
    expect.objectContaining({ reason: 'NON_CANONICAL' }),
  );
});

test('bytes behind it, or a field that is unknown, are refused', () => {
  for (const more of [Buffer.of(0x20, 1), Buffer.of(0x1a, 0)]) {
    expect(() => parseIdentityRotation(Buffer.concat([message, more]))).toThrow(
      expect.objectContaining({ reason: 'NON_CANONICAL' }),
    );
  }
});
