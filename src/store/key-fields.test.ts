import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeyPair, NoteKeyPair } from '../crypto/index.ts';
import { readCheckpointKeyFile, writeCheckpointKeyFile } from './checkpoint-key-file.ts';
import { KeyFields } from './key-fields.ts';
import { formatKeyFile, parseKeyFile } from './key-file.ts';
import { readPrivateText } from './private-text.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-fields-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const file = { where: 'the text', what: 'a key file' };

/** What was decoded from these texts meanwhile, as it is now. */
function decoded(texts: readonly unknown[]): Buffer[] {
  const { calls, results } = vi.mocked(Buffer.from).mock;
  return results.flatMap(({ value }, index) =>
    texts.includes((calls as unknown[][])[index]?.[0]) ? [value as Buffer] : [],
  );
}

const wiped = (length: number) => Buffer.alloc(length);

describe('secrets', () => {
  const text = JSON.stringify({
    format: 'f',
    a: Buffer.alloc(8, 1).toString('base64'),
    b: Buffer.alloc(8, 2).toString('base64'),
  });

  test('are there while they are used, and wiped then', () => {
    const kept: Buffer[] = [];
    const fields = KeyFields.parse(text, 'f', file);
    const said = fields.withSecrets({ a: 8, b: 8 }, ({ a, b }) => {
      kept.push(a, b);
      return `${a[0]} ${b[0]}`;
    });
    expect(said).toBe('1 2');
    expect(kept).toEqual([wiped(8), wiped(8)]);
  });

  test('are wiped where using them fails, or the next one is not what it is to be', () => {
    vi.spyOn(Buffer, 'from');
    const fields = KeyFields.parse(text, 'f', file);
    const { a, b } = JSON.parse(text);
    expect(() =>
      fields.withSecrets({ a: 8, b: 8 }, () => {
        throw new Error('no use');
      }),
    ).toThrow('no use');
    expect(() => fields.withSecrets({ a: 8, b: 9 }, () => undefined)).toThrow('"b" is not 9 bytes');
    expect(decoded([a, b])).toEqual(Array(4).fill(wiped(8)));
  });
});

describe('a file of checkpoint keys', () => {
  async function written() {
    const path = join(folder, 'checkpoint.keys');
    const keys = NoteKeyPair.generate();
    await writeCheckpointKeyFile(path, keys);
    const fields = JSON.parse(await readPrivateText(path, { what: 'key file', bytesMax: 65_536 }));
    const rewrite = (change: object) => writeFile(path, JSON.stringify({ ...fields, ...change }));
    return { path, keys, fields, rewrite };
  }

  test('is read as it was written, and its seeds are wiped', async () => {
    const { path, keys, fields } = await written();
    vi.spyOn(Buffer, 'from');
    const read = await readCheckpointKeyFile(path);
    expect(decoded([fields.ed25519, fields.mldsa44])).toEqual([wiped(32), wiped(32)]);
    for (const algorithm of ['ed25519', 'mldsa44'] as const) {
      expect(read.exportSeed(algorithm)).toEqual(keys.exportSeed(algorithm));
    }
  });

  test('that was altered is refused with what to do, and leaves no seed behind', async () => {
    const { path, fields, rewrite } = await written();
    const other = NoteKeyPair.generate();
    const cases: [object, RegExp, number[]][] = [
      [
        { mldsa44: fields.mldsa44.slice(4) },
        /"mldsa44" is not 32 bytes in base64\. Rest/,
        [32, 29],
      ],
      [{ mldsa44: undefined }, /"mldsa44" is not 32 bytes/, [32]],
      [{ ed25519: `${fields.ed25519} ` }, /"ed25519" is not 32 bytes/, [32]],
      [{ ed25519: 7 }, /"ed25519" is not 32 bytes/, []],
      [
        { mldsa44Public: other.publicKeys.mldsa44.toString('base64') },
        /its mldsa44 keys do not belong together\. Restore it; or, if it is lost, delete it/,
        [32, 32],
      ],
    ];
    for (const [change, message, lengths] of cases) {
      await rewrite(change);
      vi.spyOn(Buffer, 'from');
      const error = await readCheckpointKeyFile(path).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        reason: 'REQUEST_INVALID',
        message: expect.stringMatching(message),
        metadata: { path },
      });
      const { ed25519, mldsa44 } = { ...fields, ...change };
      expect(decoded([ed25519, mldsa44])).toEqual(lengths.map(wiped));
      vi.restoreAllMocks();
    }
  });

  test.each([
    ['', 'REQUEST_INVALID', /it is not JSON\. Restore it/],
    ['[]', 'REQUEST_INVALID', /it is not a JSON object\. Restore it/],
    // An older atedb is not told to delete what a newer one has written.
    ['{"format":"atedb-checkpoint-keys-2"}', 'UNSUPPORTED', /a newer atedb may read it$/],
  ])('with the text %j is refused', async (text, reason, message) => {
    const path = join(folder, 'checkpoint.keys');
    await writeFile(path, text, { mode: 0o600 });
    const error = await readCheckpointKeyFile(path).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ reason, message: expect.stringMatching(message) });
  });
});

describe('the seeds of a key file', () => {
  test.each([
    ['nothing', {}],
    ['its second seed', { kemSeed: 'AAAA' }],
    ['its public key', { public: KeyPair.generate().publicKey.bytes.toString('base64') }],
  ])('are wiped where %s is altered', async (_what, change) => {
    const keyPair = KeyPair.generate();
    const good = JSON.parse(await formatKeyFile({ keyPair, created: new Date() }));
    const fields = { ...good, ...change };
    vi.spyOn(Buffer, 'from');
    const parse = () => parseKeyFile(JSON.stringify(fields), 'the text');
    if ('kemSeed' in change || 'public' in change) expect(parse).toThrow(/is not a key file/);
    else expect(parse().publicKey.fingerprintHex).toBe(keyPair.publicKey.fingerprintHex);
    const secrets = decoded([fields.seed, fields.kemSeed]);
    expect(secrets.map(({ length }) => length)).toEqual([64, 'kemSeed' in change ? 3 : 32]);
    for (const secret of secrets) expect(secret).toEqual(wiped(secret.length));
  });
});
