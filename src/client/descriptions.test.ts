import { expect, test } from 'vitest';
import { FieldWriter } from '../bytes/index.ts';
import { parseChainsPage, parseDescription } from './descriptions.ts';

const unreadable = { reason: 'VERIFICATION_FAILED' };

test('a description that is cut short, or names what is no key, is refused', () => {
  const whole = new FieldWriter().string(1, 'team/db').finish();
  expect(parseDescription(whole)).toMatchObject({ chainKey: 'team/db', roots: [] });
  expect(() => parseDescription(whole.subarray(0, -1))).toThrowError(
    expect.objectContaining(unreadable),
  );
  const key = new FieldWriter().varint(1, 1).bytes(2, Buffer.alloc(3)).finish();
  const noKey = new FieldWriter().string(1, 'team/db').message(4, key).finish();
  expect(() => parseDescription(noKey)).toThrowError(expect.objectContaining(unreadable));
});

test('a page of a list that is cut short, or leads back to itself, is refused', () => {
  const whole = new FieldWriter().string(2, 'team/db').finish();
  expect(parseChainsPage(whole, '')).toEqual({ chains: [], nextPageToken: 'team/db' });
  expect(parseChainsPage(Buffer.alloc(0), '')).toEqual({ chains: [], nextPageToken: '' });
  expect(() => parseChainsPage(whole.subarray(0, -1), '')).toThrowError(
    expect.objectContaining(unreadable),
  );
  expect(() => parseChainsPage(whole, 'team/db')).toThrowError(expect.objectContaining(unreadable));
});
