import { AtedbError, FieldWriter } from '../../../src/bytes/index.ts';
import { signatureContexts } from '../../../src/crypto/index.ts';
import { magics } from '../../../src/event/forms.ts';
import { parseDelegation, publicKeyBytes } from '../../../src/event/index.ts';
import { checkDelegationPath, verifyDelegations } from '../../../src/trust/index.ts';
import { type FixedKey, fixedBytes, flipped } from './fixed.ts';
import { startMs } from './fixed-answer.ts';
import {
  delegationHeaderOf,
  delegationOf,
  holders,
  pathOf,
  signedDelegation,
} from './fixed-delegation.ts';
import type { VectorCase } from './vector-file.ts';

const { root, first, second, third, mallory } = holders;
const reason = 'DELEGATION_INVALID';

/** Delegations that are none by themselves. */
export function badDelegations(): VectorCase[] {
  return [...badForms(), ...badClaims()].map(([why, message]) => {
    try {
      parseDelegation(message);
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== reason) throw error;
      return { why, message, reason };
    }
    throw new Error(`${why} is not refused`);
  });
}

/** Delegations that are no path from a key. */
export async function badPaths(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, delegations, issuer = root] of paths()) {
    const error = await verified(delegations, issuer).catch((one: unknown) => one);
    if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
    if (error.reason !== reason) throw error;
    cases.push({ why, delegations, issuer: publicKeyBytes(issuer.publicKey), reason });
  }
  return cases;
}

/** Verify a path from a key on. */
export async function verified(delegations: readonly Buffer[], issuer: FixedKey): Promise<void> {
  const path = delegations.map(parseDelegation);
  checkDelegationPath(path);
  await verifyDelegations(path, issuer.publicKey);
}

type Bad = readonly [why: string, message: Buffer];

const wrote = (write: (writer: FieldWriter) => FieldWriter) => write(new FieldWriter()).finish();

/** The header of a usual delegation, by its fields, with some of them changed. */
function patched(patch: (fields: Map<number, Buffer[]>) => void): Buffer {
  const one = (write: (writer: FieldWriter) => FieldWriter) => [wrote(write)];
  const fields = new Map<number, Buffer[]>([
    [1, one((writer) => writer.fixed32(1, magics.delegation))],
    [2, one((writer) => writer.bytes(2, root.publicKey.fingerprint))],
    [3, one((writer) => writer.message(3, publicKeyBytes(first.publicKey)))],
    [4, one((writer) => writer.string(4, 'example.com/me/*'))],
    [5, one((writer) => writer.varint(5, 1))],
    [7, one((writer) => writer.varint(7, startMs))],
    [8, one((writer) => writer.varint(8, startMs + 1_000))],
    [9, one((writer) => writer.bytes(9, fixedBytes('a serial', 16)))],
  ]);
  patch(fields);
  const order = [...fields].sort(([a], [b]) => a - b);
  const header = Buffer.concat(order.flatMap(([, bytes]) => bytes));
  return signedDelegation(header, { issuer: root, subject: first });
}

const without = (field: number) => patched((fields) => fields.delete(field));
const withField = (field: number, ...bytes: Buffer[]) =>
  patched((fields) => fields.set(field, bytes));
const forChains = (...chains: readonly string[]) =>
  withField(4, ...chains.map((entry) => wrote((writer) => writer.string(4, entry))));

function badForms(): Bad[] {
  const message = delegationOf(root, first);
  const header = delegationHeaderOf(root, first);
  const many = Array.from({ length: 17 }, (_, index) => `team/db${String(index).padStart(2, '0')}`);
  return [
    ['empty', Buffer.alloc(0)],
    ['cut short', message.subarray(0, -1)],
    ['bytes behind it', Buffer.concat([message, Buffer.of(0)])],
    ['a header alone', wrote((writer) => writer.bytes(1, header))],
    ['without the signature of its subject', withoutPossession(message)],
    [
      'another magic',
      withField(
        1,
        wrote((writer) => writer.fixed32(1, magics.authAnswer)),
      ),
    ],
    [
      'a newer version',
      withField(
        1,
        wrote((writer) => writer.fixed32(1, 0x02474441)),
      ),
    ],
    ['no issuer', without(2)],
    [
      'an issuer of 31 bytes',
      withField(
        2,
        wrote((writer) => writer.bytes(2, Buffer.alloc(31, 1))),
      ),
    ],
    ['no subject', without(3)],
    ['no chains', without(4)],
    ['17 chains', forChains(...many)],
    ['a chain of 256 bytes', forChains(`team/${'a'.repeat(251)}`)],
    ['to write is 2', withField(5, Buffer.of(0x28, 2))],
    ['to read is 0, and there', withField(6, Buffer.of(0x30, 0))],
    ['a beginning of 0 that is there', withField(7, Buffer.of(0x38, 0))],
    ['no end', without(8)],
    ['an end above 2^53 - 1', withField(8, Buffer.from('408080808080808010', 'hex'))],
    ['no serial', without(9)],
    [
      'a serial of 15 bytes',
      withField(
        9,
        wrote((writer) => writer.bytes(9, Buffer.alloc(15, 1))),
      ),
    ],
    ['a field that nobody knows', withField(10, Buffer.of(0x50, 1))],
  ];
}

