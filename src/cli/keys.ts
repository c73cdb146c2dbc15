import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { AtedbError } from '../bytes/index.ts';
import { kemSuite, signatureSuite, signatureSuites } from '../crypto/index.ts';
import {
  type Identity,
  IdentityStore,
  identityHome,
  keyFileMode,
  writeFileAtomic,
} from '../store/index.ts';
import { reportError, UsageError } from './errors.ts';
import { type Output, runWithOutput } from './output.ts';

/** What most of the commands are told. */
export interface KeySettings {
  name: string;
  json: boolean;
}

/** Make a key of the suite of this name, else of the default one, and show it. */
export async function newKey({
  name,
  json,
  suite,
}: KeySettings & { suite: string | undefined }): Promise<void> {
  const { number } = signatureSuites.find((one) => one.name === suite) ?? {};
  await runWithOutput(async (output) => {
    show(output, await openStore().create(name, { suite: number }), json);
  });
}

/** Show every key in a line. One that can't be read is reported, and the others are listed all the same. */
export async function listKeys({ json }: { json: boolean }): Promise<void> {
  const store = openStore();
  let failure: unknown;
  await runWithOutput(async (output) => {
    const names = await store.list();
    const width = Math.max(...names.map((name) => name.length));
    for (const name of names) {
      try {
        const identity = await store.get(name);
        const { publicKey } = identity.keyPair;
        const day = identity.created.toISOString().slice(0, 10);
        const line = `${name.padEnd(width)}  ${publicKey.fingerprintHex}  ${day}\n`;
        output.write(json ? jsonLine(identity) : line);
      } catch (error) {
        // The last one ends the command; those before it are shown where they arise.
        if (failure !== undefined) complain(failure, json);
        failure = error;
      }
    }
    if (names.length === 0 && !json) {
      process.stderr.write('there are no keys yet; make one with: atedb key new\n');
    }
  });
  if (failure !== undefined) throw failure;
}

/** Show the public half of a key, all of it. */
export async function showKey({ name, json }: KeySettings): Promise<void> {
  await runWithOutput(async (output) => {
    const identity = await openStore().get(name);
    show(output, identity, json);
    if (!json) {
      const { bytes, kem } = identity.keyPair.publicKey;
      output.write(`public key   ${bytes.toString('base64')}\n`);
      if (kem !== undefined) output.write(`KEM key      ${kem.bytes.toString('base64')}\n`);
    }
  });
}

/** Print a key with its secret, or write it to a new file. */
export async function exportKey(settings: {
  name: string;
  file: string | undefined;
  evenOnTerminal: boolean;
}): Promise<void> {
  const { name, file, evenOnTerminal } = settings;
  if (file === undefined && process.stdout.isTTY && !evenOnTerminal) {
    throw new UsageError(
      'this would show the secret key on the screen; send it to a pipe or name a file with --output, or, if ' +
        'the screen is what you want, say --yes',
    );
  }
  const secret = await openStore().exportSecret(name);
  if (file === undefined) {
    await runWithOutput(async (output) => {
      output.write(secret);
    });
  } else {
    await writeFileAtomic(file, secret, { mode: keyFileMode, replace: false });
  }
  process.stderr.write('this is a secret: whoever has it can write in your name\n');
}

/** Add a key from a file, or from standard input where the file is `-`. */
export async function importKey(settings: KeySettings & { file: string }): Promise<void> {
  const { name, json, file } = settings;
  await runWithOutput(async (output) => {
    const fromInput = file === '-';
    const secret = fromInput ? await text(process.stdin) : await readFile(file, 'utf8');
    const where = fromInput ? 'standard input' : file;
    show(output, await openStore().import(name, secret, where), json);
  });
}

function openStore(): IdentityStore {
  return new IdentityStore(identityHome(process.env));
}

function show(output: Output, identity: Identity, json: boolean): void {
  if (json) {
    output.write(jsonLine(identity));
    return;
  }
  const { publicKey } = identity.keyPair;
  output.write(
    `name         ${identity.name}
fingerprint  ${publicKey.fingerprintHex}
suite        ${signatureSuite(publicKey.suite).name}
created      ${identity.created.toISOString()}
file         ${identity.path}
`,
  );
}

function jsonLine({ name, keyPair, created, path }: Identity): string {
  const { publicKey } = keyPair;
  const fields = {
    name,
    fingerprint: publicKey.fingerprintHex,
    suite: signatureSuite(publicKey.suite).name,
    created: created.toISOString(),
    file: path,
    public: publicKey.bytes.toString('base64'),
    kem: publicKey.kem && kemSuite(publicKey.kem.suite).name,
    kemPublic: publicKey.kem?.bytes.toString('base64'),
  };
  return `${JSON.stringify(fields)}\n`;
}

function complain(error: unknown, json: boolean): void {
  if (!(error instanceof AtedbError)) throw error;
  reportError(error, {
    command: 'atedb',
    help: 'atedb key --help',
    json,
    write: (line) => process.stderr.write(line),
  });
}
