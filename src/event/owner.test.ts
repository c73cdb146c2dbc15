import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AtedbError } from '../bytes/index.ts';
import { parseChainKey } from './chain-key.ts';
import { ownerOf, parseOwner } from './owner.ts';

test('the owner of a chain is the one that its key names', () => {
  expect(ownerOf(parseChainKey('example.com/me/notes'))).toEqual({
    ...{ kind: 'user', text: 'me@example.com', name: 'me', domain: 'example.com' },
  });
  expect(ownerOf(parseChainKey('team/notes'))).toEqual({
    ...{ kind: 'group', text: 'team', group: 'team' },
  });
});

test('what is written of an owner is read again, and owns the chains that it is named in', () => {
  const name = fc
    .stringMatching(/^[a-z0-9][a-z0-9._+-]{0,30}$/)
    .filter((one) => !/\.chain(\.new)?$/.test(one));
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
  const domain = fc.tuple(label, label).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(name, fc.option(domain, { nil: undefined }), (first, at) => {
      const owner = parseOwner(at === undefined ? first : `${first}@${at}`);
      const path = at === undefined ? `${first}/db` : `${at}/${first}/db`;
      expect(owner).toEqual(ownerOf(parseChainKey(path)));
      expect(parseOwner(owner.text)).toEqual(owner);
    }),
  );
});

test.each([
  ...[
    '',
    '_sys',
    '_sys/auth',
    'Team',
    'a/b',
    'me@',
    '@example.com',
    'me@example',
    'me@EXAMPLE.com',
  ],
  ...['me@a.b/c', 'a@b@c.d', 'me.chain@example.com', 'x'.repeat(64), `me@${'a.'.repeat(200)}b`],
  ...['..', 'me@../x', ' me@example.com', 'me\0@example.com'],
])('%j owns nothing', (text) => {
  expect(() => parseOwner(text)).toThrow(AtedbError);
});
