import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair, type PublicKey } from '../crypto/index.ts';
import {
  type Authorisation,
  type EventAuthority,
  type EventInput,
  parseBatch,
  parseGenesis,
} from '../event/index.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { checkBatch } from './check-batch.ts';

// Who may open a private chain.

const keys = Array.from({ length: 5 }, () => KeyPair.generate({ forSigningOnly: true }));
const [root] = keys as [KeyPair];
const publicOf = (index: number) => (keys[index] as KeyPair).publicKey;
const objects = Array.from({ length: 3 }, () => randomBytes(16));

async function privateChain(isPrivate = true) {
  const { header, writer } = await testGenesis({ roots: [root], isPrivate });
  const authority = Authority.of(parseGenesis(header));
  for (const { publicKey } of keys) authority.keys.add(publicKey, []);
  return { authority, writer };
}

const place = { timeUnixMs: 1, chainKey: 'example.com/me/test' };

/** Have an event of the root's decided on. @returns the reason of a refusal. */
async function decided(
  authority: Authority,
  writer: TestWriter,
  authorityOfEvent: EventAuthority,
  input: Partial<EventInput> = {},
): Promise<string | undefined> {
  const event = testEvent('', { kind: 'rules', ...input, authority: authorityOfEvent });
  const { run } = await writer.make([event], {}, []);
  const batch = parseBatch(run);
  try {
    checkBatch(batch);
    authority.decide(batch, place);
    return undefined;
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
}

const sortedKeys = (indexes: readonly number[]) =>
  [...new Set(indexes)].map((index) => publicOf(index).fingerprint).sort(Buffer.compare);

/** The same, as a list of what was said last: who is named is looked for in all of it. */
class Said {
  admit: readonly Buffer[] = [];
  readonly rules = new Map<string, readonly Buffer[]>();
  readonly successors = new Map<string, string | undefined>();

  lets({ fingerprintHex: key }: PublicKey): boolean {
    if (this.successors.has(key)) return false;
    if (key === root.publicKey.fingerprintHex) return true;
    const named = [this.admit, ...this.rules.values()].flat().map((one) => one.toString('hex'));
    return named.some((name) => {
      let current: string | undefined = name;
      while (current !== undefined && this.successors.has(current)) {
        current = this.successors.get(current);
      }
      return current === key;
    });
  }
}

const step = fc.oneof(
  fc.record({ admit: fc.array(fc.nat(4), { maxLength: 4 }) }),
  fc.record({
    // The last stands for the root of the chain.
    object: fc.nat(3),
    rule: fc.constantFrom('write' as const, 'add' as const),
    of: fc.oneof(
      fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('everyone' as const, 'nobody' as const),
    ),
  }),
  fc.record({
    change: fc.integer({ min: 1, max: 4 }),
    to: fc.option(fc.integer({ min: 1, max: 4 })),
  }),
);

test('who is let in is named by a rule, or has replaced who is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { authority: first, writer } = await privateChain();
      let authority = first;
      const said = new Said();
      for (const one of steps) {
        if ('admit' in one) {
          const admit = sortedKeys(one.admit);
          const reason = await decided(authority, writer, { authorisation: { admit } }, noKey);
          expect(reason).toBeUndefined();
          said.admit = admit;
        } else if ('rule' in one) {
          const { object, rule, of } = one;
          const authorisation = {
            [rule]:
              typeof of === 'string'
                ? { kind: of }
                : { kind: 'any_of', fingerprints: sortedKeys(of) },
          } as Authorisation;
          const primaryKey = objects[object] as Buffer;
          const reason = await decided(authority, writer, { authorisation }, { primaryKey });
          // Who has given the right away can't set rules any more.
          if (reason === undefined && primaryKey === undefined) {
            said.rules.set(rule, typeof of === 'string' ? [] : sortedKeys(of));
          }
        } else {
          const { fingerprint, fingerprintHex } = publicOf(one.change);
          const successor = one.to === null ? undefined : publicOf(one.to);
          const keyChange = { fingerprint, successor };
          const input = { kind: 'key_change', ...noKey } as const;
          if ((await decided(authority, writer, { keyChange }, input)) === undefined) {
            said.successors.set(fingerprintHex, successor?.fingerprintHex);
          }
        }
        // What a snapshot keeps is all that there is.
        authority = new Authority(decodeAuthority(encodeAuthority(authority.record())));
        for (const { publicKey } of keys) {
          expect(authority.admits(publicKey.fingerprintHex)).toBe(said.lets(publicKey));
        }
      }
    }),
    { numRuns: 60 },
  );
});

const noKey = { primaryKey: undefined } as unknown as Partial<EventInput>;

test('the rule is for the root of a private chain alone', async () => {
  const { authority, writer } = await privateChain();
  const admit = [publicOf(1).fingerprint];
  const of = (keyPair: KeyPair) => new TestWriter(writer.chainId, keyPair);
  const rule = { authorisation: { admit } };
  expect(await decided(authority, of(keys[1] as KeyPair), rule, noKey)).toBe('KEY_NOT_ALLOWED');
  expect(await decided(authority, writer, rule, { primaryKey: objects[0] })).toBe('BATCH_INVALID');
  expect(authority.admitted).toEqual([]);
  expect(await decided(authority, writer, rule, noKey)).toBeUndefined();
  expect(authority.admitted).toEqual(admit);
  // It gives no right but this one.
  const { fingerprintHex } = publicOf(1);
  expect(authority.mayWriteObject(fingerprintHex, objects[1] as Buffer, place)).toBe(false);
  const open = await privateChain(false);
  expect(await decided(open.authority, open.writer, rule, noKey)).toBe('BATCH_INVALID');
});

test('it names 1,024 keys, sorted, once each, and not one more', async () => {
  const { authority, writer } = await privateChain();
  const many = Array.from({ length: 1_025 }, () => randomBytes(32)).sort(Buffer.compare);
  const said = (admit: readonly Buffer[]) =>
    decided(authority, writer, { authorisation: { admit } }, noKey);
  expect(await said(many.slice(0, 1_024))).toBeUndefined();
  expect(authority.admitted).toHaveLength(1_024);
  await expect(said(many)).rejects.toMatchObject({ reason: 'NON_CANONICAL' });
  const [first, second] = many as [Buffer, Buffer];
  expect(await said([second, first])).toBe('BATCH_INVALID');
  expect(await said([first, first])).toBe('BATCH_INVALID');
  expect(await said([])).toBeUndefined();
  expect(authority.admitted).toEqual([]);
});
