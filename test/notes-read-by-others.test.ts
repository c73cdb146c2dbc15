import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SignedHead } from '../src/client/index.ts';
import { KeyPair, NoteKeyPair } from '../src/crypto/index.ts';
import { checkpointText, parseCheckpoint, verifierKey } from '../src/event/index.ts';
import { certifyCheckpointKeys, signCheckpoint, verifyCheckpoint } from '../src/trust/index.ts';
import { machineHas } from './support/machine-has.ts';
import { NoteReader } from './support/note-reader.ts';
import { rounds } from './support/scale.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Checkpoints, verified by code that isn't ours.

const hasReader = NoteReader.machineHasOne();

let reader: NoteReader;
beforeAll(() => {
  if (hasReader) reader = new NoteReader();
  // The first time on a machine, Go builds its own library too.
}, 300_000);
afterAll(() => reader?.[Symbol.dispose]());

/** A checkpoint as a server gives it to a client. */
async function served(): Promise<SignedHead> {
  await using server = await TestServer.start();
  await using client = await testClient(server.address);
  await using chain = await client.open('team/read', { key: testKey, forAppend: true });
  await chain.append([{ data: 'a' }, { data: 'b' }], { wait: 'attested' });
  if (chain.checkpoint === undefined) throw new Error('there is no checkpoint');
  return chain.checkpoint;
}

function verifierKeys({ chainId, signer }: SignedHead): string[] {
  return [
    verifierKey(chainId, 'ed25519', signer.keys),
    verifierKey(chainId, 'mldsa44', signer.keys),
  ];
}

test.skipIf(!hasReader)(
  'a checkpoint of a server is verified, both lines, by golang.org/x/mod/sumdb/note and filippo.io/torchwood',
  async () => {
    const signed = await served();
    const { note } = signed;
    const keys = verifierKeys(signed);
    const due = {
      origin: `atedb/${signed.chainId.toString('hex')}`,
      size: 2,
      root: signed.head.root.toString('base64'),
    };
    const names = keys.map((key) => key.split('+').slice(0, 2).join('+'));
    const [whole, one, other, witnessed] = reader.read([
      { note, verifierKeys: keys },
      { note, verifierKeys: keys.slice(0, 1) },
      { note, verifierKeys: keys.slice(1) },
      { note: `${note}— witness.example AAAAAAAA\n`, verifierKeys: keys },
    ]);
    const { timeUnixS: time } = signed;
    expect(whole).toEqual({ ...due, verified: names, time });
    expect(one).toEqual({ ...due, verified: names.slice(0, 1), unknown: 1 });
    expect(other).toEqual({ ...due, verified: names.slice(1), unknown: 1, time });
    expect(witnessed).toEqual({ ...due, verified: names, unknown: 1, time });
  },
  60_000,
);

test.skipIf(!hasReader)(
  'of altered notes none is taken by us that others refuse',
  async () => {
    const keys = NoteKeyPair.generate();
    const signer = await certifyCheckpointKeys(keys.publicKeys, KeyPair.generate());
    const chainId = Buffer.alloc(32, 5);
    const head = { size: 1_234, root: Buffer.alloc(32, 6) };
    const claim = { chainId, head, timeUnixS: 1_700_000_000 };
    const note = await signCheckpoint(claim, keys);
    const vkeys = verifierKeys({ ...claim, note, signer });
    const bytes = Buffer.from(note);
    const step = Math.ceil(bytes.length / rounds({ short: 150, long: 2_000 }));
    const altered = [note];
    for (let at = 0; at < bytes.length; at += at < 150 ? 1 : step) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      const text = copy.toString();
      // What isn't UTF-8 would be mended on its way to them.
      if (Buffer.from(text).equals(copy)) altered.push(text);
    }
    const theirs = reader.read(altered.map((one) => ({ note: one, verifierKeys: vkeys })));
    const ours = await Promise.allSettled(
      altered.map((one) => verifyCheckpoint(one, chainId, signer)),
    );
    expect(ours[0]?.status).toBe('fulfilled');
    expect(theirs[0]?.verified).toHaveLength(2);
    for (const [at, { status }] of ours.entries()) {
      // They take a note with one good line and one of an unknown key; we never do.
      const isTheirs = theirs[at]?.verified?.length === 2 && theirs[at]?.error === undefined;
      expect(status === 'fulfilled', altered[at]?.slice(0, 200)).toBe(isTheirs);
    }
  },
  60_000,
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-openssl-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const isOpensslThere = machineHas({
  isThere: /^OpenSSL 3/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? ''),
  what: 'OpenSSL 3',
  remedy: 'install it (on Debian, the package openssl)',
});

test.skipIf(!isOpensslThere)('openssl verifies the Ed25519 line over the text', async () => {
  const signed = await served();
  const [line] = parseCheckpoint(signed.note).signatures;
  const spki = Buffer.from('302a300506032b6570032100', 'hex');
  const path = (name: string) => join(folder, name);
  writeFileSync(path('key'), Buffer.concat([spki, signed.signer.keys.ed25519]));
  writeFileSync(path('signature'), line?.signature ?? '');
  const verify = (text: Buffer) => {
    writeFileSync(path('text'), text);
    const keyFlags = ['-pubin', '-inkey', path('key'), '-keyform', 'DER'];
    const inFlags = ['-rawin', '-in', path('text'), '-sigfile', path('signature')];
    return execFileSync('openssl', ['pkeyutl', '-verify', ...keyFlags, ...inFlags], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  };
  expect(verify(checkpointText(signed))).toContain('Verified Successfully');
  expect(() => verify(Buffer.from('another text'))).toThrow();
});
