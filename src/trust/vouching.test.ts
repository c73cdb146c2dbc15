import { expect, test } from 'vitest';
import type { Batch, EventKind } from '../event/index.ts';
import { vouchedBy } from './vouching.ts';

function batchOf(kinds: readonly EventKind[], signatures: number): Batch {
  const kindOf = (index: number) => kinds[index];
  const seal = { signatures: Array(signatures).fill({}) };
  return { seal, count: kinds.length, kindOf } as unknown as Batch;
}

test('a signature vouches in every chain', () => {
  for (const mode of ['centralized', 'distributed'] as const) {
    expect(vouchedBy(batchOf(['data'], 1), mode)).toBe('writer');
    expect(vouchedBy(batchOf(['genesis'], 2), mode)).toBe('writer');
  }
});

test('in a centralized chain the server may vouch for what carries no authority', () => {
  expect(vouchedBy(batchOf(['data', 'tombstone', 'data'], 0), 'centralized')).toBe('server');
});

const authority: EventKind[] = [
  'genesis',
  'redaction',
  'snapshot',
  'auth_answer',
  'roots',
  'server_identity',
];

test.each(authority)('an event of kind %s is signed in every chain, also among others', (kind) => {
  for (const kinds of [[kind], ['data', kind, 'data']] as EventKind[][]) {
    expect(() => vouchedBy(batchOf(kinds, 0), 'centralized')).toThrow(`of kind "${kind}"`);
  }
});

test("a distributed chain's batches are signed", () => {
  expect(() => vouchedBy(batchOf(['data'], 0), 'distributed')).toThrow(
    expect.objectContaining({ reason: 'SIGNATURE_INVALID' }),
  );
});
