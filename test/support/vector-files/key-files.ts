import { AtedbError } from '../../../src/bytes/index.ts';
import { provider } from '../../../src/crypto/current-provider.ts';
import {
  aadTags,
  type PassphraseCosts,
  sealOnce,
  suiteMldsa65Ed25519,
} from '../../../src/crypto/index.ts';
import { parseKeyFile } from '../../../src/store/key-file.ts';
import { type FixedKey, fixedBytes, fixedKey } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const key = fixedKey('key of a file', { suite: suiteMldsa65Ed25519, signsOnly: false });
const signer = fixedKey('signing key of a file');
const passphrase = 'correct h\u00f6rse';
/** The same in another form of Unicode. */
const decomposed = passphrase.normalize('NFD');
const costs: PassphraseCosts = { memoryKib: 64, passes: 1, lanes: 2 };

/** Key files, in clear and sealed with a passphrase. */
export async function keyFileVectors(): Promise<VectorFile> {
  const sealed = await sealedFields(key);
  return {
    name: 'key-files',
    about:
      'Key files (docs/format.md, "Key files"). `text` is what is in the file; a sealed one opens with `passphrase`, of which NFC is what counts. `good` ones have the seeds and the fingerprint; `bad` ones are refused with `reason`. The costs of Argon2id are low here, so that tests are quick: new files have higher ones.',
    madeFrom: 'src/store/key-file.ts and src/crypto/passphrase.ts',
    lists: {
      good: [
        await good('in clear', key, clearFields(key), undefined),
        await good('that can only sign', signer, clearFields(signer), undefined),
        await good('sealed', key, sealed, passphrase),
        await good('sealed, and the passphrase is in another form', key, sealed, decomposed),
      ],
      bad: await bad(sealed),
    },
  };
}

const textOf = (fields: object) => `${JSON.stringify(fields, null, 2)}\n`;

function publicFields({ suite, publicKey, kemSeed }: FixedKey) {
  return {
    format: 'atedb-key-1',
    suite: suite === suiteMldsa65Ed25519 ? 'mldsa65-ed25519' : 'mldsa44-ed25519',
    public: publicKey.bytes.toString('base64'),
    kem: kemSeed && 'mlkem768-x25519',
    kemPublic: publicKey.kem?.bytes.toString('base64'),
    created: '2026-01-31T12:00:00.000Z',
  };
}

function clearFields(of: FixedKey) {
  return {
    ...publicFields(of),
    seed: of.seed.toString('base64'),
    kemSeed: of.kemSeed?.toString('base64'),
  };
}

async function sealedFields(of: FixedKey) {
  const salt = fixedBytes('salt of a key file', 16);
  const bytes = Buffer.from(passphrase.normalize('NFC'), 'utf8');
  const sealing = await provider().argon2id({ passphrase: bytes, salt, ...costs, length: 32 });
  const aad = Buffer.concat([Buffer.from(aadTags.keyFile, 'ascii'), of.publicKey.fingerprint]);
  const data = sealOnce(sealing, aad, Buffer.concat([of.seed, of.kemSeed ?? Buffer.alloc(0)]));
  return {
    ...publicFields(of),
    sealed: {
      kdf: 'argon2id',
      ...costs,
      salt: salt.toString('base64'),
      cipher: 'aes-256-gcm',
      data: data.toString('base64'),
    },
  };
}

async function good(
  what: string,
  { seed, kemSeed, publicKey }: FixedKey,
  fields: object,
  phrase: string | undefined,
): Promise<VectorCase> {
  const text = textOf(fields);
  const { keyPair } = await parseKeyFile(text, 'the file').open(phrase);
  if (!keyPair.publicKey.fingerprint.equals(publicKey.fingerprint)) throw new Error(what);
  return { what, text, passphrase: phrase, seed, kemSeed, fingerprint: publicKey.fingerprint };
}

async function bad(sealed: Awaited<ReturnType<typeof sealedFields>>): Promise<VectorCase[]> {
  const clear = clearFields(key);
  const other = fixedKey('another key of a file', { suite: suiteMldsa65Ed25519, signsOnly: false });
  const costly = (more: object) => ({ ...sealed, sealed: { ...sealed.sealed, ...more } });
  const cases: readonly (readonly [string, string, string?])[] = [
    ['it is no JSON', '{'],
    ['it is no object', '[]'],
    ['another format', textOf({ ...clear, format: 'atedb-key-2' })],
    ['another suite', textOf({ ...clear, suite: 'mldsa87-ed448' })],
    ['no seed', textOf({ ...clear, seed: undefined })],
    ['a seed of another key', textOf({ ...clear, seed: other.seed.toString('base64') })],
    ['a KEM seed of another key', textOf({ ...clear, kemSeed: other.kemSeed?.toString('base64') })],
    ['half a KEM part', textOf({ ...clear, kem: undefined })],
    ['base64 that is cut short', textOf({ ...clear, seed: clear.seed.slice(0, -1) })],
    ['no time', textOf({ ...clear, created: 'yesterday' })],
    ['sealed, and a seed in clear', textOf({ ...sealed, seed: clear.seed }), passphrase],
    ['the wrong passphrase', textOf(sealed), 'wrong'],
    ['no passphrase', textOf(sealed)],
    [
      'what another file has sealed',
      textOf({ ...publicFields(other), sealed: sealed.sealed }),
      passphrase,
    ],
    ['too much memory', textOf(costly({ memoryKib: 1_048_577 })), passphrase],
    ['too many passes', textOf(costly({ passes: 65 })), passphrase],
    ['too many lanes', textOf(costly({ lanes: 17 })), passphrase],
    ['no costs', textOf(costly({ passes: 0 })), passphrase],
    ['another function for the key', textOf(costly({ kdf: 'scrypt' })), passphrase],
    ['another cipher', textOf(costly({ cipher: 'aes-128-gcm' })), passphrase],
  ];
  return Promise.all(
    cases.map(async ([why, text, phrase]) => {
      const error = await (async () => parseKeyFile(text, 'the file').open(phrase))().catch(
        (one: unknown) => one,
      );
      if (!(error instanceof AtedbError))
        throw new Error(`${why} is not refused`, { cause: error });
      return { why, text, passphrase: phrase, reason: error.reason };
    }),
  );
}
