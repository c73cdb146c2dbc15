import { expect, test } from 'vitest';
import type { ChainDescription } from '../client/index.ts';
import { descriptionJson, descriptionWords } from './describe.ts';

const description: ChainDescription = {
  isPrivate: false,
  isErasing: false,
  setAside: [],
  chainKey: 'example.com/me/log',
  chainId: Buffer.alloc(32, 1),
  trustMode: 'centralized',
  roots: [
    {
      fingerprint: 'ab'.repeat(32),
      suite: 1,
      publicKey: Buffer.of(1, 2, 3),
      kem: { suite: 1, bytes: Buffer.of(4, 5, 6) },
    },
  ],
  createdUnixMs: 1_700_000_000_000,
  head: { size: 12, root: Buffer.alloc(32, 2) },
  nextSequence: 5138,
  lastCommitUnixMs: 1_700_000_001_000,
  logBytes: 356_155,
  use: undefined,
  segments: 1,
  writers: 2,
  health: 'good',
  trouble: undefined,
  damages: [],
  retention: undefined,
  quota: undefined,
  ownerQuota: undefined,
  owner: undefined,
};

test('in words', () => {
  expect(descriptionWords(description)).toBe(`chain      example.com/me/log
id         ${'01'.repeat(32)}
trust      centralized
created    2023-11-14T22:13:20.000Z
root       ${'ab'.repeat(32)}
events     5,138, the next one gets sequence 5138
commits    12, the last one at 2023-11-14T22:13:21.000Z
head       12:${'02'.repeat(32)}
writers    2
log        356,155 bytes in 1 segment
health     good
`);
  const ill = { ...description, health: 'read-only', trouble: 'the disk\u001b' } as const;
  expect(descriptionWords(ill)).toContain('health     read-only: the disk\\u001b\n');
});

test('as JSON', () => {
  expect(JSON.parse(descriptionJson(description))).toEqual({
    chainKey: 'example.com/me/log',
    chainId: '01'.repeat(32),
    trustMode: 'centralized',
    private: false,
    roots: [
      {
        suite: 1,
        fingerprint: 'ab'.repeat(32),
        publicKey: 'AQID',
        kemSuite: 1,
        kemKey: 'BAUG',
      },
    ],
    created: '2023-11-14T22:13:20.000Z',
    head: { size: 12, root: '02'.repeat(32) },
    nextSequence: 5138,
    lastCommit: '2023-11-14T22:13:21.000Z',
    logBytes: 356_155,
    segments: 1,
    writers: 2,
    health: 'good',
  });
});

test('an owner, as the auth service says', () => {
  const owner = {
    ...{ owner: 'me@example.com', authIdentity: 'cd'.repeat(32), version: 3 },
    ...{ issuedUnixMs: 1_700_000_000_000, expiresUnixMs: 1_700_000_001_000 },
    ...{ isUnverified: true, isRemoved: false },
  };
  const words = (of: object) => descriptionWords({ ...description, owner: { ...owner, ...of } });
  expect(words({})).toContain(
    `root       ${'ab'.repeat(32)} of me@example.com, a name that nobody has checked; as the auth service says until 2023-11-14T22:13:21.000Z\n`,
  );
  expect(words({ isUnverified: false })).toContain('of me@example.com; as the auth service says');
  expect(words({ isRemoved: true })).toContain('of me@example.com, whose account was removed\n');
  expect(JSON.parse(descriptionJson({ ...description, owner })).owner).toEqual({
    ...{ name: 'me@example.com', authIdentity: 'cd'.repeat(32), version: 3 },
    ...{ issued: '2023-11-14T22:13:20.000Z', expires: '2023-11-14T22:13:21.000Z' },
    ...{ unverified: true, removed: false },
  });
});
