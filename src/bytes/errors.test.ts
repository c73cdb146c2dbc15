import { expect, test } from 'vitest';
import { ErrorReasonSchema } from '../../gen/atedb/v1/errors_pb.js';
import { AtedbError, reasons } from './index.ts';

test('the reasons are those of the schema, in its order', () => {
  const names = ErrorReasonSchema.values.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(30);
  expect(['UNSPECIFIED', ...reasons]).toEqual(
    names.map((name) => name.replace(/^ERROR_REASON_/, '')),
  );
});

test('an error carries its reason, its metadata and its cause', () => {
  const cause = new Error('below');
  const error = new AtedbError('CHAIN_NOT_FOUND', 'there is none', {
    metadata: { chain: 'a/b' },
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'AtedbError',
    reason: 'CHAIN_NOT_FOUND',
    message: 'there is none',
    metadata: { chain: 'a/b' },
    cause,
  });
});

test('an error without options has no cause and empty metadata', () => {
  const error = new AtedbError('INTERNAL', 'why');
  expect(error.metadata).toEqual({});
  expect('cause' in error).toBe(false);
});
