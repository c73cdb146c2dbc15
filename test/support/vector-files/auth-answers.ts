import { AtedbError, FieldWriter } from '../../../src/bytes/index.ts';
import { signatureContexts } from '../../../src/crypto/index.ts';
import { magics } from '../../../src/event/forms.ts';
import {
  type AuthAnswerClaim,
  authAnswerHeader,
  type ParsedAuthAnswer,
  parseAuthAnswer,
  parseOwner,
  publicKeyBytes,
  withoutRotations,
} from '../../../src/event/index.ts';
import { verifyAuthAnswer, verifyIdentityLine } from '../../../src/trust/index.ts';
import { type FixedKey, fixedBytes, flipped } from './fixed.ts';
import {
  answerOf,
  claimOf,
  keyCases,
  people,
  rotationOf,
  signedAnswer,
  startMs,
} from './fixed-answer.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const { service, nextService, otherService, mine, next, second, role, nextRole, guest } = people;
const { stranger } = people;

/** What auth services sign of who owns chains. */
export async function authAnswerVectors(): Promise<VectorFile> {
  return {
    name: 'auth-answers',
    about:
      'AuthAnswer messages by themselves (docs/trust.md, "Owners"; proto/atedb/v1/answer.proto). `good` ones are in the strict form, say what is listed, and are signed by their `identity`; `header` is what is signed, with the context that `context` says; keys are named by their fingerprints; `held` is the message as chains hold it, without rotations, where it has some; `leadsFrom` has the identities that the answer\'s rotations lead to its own, oldest first, the last being that. `bad` ones are refused with `reason`, whoever has signed them: their form and what they say is checked first, then their signature, then their rotations. What becomes of answers in a chain is in the file ownership.',
    madeFrom: 'src/event/auth-answer.ts, src/trust/auth-answer.ts and src/trust/identity-line.ts',
    lists: {
      keys: keyCases(people),
      good: await Promise.all(good().map(goodCase)),
      bad: await Promise.all(bad().map(badCase)),
    },
  };
}

/** Everything that is checked of an answer without a chain. */
async function verified(message: Buffer) {
  const answer = parseAuthAnswer(message);
  await verifyAuthAnswer(answer);
  const line = await verifyIdentityLine(answer.identity, answer.rotations);
  return { answer, leadsFrom: line.fingerprints };
}

async function goodCase([what, message]: readonly [string, Buffer]): Promise<VectorCase> {
  const { answer, leadsFrom } = await verified(message);
  return {
    ...{ what, message, header: answer.headerBytes, context: signatureContexts.authAnswer },
    held: answer.rotations.length === 0 ? undefined : withoutRotations(message),
    ...{ ...sayings(answer), leadsFrom },
  };
}

function sayings(answer: ParsedAuthAnswer): VectorCase {
  const names = (keys: ParsedAuthAnswer['roots']) => keys.map(({ fingerprint }) => fingerprint);
  const { owner, version, issuedUnixMs, expiresUnixMs, admitted, changed } = answer;
  return {
    ...{ owner: owner.text, version, issuedUnixMs, expiresUnixMs },
    ...{ roots: names(answer.roots), writers: names(answer.writers), admitted, changed },
    ...{ unverified: answer.isUnverified, removed: answer.isRemoved },
    identity: answer.identity.fingerprint,
  };
}

async function badCase([why, reason, message]: Bad): Promise<VectorCase> {
  const error = await verified(message).catch((one: unknown) => one);
  if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
  if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
  return { why, message, reason };
}

const fingerprintOf = ({ publicKey }: FixedKey) => publicKey.fingerprint;
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => fixedBytes(`key number ${index}`, 32));

