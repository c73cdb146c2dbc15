import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyPair, signatureSuites } from '../crypto/index.ts';
import { formatKeyFile, parseKeyFile, readKeyFile, writeKeyFile } from './key-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

const stored = { keyPair: KeyPair.generate(), created: new Date('2026-01-31T12:00:00Z') };

test('what is written is read back, from a file of mode 0600', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const read = await readKeyFile(path);
  expect(read.created).toEqual(stored.created);
  expect(read.keyPair.publicKey.bytes).toEqual(stored.keyPair.publicKey.bytes);
  expect(read.keyPair.exportSeed()).toEqual(stored.keyPair.exportSeed());
  expect(read.keyPair.exportKemSeed()).toEqual(stored.keyPair.exportKemSeed());
  expect(read.keyPair.publicKey.fingerprint).toEqual(stored.keyPair.publicKey.fingerprint);
  await expect(writeKeyFile(path, stored)).rejects.toMatchObject({ metadata: { code: 'EEXIST' } });
});

test('a key that only signs comes back as one', async () => {
  const keyPair = KeyPair.generate({ forSigningOnly: true });
  const text = await formatKeyFile({ keyPair, created: new Date() });
  expect(text).not.toContain('kem');
  const { publicKey } = parseKeyFile(text, 'the text');
  expect(publicKey.fingerprint).toEqual(keyPair.publicKey.fingerprint);
});

test('a key of each suite comes back', async () => {
  for (const { number, name } of signatureSuites) {
    const keyPair = KeyPair.generate({ suite: number });
    const text = await formatKeyFile({ keyPair, created: new Date() });
    expect(JSON.parse(text).suite).toBe(name);
    const read = parseKeyFile(text, 'the text').publicKey;
    expect([read.suite, read.fingerprintHex]).toEqual([number, keyPair.publicKey.fingerprintHex]);
  }
});

test('a key file that others may read is refused with what to do', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored);
  for (const mode of [0o640, 0o604, 0o620]) {
    await chmod(path, mode);
    await expect(readKeyFile(path)).rejects.toThrow(`chmod 600 ${path}`);
  }
  await chmod(path, 0o400);
  await readKeyFile(path);
});

test('a missing file is named', async () => {
  const path = join(folder, 'none.key');
  await expect(readKeyFile(path)).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    message: expect.stringContaining(path),
    metadata: { code: 'ENOENT' },
  });
});

test('every alteration is refused, and no message shows the text', async () => {
  const good = JSON.parse(await formatKeyFile(stored));
  const other = KeyPair.generate();
  const otherPublic = other.publicKey.bytes.toString('base64');
  const otherKem = other.publicKey.kem?.bytes.toString('base64');
  const kemSeed = good.kemSeed as string;
  const seed = good.seed as string;
  const cases: [string, RegExp][] = [
    ['', /not JSON/],
    [seed, /not JSON/],
    ['null', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['{}', /format is not "atedb-key-1"/],
    [JSON.stringify({ ...good, format: 'atedb-key-2' }), /newer atedb/],
    [
      JSON.stringify({ ...good, suite: 'rsa' }),
      /suite is not "mldsa65-ed25519" or "mldsa44-ed25519"/,
    ],
    [JSON.stringify({ ...good, suite: 'mldsa44-ed25519' }), /"public" is not 1344 bytes/],
    [JSON.stringify({ ...good, seed: undefined }), /"seed" is not 64 bytes/],
    [JSON.stringify({ ...good, seed: seed.slice(4) }), /"seed" is not 64 bytes/],
    [JSON.stringify({ ...good, seed: `${seed} ` }), /"seed" is not 64 bytes/],
    [JSON.stringify({ ...good, public: 7 }), /"public" is not 1984 bytes/],
    [JSON.stringify({ ...good, public: otherPublic }), /do not belong together/],
    [JSON.stringify({ ...good, kem: 'rsa' }), /kem is not "mlkem768-x25519"/],
    [JSON.stringify({ ...good, kem: undefined }), /kem is not "mlkem768-x25519"/],
    [JSON.stringify({ ...good, kemSeed: undefined }), /"kemSeed" is not 32 bytes/],
    [JSON.stringify({ ...good, kemSeed: kemSeed.slice(4) }), /"kemSeed" is not 32 bytes/],
    [JSON.stringify({ ...good, kemPublic: undefined }), /"kemPublic" is not 1216 bytes/],
    [JSON.stringify({ ...good, kemPublic: otherKem }), /"kemPublic" do not belong together/],
    [JSON.stringify({ ...good, created: 'yesterday' }), /"created" is not a time/],
  ];
  for (const [text, message] of cases) {
    expect(() => parseKeyFile(text, 'the text')).toThrow(message);
    expect(() => parseKeyFile(text, 'the text')).not.toThrow(seed);
    expect(() => parseKeyFile(text, 'the text')).not.toThrow(kemSeed);
  }
});

const costs = { memoryKib: 64, passes: 1, lanes: 2 };

test('a sealed key opens with its passphrase, and tells without it whose it is', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored, { passphrase: 'correct horse', costs });
  const text = await readFile(path, 'utf8');
  for (const seed of [stored.keyPair.exportSeed(), stored.keyPair.exportKemSeed()?.seed]) {
    expect(text).not.toContain(seed?.toString('base64').slice(0, 20));
  }
  const file = parseKeyFile(text, 'the text');
  expect(file.isSealed).toBe(true);
  expect(file.publicKey.fingerprint).toEqual(stored.keyPair.publicKey.fingerprint);
  const read = await readKeyFile(path, 'correct horse');
  expect(read.created).toEqual(stored.created);
  expect(read.keyPair.exportSeed()).toEqual(stored.keyPair.exportSeed());
  expect(read.keyPair.exportKemSeed()).toEqual(stored.keyPair.exportKemSeed());
  const asked: object[] = [];
  await readKeyFile(path, async (request) => {
    asked.push(request);
    return 'correct horse';
  });
  expect(asked).toEqual([{ where: path, fingerprint: stored.keyPair.publicKey.fingerprintHex }]);
});

