import { createPrivateKey } from 'node:crypto';
import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import {
  inDays,
  type MadeCertificate,
  TestAuthority,
  TestFiles,
} from '../../test/support/certificates.ts';
import { eventually } from '../../test/support/eventually.ts';
import { TlsFiles, type TlsOptions } from './tls-files.ts';

const authority = await TestAuthority.make();
const good = await authority.issue();

/** Load files, with what they log by name of the level. */
async function loading(options: TlsOptions) {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
  let nowMs = Date.now();
  const files = await TlsFiles.load(options, { logger, now: () => nowMs });
  return {
    files,
    said: () => lines.splice(0).map(({ level, msg }) => `${pino.levels.labels[level]}: ${msg}`),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

/** What a start with these files fails with. */
async function refusal(made: Partial<MadeCertificate>, clients?: string): Promise<string> {
  const folder = await TestFiles.make();
  const files = await folder.writePair({ ...good, ...made });
  const clientCaFile = clients === undefined ? undefined : await folder.write('ca.pem', clients);
  return TlsFiles.load(
    { ...files, clientCaFile },
    { logger: pino({ level: 'silent' }), now: Date.now },
  ).then(
    () => 'loaded',
    (error) => `${error.reason}: ${error.message.replaceAll(folder.folder, '')}`,
  );
}

test('good files are taken, with a chain behind the certificate', async () => {
  const folder = await TestFiles.make();
  const options = await folder.writePair({ ...good, cert: good.cert + authority.cert });
  const { files } = await loading(options);
  expect(files.certificate).toMatchObject({
    names: 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    fingerprint: good.fingerprint,
  });
});

const sealed = (key: string) =>
  createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
const keyOf = async (made: Promise<MadeCertificate>) => (await made).key;

test.each<[string, () => Promise<string>, RegExp]>([
  [
    'a certificate that is none',
    () => refusal({ cert: 'hello' }),
    /^REQUEST_INVALID: \/server\.pem has no certificate in PEM form/,
  ],
  [
    'a certificate that is cut off within',
    () => refusal({ cert: good.cert.replace(/\n.{20}/, '\n') }),
    /\/server\.pem is damaged: certificate 1 of 1/,
  ],
  [
    'a key that is none',
    () => refusal({ key: good.cert }),
    /\/server\.key has no private key in PEM form/,
  ],
  [
    'a key that is sealed',
    () => refusal({ key: sealed(good.key) }),
    /\/server\.key is sealed with a passphrase.*openssl pkey/,
  ],
  [
    'the key of another certificate',
    async () => refusal({ key: await keyOf(authority.issue()) }),
    /\/server\.key is not the key of the first certificate in \/server\.pem \(DNS:localhost/,
  ],
  [
    'a chain in the wrong order',
    () => refusal({ cert: authority.cert + good.cert }),
    /\/server\.key is not the key of the first certificate.*come before/,
  ],
  [
    'a certificate that has expired',
    async () => refusal(await authority.issue({ from: inDays(-9), until: inDays(-1) })),
    /\/server\.pem has expired: DNS:localhost.*renew it/,
  ],
  [
    'a certificate that is not valid yet',
    async () => refusal(await authority.issue({ from: inDays(1) })),
    /\/server\.pem is not valid yet.*clock/,
  ],
  [
    'a chain of which one has expired',
    async () => refusal({ cert: good.cert + (await TestAuthority.make('old', inDays(-1))).cert }),
    /\/server\.pem has expired: CN=old/,
  ],
  [
    'authorities of clients that are none',
    () => refusal({}, good.key),
    /\/ca\.pem has no certificate/,
  ],
  [
    'authorities of clients that have all expired',
    async () => refusal({}, (await TestAuthority.make('old', inDays(-1))).cert),
    /\/ca\.pem has expired: CN=old/,
  ],
])('%s stops the start, and the file is named', async (_what, made, words) => {
  expect(await made()).toMatch(words);
});

test('one authority that has expired does no harm beside one that has not', async () => {
  const old = await TestAuthority.make('old', inDays(-1));
  expect(await refusal({}, old.cert + authority.cert)).toBe('loaded');
});

test('a file that is missing, and a key that others may read, stop the start', async () => {
  const folder = await TestFiles.make();
  const files = await folder.writePair(good);
  const missing = join(folder.folder, 'missing.pem');
  await expect(loading({ ...files, certFile: missing })).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    message: `cannot read the certificate file ${missing}: there is no such file`,
  });
  const open = join(folder.folder, 'open.key');
  await writeFile(open, good.key, { mode: 0o640 });
  await expect(loading({ ...files, keyFile: open })).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    message: expect.stringContaining(`chmod 600 ${open}`),
  });
});

test('what is renewed is taken up, and only then', async () => {
  const folder = await TestFiles.make();
  const options = await folder.writePair(good);
  const { files, said } = await loading(options);
  expect(await files.reload()).toBe(false);
  const renewed = await authority.issue();
  await folder.writePair(renewed);
  expect(await files.reload()).toBe(true);
  expect(files.certificate.fingerprint).toBe(renewed.fingerprint);
  expect(files.context.key).toBe(renewed.key);
  expect(await files.reload()).toBe(false);
  expect(said()).toEqual(['info: took up renewed TLS files']);
});

test('a renewal that is half done, or bad, changes nothing, and is said once', async () => {
  const folder = await TestFiles.make();
  const options = await folder.writePair(good);
  const { files, said } = await loading(options);
  const renewed = await authority.issue();
  await folder.write('server.pem', renewed.cert);
  for (let times = 0; times < 3; times += 1) expect(await files.reload()).toBe(false);
  expect(said()).toEqual(['error: the TLS files can not be taken up; the ones before stay']);
  expect(files.certificate.fingerprint).toBe(good.fingerprint);
  await folder.write('server.key', renewed.key);
  expect(await files.reload()).toBe(true);
  expect(files.certificate.fingerprint).toBe(renewed.fingerprint);
});

test('links that are swapped are followed, as those of certbot and of mounted secrets', async () => {
  const folder = await TestFiles.make();
  const renewed = await authority.issue();
  await folder.writePair(good, 'first');
  await folder.writePair(renewed, 'second');
  const swapTo = async (name: string) => {
    for (const kind of ['pem', 'key']) {
      await symlink(`${name}.${kind}`, join(folder.folder, 'new'));
      await rename(join(folder.folder, 'new'), join(folder.folder, `live.${kind}`));
    }
  };
  await swapTo('first');
  const { files } = await loading({
    certFile: join(folder.folder, 'live.pem'),
    keyFile: join(folder.folder, 'live.key'),
    renewalCheckMs: 10,
  });
  const onRenewed = vi.fn();
  files.watch(onRenewed);
  await swapTo('second');
  await eventually(() => expect(onRenewed).toHaveBeenCalledTimes(1));
  expect(files.certificate.fingerprint).toBe(renewed.fingerprint);
  files.stop();
});

test('an end that comes near is warned of once, and told of when it is there', async () => {
  const folder = await TestFiles.make();
  const made = await authority.issue({ from: inDays(-9), until: inDays(11) });
  const { files, said, pass } = await loading(await folder.writePair(made));
  const day = 86_400_000;
  pass(8.9 * day);
  await files.reload();
  expect(said()).toEqual([]);
  pass(0.2 * day);
  await files.reload();
  await files.reload();
  expect(said()).toEqual(['warn: the TLS certificate expires soon; renew it']);
  pass(2 * day);
  await files.reload();
  await files.reload();
  expect(said()).toEqual(['error: the TLS certificate has expired: clients refuse it; renew it']);
});