function good(): (readonly [string, Buffer])[] {
  const replacedKey = { fingerprint: fingerprintOf(mine), successor: fingerprintOf(next) };
  const givenUp = { fingerprint: fingerprintOf(guest), successor: undefined };
  const team: Partial<AuthAnswerClaim> = {
    ...{ owner: parseOwner('team'), version: 7, roots: [mine.publicKey, second.publicKey] },
    ...{ writers: [role.publicKey], admitted: [fingerprintOf(guest), fingerprintOf(role)] },
  };
  const rotated = { identity: nextService.publicKey };
  const once = rotationOf(service, nextService);
  return [
    ['a user with one key, never changed', answerOf()],
    ['a group with roles', answerOf(team)],
    ['a user at localhost', answerOf({ owner: parseOwner('me@localhost') })],
    ['somebody has claimed the name', answerOf({ isUnverified: true })],
    ['the account was removed', answerOf({ isRemoved: true, version: 9 })],
    [
      'a key was replaced',
      answerOf({ version: 1, roots: [next.publicKey], changed: [replacedKey] }),
    ],
    ['a key was given up', answerOf({ version: 2, changed: [givenUp] })],
    [
      "a role's key was replaced, and another one was given up",
      answerOf({
        version: 3,
        changed: [{ fingerprint: fingerprintOf(role), successor: fingerprintOf(second) }, givenUp],
      }),
    ],
    [
      'changes are in the order in which they were made, not sorted',
      answerOf({
        version: 3,
        changed: numbered(3)
          .sort((a, b) => Buffer.compare(b, a))
          .map((fingerprint) => ({ fingerprint, successor: fingerprintOf(nextRole) })),
      }),
    ],
    [
      'as many changes as there may be',
      answerOf({
        version: 256,
        changed: numbered(256).map((fingerprint) => ({ fingerprint, successor: undefined })),
      }),
    ],
    ['as many keys let in as there may be', answerOf({ admitted: numbered(16) })],
    ['it counts for a millisecond', answerOf({ expiresUnixMs: startMs + 1 })],
    ['it counts as long as can be said', answerOf({ expiresUnixMs: Number.MAX_SAFE_INTEGER })],
    ['by a service that was rotated', answerOf(rotated, { by: nextService, rotations: [once] })],
    [
      'by a service that was rotated, without saying so, as chains hold it',
      answerOf(rotated, { by: nextService }),
    ],
  ];
}

type Bad = readonly [why: string, reason: string, message: Buffer];

function bad(): Bad[] {
  return [...badForms(), ...badClaims(), ...badSignatures(), ...badRotations()];
}

/** The header of the usual answer, by its fields, with some of them changed. */
function patchedHeader(patch: (fields: Map<number, Buffer[]>) => void): Buffer {
  const key = ({ publicKey }: FixedKey) => publicKeyBytes(publicKey);
  const one = (write: (writer: FieldWriter) => FieldWriter) => [write(new FieldWriter()).finish()];
  const fields = new Map<number, Buffer[]>([
    [1, one((writer) => writer.fixed32(1, magics.authAnswer))],
    [2, one((writer) => writer.string(2, 'me@example.com'))],
    [4, one((writer) => writer.varint(4, startMs))],
    [5, one((writer) => writer.varint(5, startMs + 1_000))],
    [6, one((writer) => writer.message(6, key(mine)))],
    [12, one((writer) => writer.message(12, key(service)))],
  ]);
  patch(fields);
  const order = [...fields].sort(([a], [b]) => a - b);
  return Buffer.concat(order.flatMap(([, bytes]) => bytes));
}

const patched = (patch: Parameters<typeof patchedHeader>[0]) => signedAnswer(patchedHeader(patch));
const wrote = (write: (writer: FieldWriter) => FieldWriter) => write(new FieldWriter()).finish();

