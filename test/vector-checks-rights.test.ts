import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthAnswerHeaderSchema, AuthAnswerSchema } from '../gen/atedb/v1/answer_pb.js';
import { chooseProvider, providerNames } from '../src/crypto/index.ts';
import { parseAuthAnswer, parsePublicKey, withoutRotations } from '../src/event/index.ts';
import { verifyAuthAnswer, verifyIdentityLine } from '../src/trust/index.ts';
import { readList } from './support/vector-files/vector-file.ts';

// The vectors about owners, delegated keys and data that is gone, as vector-checks.test.ts reads the others. Nothing of what made them is
// used here.

/** A case as it is in a file. Bytes are hexadecimal. */
type Case = Readonly<Record<string, unknown>>;

const hex = (value: unknown) => Buffer.from(value as string, 'hex');
const list = (name: string, of: string) => readList<Case>(name, of);
const texts = (fingerprints: readonly Uint8Array[]) =>
  fingerprints.map((one) => Buffer.from(one).toString('hex'));

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('answers of auth services', async () => {
    const check = async (message: Buffer) => {
      const answer = parseAuthAnswer(message);
      await verifyAuthAnswer(answer);
      return verifyIdentityLine(answer.identity, answer.rotations);
    };
    for (const one of list('auth-answers', 'good')) {
      const message = hex(one.message);
      const { fingerprints } = await check(message);
      expect(fingerprints, one.what as string).toEqual(one.leadsFrom);
      const held = one.held === undefined ? message : hex(one.held);
      expect(withoutRotations(message).equals(held)).toBe(true);
    }
    for (const { message, reason, why } of list('auth-answers', 'bad')) {
      await expect(check(hex(message)), why as string).rejects.toMatchObject({ reason });
    }
  });
});

test('answers say what generated stubs read in them', () => {
  for (const one of list('auth-answers', 'good')) {
    const { header, rotations } = fromBinary(AuthAnswerSchema, hex(one.message));
    expect(Buffer.from(header).toString('hex')).toBe(one.header);
    expect(rotations.length).toBe((one.leadsFrom as unknown[]).length - 1);
    const said = fromBinary(AuthAnswerHeaderSchema, header);
    const names = (keys: { suite: number; key: Uint8Array }[]) =>
      keys.map((key) => nameOf(key.key));
    expect({
      ...{ owner: said.owner, version: Number(said.version) },
      ...{
        issuedUnixMs: Number(said.issuedUnixMs),
        expiresUnixMs: Number(said.expiresUnixMs),
      },
      ...{ roots: names(said.roots), writers: names(said.writers), admitted: texts(said.admitted) },
      changed: said.changed.map(({ fingerprint, successor }) => ({
        fingerprint: texts([fingerprint])[0],
        ...(successor.length === 0 ? {} : { successor: texts([successor])[0] }),
      })),
      ...{ unverified: said.unverified, removed: said.removed },
      identity: names(said.identity === undefined ? [] : [said.identity])[0],
    }).toEqual({
      ...{ owner: one.owner, version: one.version, issuedUnixMs: one.issuedUnixMs },
      ...{ expiresUnixMs: one.expiresUnixMs, roots: one.roots, writers: one.writers },
      ...{ admitted: one.admitted, changed: one.changed, unverified: one.unverified },
      ...{ removed: one.removed, identity: one.identity },
    });
  }
});

/** The fingerprint that `keys` says a key has, by its bytes. */
function nameOf(key: Uint8Array): unknown {
  const bytes = Buffer.from(key).toString('hex');
  const found = list('auth-answers', 'keys').find((one) => (one.key as string).endsWith(bytes));
  expect(parsePublicKey(hex(found?.key)).fingerprintHex).toBe(found?.fingerprint);
  return found?.fingerprint;
}
