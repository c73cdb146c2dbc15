import { expect, test } from 'vitest';
import { type Batch, type EventKind, eventMarks } from '../event/index.ts';
import { vouchedBy } from './vouching.ts';

function batchOf(kinds: readonly EventKind[], signatures: number, marks: number[] = []): Batch {
  const kindOf = (index: number) => kinds[index];
  const seal = { signatures: Array(signatures).fill({}), delegations: [] };
  const marksOf = (index: number) => marks[index] ?? 0;
  return { seal, count: kinds.length, kindOf, marksOf } as unknown as Batch;
}

test('a signature vouches in every chain', () => {
  for (const mode of ['centralized', 'distributed'] as const) {
    expect(vouchedBy(batchOf(['data'], 1), mode)).toBe('writer');
    expect(vouchedBy(batchOf(['genesis'], 2), mode)).toBe('writer');
  }
});

test('in a centralized chain the server may vouch for what carries no authority', () => {
  expect(vouchedBy(batchOf(['data', 'data', 'data'], 0), 'centralized')).toBe('server');
});

const authority: EventKind[] = [
  'genesis',
  'tombstone',
  'redaction',
  'snapshot',
  'auth_answer',
  'roots',
  'server_identity',
  'key_change',
  'rules',
];

test.each(authority)('an event of kind %s is signed in every chain, also among others', (kind) => {
  for (const kinds of [[kind], ['data', kind, 'data']] as EventKind[][]) {
    expect(() => vouchedBy(batchOf(kinds, 0), 'centralized')).toThrow(`of kind "${kind}"`);
  }
});

test('so is one that carries rules or keys; sealed data, co-signers and a label carry none', () => {
  const { authority, sealed, signers, label } = eventMarks;
  const harmless = batchOf(['data', 'data', 'data'], 0, [sealed, signers, label]);
  expect(vouchedBy(harmless, 'centralized')).toBe('server');
  const bearing = batchOf(['data', 'data'], 0, [0, authority | sealed]);
  expect(() => vouchedBy(bearing, 'centralized')).toThrow('event 1 carries rules or keys');
});

test("a distributed chain's batches are signed", () => {
  expect(() => vouchedBy(batchOf(['data'], 0), 'distributed')).toThrow(
    expect.objectContaining({ reason: 'SIGNATURE_INVALID' }),
  );
});

test('so is one whose seal shows delegations', () => {
  const batch = { ...batchOf(['data'], 0) };
  const shows = {
    ...batch,
    seal: { ...batch.seal, delegations: [Buffer.of(1)] },
  } as unknown as Batch;
  expect(() => vouchedBy(shows, 'centralized')).toThrow(/shows delegations/);
});