function badForms(): Bad[] {
  const reason = 'NON_CANONICAL';
  const message = answerOf();
  const without = (field: number) => patched((fields) => fields.delete(field));
  const withField = (field: number, ...bytes: Buffer[]) =>
    patched((fields) => fields.set(field, bytes));
  const key = (number: number, { publicKey }: FixedKey) =>
    wrote((writer) => writer.message(number, publicKeyBytes(publicKey)));
  const change = (fingerprint: Buffer, successor?: Buffer) =>
    wrote((writer) =>
      writer.message(9, new FieldWriter().bytes(1, fingerprint).bytes(2, successor).finish()),
    );
  const header = authAnswerHeader(claimOf());
  return [
    ['empty', reason, Buffer.alloc(0)],
    ['cut short', reason, message.subarray(0, -1)],
    ['bytes behind it', reason, Buffer.concat([message, Buffer.of(0)])],
    ['a header alone', reason, wrote((writer) => writer.bytes(1, header))],
    [
      'another magic',
      reason,
      withField(
        1,
        wrote((writer) => writer.fixed32(1, magics.delegation)),
      ),
    ],
    [
      'a newer version',
      reason,
      withField(
        1,
        wrote((writer) => writer.fixed32(1, 0x024e4141)),
      ),
    ],
    ['no owner', reason, without(2)],
    ['no time of issue', reason, without(4)],
    ['no end', reason, without(5)],
    ['no roots', reason, without(6)],
    ['no identity', reason, without(12)],
    ['a version 0 that is there', reason, withField(3, Buffer.of(0x18, 0))],
    ['a version above 2^53 - 1', reason, withField(3, Buffer.from('188080808080808010', 'hex'))],
    ['unverified is 2', reason, withField(10, Buffer.of(0x50, 2))],
    ['removed is 0, and there', reason, withField(11, Buffer.of(0x58, 0))],
    [
      'an owner of 256 bytes',
      reason,
      withField(
        2,
        wrote((w) => w.string(2, 'a'.repeat(256))),
      ),
    ],
    [
      'fields in another order',
      reason,
      patched((fields) => {
        const end = fields.get(5) as Buffer[];
        fields.set(4, [...end, ...(fields.get(4) as Buffer[])]);
        fields.delete(5);
      }),
    ],
    ['a field that nobody knows', reason, withField(13, Buffer.of(0x68, 1))],
    ['17 roots', reason, withField(6, ...Array.from({ length: 17 }, () => key(6, mine)))],
    ['17 writers', reason, withField(7, ...Array.from({ length: 17 }, () => key(7, role)))],
    ['17 keys let in', reason, answerOf({ admitted: numbered(17) })],
    [
      'a key let in with a fingerprint of 31 bytes',
      reason,
      withField(
        8,
        wrote((w) => w.bytes(8, Buffer.alloc(31, 1))),
      ),
    ],
    [
      '257 changes',
      reason,
      answerOf({
        changed: numbered(257).map((fingerprint) => ({ fingerprint, successor: undefined })),
      }),
    ],
    ['a change of no key', reason, withField(9, Buffer.of(0x4a, 0))],
    [
      'a change to a key of 33 bytes',
      reason,
      withField(9, change(fingerprintOf(next), Buffer.alloc(33, 1))),
    ],
  ];
}