/** A message without its last field. */
function withoutPossession(message: Buffer): Buffer {
  const header = delegationHeaderOf(root, first);
  const headerField = wrote((writer) => writer.bytes(1, header));
  // Both signatures are as long as each other, with tag and length.
  const rest = message.length - headerField.length;
  return message.subarray(0, headerField.length + rest / 2);
}

function badClaims(): Bad[] {
  const smallOrder = Buffer.from(publicKeyBytes(first.publicKey));
  const ed25519At = smallOrder.length - 32;
  smallOrder.fill(0, ed25519At);
  smallOrder[ed25519At] = 1;
  const entries: readonly (readonly [why: string, entry: string])[] = [
    ['a chain key without a database', 'team'],
    ['a chain key with capitals', 'Example.com/me/db'],
    ['all chains of everybody', '*'],
    ['all chains of a domain', 'example.com/*/*'],
    ['a star within a name', 'example.com/me/db*'],
    ['a star in the place of a name', 'example.com/*/db'],
    ['an owner without a name', '/*'],
    ["the server's own chain", '_sys/auth'],
    ['an empty part', 'example.com//db'],
  ];
  return [
    ['from a key to itself', delegationOf(root, root)],
    ['neither to write nor to read', delegationOf(root, first, { mayWrite: false })],
    ['it expires when it begins', delegationOf(root, first, { expiresUnixMs: startMs })],
    ['it expires before it begins', delegationOf(root, first, { expiresUnixMs: startMs - 1 })],
    ['chains that are not sorted', forChains('team/b', 'team/a')],
    ['a chain twice', forChains('team/a', 'team/a')],
    [
      'a subject whose Ed25519 key is of small order',
      withField(
        3,
        wrote((writer) => writer.message(3, smallOrder)),
      ),
    ],
    ...entries.map(([why, entry]): Bad => [why, forChains(entry)]),
  ];
}

type BadPath = readonly [why: string, delegations: Buffer[], issuer?: FixedKey];

function paths(): BadPath[] {
  const given = delegationOf(root, first);
  const on = (...args: Parameters<typeof delegationOf>) => [given, delegationOf(...args)];
  const narrow = delegationOf(root, first, { chains: ['example.com/me/a', 'team/*'] });
  const { delegation, delegationPossession } = signatureContexts;
  const headerBytes = delegationHeaderOf(root, first).length;
  return [
    ['its first one is of another key', [given], mallory],
    ['in another order', pathOf([root, first, second]).reverse()],
    ['the second one is by somebody else', on(mallory, second)],
    ['the second one leads back to the first issuer', on(first, root)],
    [
      'the third one leads back to the first subject',
      [...pathOf([root, first, second]), delegationOf(second, first)],
    ],
    ['one is missing', [given, delegationOf(second, third)]],
    ['the same one twice', [given, given]],
    [
      'the second one names another owner, too',
      on(first, second, { chains: ['example.com/me/*', 'team/*'] }),
    ],
    [
      'the second one names all chains of an owner, of one of them',
      [narrow, delegationOf(first, second, { chains: ['example.com/me/*'] })],
    ],
    [
      'the second one names another chain of the owner',
      [narrow, delegationOf(first, second, { chains: ['example.com/me/b'] })],
    ],
    [
      'a group named as a domain is another owner',
      [
        delegationOf(root, first, { chains: ['team/*'] }),
        delegationOf(first, second, { chains: ['team/me/db'] }),
      ],
    ],
    ['the second one gives to read', on(first, second, { mayRead: true })],
    [
      'the second one gives to write',
      [
        delegationOf(root, first, { mayWrite: false, mayRead: true }),
        delegationOf(first, second, { mayRead: true }),
      ],
    ],
    ['the second one begins earlier', on(first, second, { notBeforeUnixMs: startMs - 1 })],
    ['the second one always counted', on(first, second, { notBeforeUnixMs: 0 })],
    ['the second one ends later', on(first, second, { expiresUnixMs: startMs + 1_001 })],
    [
      "signed by somebody else in the issuer's place",
      [delegationOf(root, first, {}, { issuer: mallory })],
    ],
    [
      "signed by somebody else in the subject's place",
      [delegationOf(root, first, {}, { subject: mallory })],
    ],
    ['signed by the issuer alone, twice', [delegationOf(root, first, {}, { subject: root })]],
    [
      'each signs for the purpose of the other',
      [
        delegationOf(
          root,
          first,
          {},
          { contexts: { issuer: delegationPossession, subject: delegation } },
        ),
      ],
    ],
    [
      'the subject signs for the purpose of the issuer',
      [delegationOf(root, first, {}, { contexts: { issuer: delegation, subject: delegation } })],
    ],
    ['an end that was moved', [moved(given)]],
    ["the ML-DSA half of the issuer's signature was changed", [flipped(given, headerBytes + 200)]],
    ["the Ed25519 half of the subject's signature was changed", [flipped(given, -1)]],
    ['the second one is not signed', on(first, second, {}, { issuer: mallory })],
  ];
}

/** A delegation that counts for longer than was signed. */
function moved(message: Buffer): Buffer {
  const header = delegationHeaderOf(root, first);
  const longer = delegationHeaderOf(root, first, { expiresUnixMs: startMs + 2_000 });
  const at = message.indexOf(header);
  return Buffer.concat([message.subarray(0, at), longer, message.subarray(at + header.length)]);
}
