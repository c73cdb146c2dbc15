import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { AtedbError } from '../bytes/index.ts';
import { kemSuite, signatureSuite, signatureSuites } from '../crypto/index.ts';
import { parsePublicKeyText, publicKeyMark, publicKeyText } from '../event/index.ts';
import {
  defaultKeyName,
  IdentityStore,
  identityHome,
  type KeyDescription,
  keyFileMode,
  writeFileAtomic,
} from '../store/index.ts';
import { reportError, UsageError } from './errors.ts';
import { KnownKeys, type NamedPublicKey } from './known-keys.ts';
import { type Output, runWithOutput } from './output.ts';
import { newPassphrase, passphraseFrom } from './passphrase.ts';

/** What most of the commands are told. */
export interface KeySettings {
  name: string;
  json: boolean;
}

/** How a new key is made. */
export interface NewKeySettings extends KeySettings {
  /** The name of its suite; undefined: the default one. */
  readonly suite: string | undefined;
  /** Whether it is sealed with a passphrase. */
  readonly sealed: boolean;
  /** The file that has the passphrase; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
}

/** The name of a key that is there: of the one that is named, else of the one that commands use. */
export async function nameOfKey(given: string | undefined): Promise<string> {
  return given ?? (await openStore().defaultName());
}

/** Make a key, and show it. */
export async function newKey(settings: NewKeySettings): Promise<void> {
  const { name, json, suite, sealed, passphraseFile } = settings;
  const { number } = signatureSuites.find((one) => one.name === suite) ?? {};
  const store = openStore();
  await runWithOutput(async (output) => {
    // Before anything is asked: the name may be taken.
    await store.refuseTaken(name);
    await refuseNamed(name);
    const passphrase = sealed
      ? await newPassphrase(passphraseFile, '--passphrase-file')
      : undefined;
    await store.create(name, { suite: number, passphrase });
    show(output, await store.describe(name), json);
  });
}

/** What `atedb key passphrase` is told. */
export interface PassphraseSettings extends KeySettings {
  /** Whether the key is to be sealed with none. */
  readonly remove: boolean;
  /** The files that have the passphrases; undefined: the terminal is asked. */
  readonly currentFile: string | undefined;
  readonly newFile: string | undefined;
}

/** Seal a key with another passphrase, or with none, and show it. */
export async function changePassphrase(settings: PassphraseSettings): Promise<void> {
  const { name, json, remove, currentFile, newFile } = settings;
  await runWithOutput(async (output) => {
    const changed = await openStore().changePassphrase(name, {
      current: passphraseFrom(currentFile),
      passphrase: remove ? undefined : () => newPassphrase(newFile, '--new-passphrase-file'),
    });
    show(output, changed, json);
  });
}

/** Print the public half of a key as a line of text, or write it to a new file, for others. */
export async function printPublicKey(settings: {
  name: string;
  file: string | undefined;
  json: boolean;
}): Promise<void> {
  const { name, file, json } = settings;
  await runWithOutput(async (output) => {
    const known = await new KnownKeys(identityHome(process.env)).find(name);
    // For the error that says so.
    const publicKey = known?.publicKey ?? (await openStore().describe(name)).publicKey;
    const text = publicKeyText(publicKey);
    if (file !== undefined) await writeFileAtomic(file, `${text}\n`, { replace: false });
    const shown = { name, fingerprint: publicKey.fingerprintHex, file, publicKey: text };
    if (json) output.write(`${JSON.stringify(shown)}\n`);
    else if (file === undefined) output.write(`${text}\n`);
    else process.stderr.write(`wrote the public key ${publicKey.fingerprintHex} to ${file}\n`);
  });
}

/** Show every key in a line. One that can't be read is reported, and the others are listed all the same. */
export async function listKeys({ json }: { json: boolean }): Promise<void> {
  const store = openStore();
  let failure: unknown;
  await runWithOutput(async (output) => {
    const names = await store.list();
    const others = await new KnownKeys(identityHome(process.env)).others();
    const width = Math.max(
      ...[...names, ...others.map(({ name }) => name)].map((name) => name.length),
    );
    for (const name of names) {
      try {
        const key = await store.describe(name);
        const day = key.created.toISOString().slice(0, 10);
        const sealed = key.isSealed ? '  sealed' : '';
        const line = `${name.padEnd(width)}  ${key.publicKey.fingerprintHex}  ${day}${sealed}\n`;
        output.write(json ? jsonLine(key) : line);
      } catch (error) {
        // The last one ends the command; those before it are shown where they arise.
        if (failure !== undefined) complain(failure, json);
        failure = error;
      }
    }
    for (const other of others) {
      const { name, publicKey } = other;
      const line = `${name.padEnd(width)}  ${publicKey.fingerprintHex}  of somebody else\n`;
      output.write(json ? otherJson(other) : line);
    }
    if (names.length === 0 && others.length === 0 && !json) {
      process.stderr.write('there are no keys yet; make one with: atedb key new\n');
    }
  });
  if (failure !== undefined) throw failure;
}

/** Show the public half of a key, all of it. */
export async function showKey({ name, json }: KeySettings): Promise<void> {
  await runWithOutput(async (output) => {
    const other = await new KnownKeys(identityHome(process.env)).find(name);
    if (other?.isOwn === false) {
      output.write(json ? otherJson(other) : otherWords(other));
      return;
    }
    const key = await openStore().describe(name);
    show(output, key, json);
    if (!json) {
      const { bytes, kem } = key.publicKey;
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
  const store = openStore();
  const secret = await store.exportSecret(name);
  if (file === undefined) {
    await runWithOutput(async (output) => {
      output.write(secret);
    });
  } else {
    await writeFileAtomic(file, secret, { mode: keyFileMode, replace: false });
  }
  const { isSealed } = await store.describe(name);
  process.stderr.write(
    isSealed
      ? 'this is a secret, sealed with its passphrase: whoever has both can write in your name\n'
      : 'this is a secret: whoever has it can write in your name\n',
  );
}

/** Add a key from a file, or from standard input where the file is `-`: one of the user's, or a public one of somebody else. */
export async function importKey(settings: KeySettings & { file: string }): Promise<void> {
  const { name, json, file } = settings;
  await runWithOutput(async (output) => {
    const fromInput = file === '-';
    const secret = fromInput ? await text(process.stdin) : await readFile(file, 'utf8');
    const where = fromInput ? 'standard input' : file;
    if (secret.trim().startsWith(publicKeyMark)) {
      const publicKey = parsePublicKeyText(secret, where);
      if (name === defaultKeyName) {
        throw new UsageError(
          `"${name}" is the name of your own key; say what to call this one: atedb key import FILE NAME`,
        );
      }
      const added = await new KnownKeys(identityHome(process.env)).add(name, publicKey);
      output.write(json ? otherJson(added) : otherWords(added));
      return;
    }
    await refuseNamed(name);
    show(output, await openStore().import(name, secret, where), json);
  });
}

/** Refuse a name that somebody else's public key has. @throws AtedbError REQUEST_INVALID. */
async function refuseNamed(name: string): Promise<void> {
  const others = await new KnownKeys(identityHome(process.env)).others();
  const taken = others.find((other) => other.name === name);
  if (taken === undefined) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `"${name}" is somebody else's public key, in ${taken.path}; choose another name`,
    { metadata: { name } },
  );
}

function openStore(): IdentityStore {
  return new IdentityStore(identityHome(process.env));
}

function show(output: Output, key: KeyDescription, json: boolean): void {
  if (json) {
    output.write(jsonLine(key));
    return;
  }
  const { publicKey } = key;
  output.write(
    `name         ${key.name}
fingerprint  ${publicKey.fingerprintHex}
suite        ${signatureSuite(publicKey.suite).name}
created      ${key.created.toISOString()}
passphrase   ${key.isSealed ? 'needed' : 'none'}
file         ${key.path}
`,
  );
}

function jsonLine({ name, publicKey, created, path, isSealed }: KeyDescription): string {
  const fields = {
    name,
    fingerprint: publicKey.fingerprintHex,
    suite: signatureSuite(publicKey.suite).name,
    created: created.toISOString(),
    sealed: isSealed,
    file: path,
    public: publicKey.bytes.toString('base64'),
    kem: publicKey.kem && kemSuite(publicKey.kem.suite).name,
    kemPublic: publicKey.kem?.bytes.toString('base64'),
  };
  return `${JSON.stringify(fields)}\n`;
}

function otherWords({ name, path, publicKey }: NamedPublicKey): string {
  return `name         ${name}
fingerprint  ${publicKey.fingerprintHex}
suite        ${signatureSuite(publicKey.suite).name}
of           somebody else
file         ${path}
`;
}

function otherJson({ name, path, publicKey }: NamedPublicKey): string {
  const fields = {
    name,
    fingerprint: publicKey.fingerprintHex,
    suite: signatureSuite(publicKey.suite).name,
    isPublic: true,
    file: path,
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