test('with a wrong passphrase, an empty one or none it is refused, and nothing tells it', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored, { passphrase: 'correct horse', costs });
  const wrong = await readKeyFile(path, 'battery staple').catch((error: unknown) => error);
  expect(wrong).toMatchObject({
    reason: 'REQUEST_INVALID',
    message: `the passphrase is not that of the key in ${path}, or the file was changed`,
  });
  expect(inspect(wrong, { depth: 9 })).not.toMatch(/battery|horse/);
  await expect(readKeyFile(path, '')).rejects.toThrow(/passphrase is not that of the key/);
  await expect(readKeyFile(path)).rejects.toThrow(
    /is sealed with a passphrase, and none was given/,
  );
  const refused = formatKeyFile(stored, { passphrase: '', costs });
  await expect(refused).rejects.toThrow(/the passphrase is empty/);
});

test('one that is not sealed asks for no passphrase', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored);
  await readKeyFile(path, () => {
    throw new Error('asked');
  });
});

test('a sealed key that only signs has no more than its seed', async () => {
  const keyPair = KeyPair.generate({ forSigningOnly: true });
  const text = await formatKeyFile({ keyPair, created: new Date() }, { passphrase: 'x', costs });
  expect(Buffer.from(JSON.parse(text).sealed.data, 'base64')).toHaveLength(64 + 16);
  const { keyPair: read } = await parseKeyFile(text, 'the text').open('x');
  expect(read.exportSeed()).toEqual(keyPair.exportSeed());
  expect(read.exportKemSeed()).toBeUndefined();
});

test('every alteration of a sealed key is refused', async () => {
  const passphrase = 'correct horse';
  const good = JSON.parse(await formatKeyFile(stored, { passphrase, costs }));
  const other = KeyPair.generate().publicKey;
  const { sealed } = good;
  const cases: [object, RegExp][] = [
    [{ sealed: 'x' }, /"sealed" is not a JSON object/],
    [{ sealed: [] }, /"sealed" is not a JSON object/],
    [{ sealed: { ...sealed, kdf: 'scrypt' } }, /kdf is not "argon2id"/],
    [{ sealed: { ...sealed, cipher: 'aes' } }, /cipher is not "aes-256-gcm"/],
    [{ sealed: { ...sealed, memoryKib: 2 ** 21 } }, /costs are not ones that are paid: at most/],
    [{ sealed: { ...sealed, passes: '3' } }, /costs are not ones that are paid/],
    [{ sealed: { ...sealed, salt: sealed.data } }, /"salt" is not 16 bytes/],
    [{ sealed: { ...sealed, data: sealed.salt } }, /"data" is not 112 bytes/],
    [{ seed: sealed.data }, /sealed, and has a seed in clear/],
    [{ kem: undefined, kemPublic: undefined }, /"data" is not 80 bytes/],
    [{ sealed: { ...sealed, memoryKib: 65 } }, /passphrase is not that/],
    [{ public: other.bytes.toString('base64') }, /passphrase is not that/],
    [{ kemPublic: other.kem?.bytes.toString('base64') }, /passphrase is not that/],
  ];
  await parseKeyFile(JSON.stringify(good), 'the text').open(passphrase);
  for (const [change, message] of cases) {
    const open = async () =>
      parseKeyFile(JSON.stringify({ ...good, ...change }), 'the text').open(passphrase);
    await expect(open()).rejects.toThrow(message);
  }
});

test('the text holds the seed and says which format it is', async () => {
  const path = join(folder, 'k.key');
  await writeKeyFile(path, stored);
  const fields = JSON.parse(await readFile(path, 'utf8'));
  expect(fields.format).toBe('atedb-key-1');
  expect(Buffer.from(fields.seed, 'base64')).toEqual(stored.keyPair.exportSeed());
  expect(Buffer.from(fields.kemSeed, 'base64')).toEqual(stored.keyPair.exportKemSeed()?.seed);
});