function badClaims(): Bad[] {
  const reason = 'AUTH_ANSWER_INVALID';
  const [a, b] = [mine, second]
    .map(({ publicKey }) => publicKey)
    .sort((x, y) => Buffer.compare(x.fingerprint, y.fingerprint));
  const roots = (...keys: (typeof a)[]) =>
    patched((fields) =>
      fields.set(
        6,
        keys.map((one) => wrote((w) => w.message(6, publicKeyBytes(one as NonNullable<typeof a>)))),
      ),
    );
  const owner = (text: string) =>
    patched((fields) => fields.set(2, [wrote((writer) => writer.string(2, text))]));
  const change = (fingerprint: Buffer, successor?: Buffer) => ({ fingerprint, successor });
  const [low, high] = numbered(2).sort(Buffer.compare) as [Buffer, Buffer];
  const unsorted = (...admitted: Buffer[]) =>
    patched((fields) =>
      fields.set(
        8,
        admitted.map((one) => wrote((w) => w.bytes(8, one))),
      ),
    );
  const brokenKey = Buffer.from(publicKeyBytes(mine.publicKey));
  const ed25519At = brokenKey.length - 32;
  brokenKey.fill(0, ed25519At);
  brokenKey[ed25519At] = 1;
  return [
    ['it expires when it is given', reason, answerOf({ expiresUnixMs: startMs })],
    ['it expires before it is given', reason, answerOf({ expiresUnixMs: startMs - 1 })],
    ['roots that are not sorted', reason, roots(b, a)],
    ['a root twice', reason, roots(a, a)],
    ['a root among the writers', reason, answerOf({ writers: [mine.publicKey] })],
    ['keys let in that are not sorted', reason, unsorted(high, low)],
    ['a key let in twice', reason, unsorted(low, low)],
    [
      'a root whose Ed25519 key is of small order',
      reason,
      patched((fields) => fields.set(6, [wrote((w) => w.message(6, brokenKey))])),
    ],
    ['a key changed twice', reason, answerOf({ changed: [change(low), change(low, high)] })],
    ['a key followed by itself', reason, answerOf({ changed: [change(low, low)] })],
    [
      'a key followed by one that counts no more',
      reason,
      answerOf({ changed: [change(low, high), change(high)] }),
    ],
    ['a root that counts no more', reason, answerOf({ changed: [change(fingerprintOf(mine))] })],
    [
      'a writer that counts no more',
      reason,
      answerOf({ writers: [role.publicKey], changed: [change(fingerprintOf(role))] }),
    ],
    [
      'a key let in that counts no more',
      reason,
      answerOf({ admitted: [low], changed: [change(low)] }),
    ],
    ['an owner with capitals', reason, owner('Me@example.com')],
    ['an owner without a name', reason, owner('@example.com')],
    ['an owner without a domain', reason, owner('me@')],
    ['an owner with two @', reason, owner('me@example.com@example.com')],
    ['an owner with a slash', reason, owner('team/mydb')],
    ['an owner that begins with a dot', reason, owner('.me@example.com')],
    ["an owner that is the server's own", reason, owner('_sys')],
    ['a name of 64 characters', reason, owner('a'.repeat(64))],
  ];
}

function badSignatures(): Bad[] {
  const reason = 'SIGNATURE_INVALID';
  const message = answerOf();
  const ofNext = authAnswerHeader(claimOf({ identity: nextService.publicKey }));
  return [
    ['by somebody else', reason, answerOf({}, { by: stranger })],
    ['by a root of the owner', reason, answerOf({}, { by: mine })],
    ['by another service', reason, answerOf({}, { by: otherService })],
    ['for another purpose', reason, answerOf({}, { context: signatureContexts.seal })],
    [
      'by the identity of before, which names the next',
      reason,
      signedAnswer(ofNext, { by: service }),
    ],
    ['the half of Ed25519 was changed', reason, flipped(message, -1)],
    ['the half of ML-DSA was changed', reason, flipped(message, -100)],
    ['an end that was moved', reason, movedEnd(message)],
  ];
}

/** An answer that counts for longer than was signed. */
function movedEnd(message: Buffer): Buffer {
  const header = authAnswerHeader(claimOf());
  const longer = authAnswerHeader(claimOf({ expiresUnixMs: startMs + 2_000 }));
  const at = message.indexOf(header);
  return Buffer.concat([message.subarray(0, at), longer, message.subarray(at + header.length)]);
}

function badRotations(): Bad[] {
  const rotated = { identity: nextService.publicKey };
  const with_ = (...rotations: Buffer[]) => answerOf(rotated, { by: nextService, rotations });
  const once = rotationOf(service, nextService);
  return [
    [
      'a rotation that leads elsewhere',
      'VERIFICATION_FAILED',
      with_(rotationOf(service, otherService)),
    ],
    [
      'rotations with a gap',
      'VERIFICATION_FAILED',
      with_(rotationOf(otherService, service), rotationOf(stranger, nextService)),
    ],
    [
      'rotations that come back to a key',
      'VERIFICATION_FAILED',
      with_(once, rotationOf(nextService, service), once),
    ],
    [
      'a rotation that the key of before has not signed',
      'SIGNATURE_INVALID',
      with_(rotationOf(service, nextService, { from: otherService, to: nextService })),
    ],
    [
      'a rotation that the next key has not signed',
      'SIGNATURE_INVALID',
      with_(rotationOf(service, nextService, { from: service, to: service })),
    ],
    ['17 rotations', 'NON_CANONICAL', with_(...Array.from({ length: 17 }, () => once))],
  ];
}
