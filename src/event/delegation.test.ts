import { inspect } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DelegationHeaderSchema,
  DelegationSchema,
  TokenSchema,
} from '../../gen/atedb/v1/delegation_pb.js';
import { formOf } from '../../test/support/descriptor-form.ts';
import type { MessageForm } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { delegationHeader, encodeDelegation, parseDelegation } from './delegation.ts';
import { delegationForm, delegationHeaderForm, tokenForm } from './delegation-forms.ts';
import { beyondScope, scopeCovers, scopeOf } from './delegation-scope.ts';
import { Token } from './token.ts';

const [issuer, subject] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const keys = { issuer: issuer.publicKey, subject: subject.publicKey };
const claim = {
  issuer: keys.issuer.fingerprint,
  subject: keys.subject,
  chains: ['example.com/me/*', 'team/mydb'],
  mayWrite: true,
  mayRead: false,
  notBeforeUnixMs: 0,
  expiresUnixMs: 1_800_000_000_000,
  serial: Buffer.alloc(16, 7),
};
const signatures = { issuer: Buffer.alloc(3_373, 1), subject: Buffer.alloc(3_373, 2) };
const header = delegationHeader(claim);
const message = encodeDelegation(header, keys, signatures);
const invalid = expect.objectContaining({ reason: 'DELEGATION_INVALID' });

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
  expect(outline(delegationForm)).toEqual(outline(formOf(DelegationSchema)));
  expect(outline(delegationHeaderForm)).toEqual(outline(formOf(DelegationHeaderSchema)));
  expect(outline(tokenForm)).toEqual(outline(formOf(TokenSchema)));
});

test('what is written is what stubs read, and the other way round', () => {
  const read = fromBinary(DelegationSchema, message);
  expect(Buffer.from(toBinary(DelegationSchema, read))).toEqual(message);
  const inner = fromBinary(DelegationHeaderSchema, read.header);
  const { chains, mayWrite } = claim;
  expect(inner).toMatchObject({ chains, mayWrite, mayRead: false, notBeforeUnixMs: 0n });
  expect(header.subarray(1, 5).toString('latin1')).toBe('ADG\u0001');
  const { subject: to, ...said } = claim;
  expect(parseDelegation(message)).toMatchObject({ ...said, headerBytes: header, bytes: message });
  expect(parseDelegation(message).subject.fingerprintHex).toBe(to.fingerprintHex);
});

const changes: Record<string, object> = {
  'of another magic': { magic: 0x01474442 },
  'without an issuer': { issuer: Buffer.alloc(0) },
  'by a key to itself': { issuer: keys.subject.fingerprint },
  'without a subject': { subject: undefined },
  'without chains': { chains: [] },
  'with too many chains': { chains: Array.from({ length: 17 }, (_, at) => `team/a${at + 10}`) },
  'whose chains are not sorted': { chains: ['team/mydb', 'example.com/me/*'] },
  'that names a chain twice': { chains: ['team/mydb', 'team/mydb'] },
  'that names what is no chain': { chains: ['Team/mydb'] },
  'for all chains there are': { chains: ['*'] },
  'for all owners of a domain': { chains: ['example.com/*/*'] },
  'for some databases of an owner': { chains: ['team/my*'] },
  'that gives no right': { mayWrite: false },
  'that never expires': { expiresUnixMs: 0n },
  'that expires before it counts': { notBeforeUnixMs: 1_800_000_000_000n },
  'without a serial': { serial: Buffer.alloc(0) },
};

test.each(Object.entries(changes))('a delegation %s is refused', (_what, change) => {
  const fields = Object.assign(fromBinary(DelegationHeaderSchema, header), change);
  const changed = Buffer.from(toBinary(DelegationHeaderSchema, fields));
  expect(() => parseDelegation(encodeDelegation(changed, keys, signatures))).toThrow(invalid);
});

test('bytes behind it, and what is cut, are refused', () => {
  for (const more of [Buffer.of(0x20, 1), Buffer.of(0x1a, 0)]) {
    expect(() => parseDelegation(Buffer.concat([message, more]))).toThrow(invalid);
  }
  for (let end = 0; end < message.length; end += 97) {
    expect(() => parseDelegation(message.subarray(0, end))).toThrow(invalid);
  }
});

const owner = fc.constantFrom('team', 'localhost', 'localhost/a', 'a.com/me', 'a.com/you', 'a.com');
const entry = fc
  .tuple(owner, fc.constantFrom('*', 'x', 'y'))
  .map(([who, what]) => `${who}/${what}`);

test('of chains, an entry covers what it names, and `owner/*` what is of that owner and of no other', () => {
  fc.assert(
    fc.property(entry, owner, fc.constantFrom('x', 'y'), (one, who, db) => {
      const due = one === `${who}/${db}` || one === `${who}/*`;
      expect(scopeCovers([one], `${who}/${db}`)).toBe(due);
    }),
  );
});

test('what is not beyond a scope covers no chain that the scope does not', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1 }),
      fc.array(entry, { minLength: 1 }),
      owner,
      fc.constantFrom('x', 'y', 'z'),
      (inner, outer, who, db) => {
        if (beyondScope(scopeOf(inner), scopeOf(outer)) !== undefined) return;
        const chain = `${who}/${db}`;
        if (scopeCovers(inner, chain)) expect(scopeCovers(outer, chain)).toBe(true);
      },
    ),
  );
});

const token = new Token(subject, {
  issuer: keys.issuer,
  delegations: [parseDelegation(message)],
});

test('a token is read as it was written, and shows its secrets in its text alone', () => {
  const text = token.text();
  expect(text).toMatch(/^atedb_token_v1_[A-Za-z0-9_-]+$/);
  const read = Token.parse(` ${text}\n`, 'the token');
  expect(read.key.publicKey.fingerprintHex).toBe(keys.subject.fingerprintHex);
  expect(read.delegations.map(({ bytes }) => bytes)).toEqual([message]);
  expect(read.text()).toBe(text);
  const seeds = [subject.exportSeed(), subject.exportKemSeed()?.seed].map((one) =>
    one?.toString('base64'),
  );
  for (const shown of [JSON.stringify(token), inspect(token, { depth: 9 }), String(token)]) {
    for (const secret of [text, ...seeds]) expect(shown).not.toContain(secret);
  }
});

test('what is no token is refused, and none of it is shown', () => {
  const text = token.text();
  const other = create(TokenSchema, {
    ...fromBinary(TokenSchema, Buffer.from(text.slice(15), 'base64url')),
    seed: issuer.exportSeed(),
  });
  const stolen = Buffer.from(toBinary(TokenSchema, other)).toString('base64url');
  const refused = {
    REQUEST_INVALID: ['', 'atedb_token_v1_', text.slice(3), `${text}.`, text.slice(0, -40), 'x y'],
    // Another's delegation beside an own key.
    DELEGATION_INVALID: [`atedb_token_v1_${stolen}`],
  };
  for (const [reason, texts] of Object.entries(refused)) {
    for (const one of texts) {
      const error = thrownBy(() => Token.parse(one, 'the token'));
      expect(error).toMatchObject({ reason });
      if (one.length > 20) expect(inspect(error)).not.toContain(one.slice(15, 60));
    }
  }
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
