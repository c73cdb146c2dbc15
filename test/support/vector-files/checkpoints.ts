import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { AtedbError } from '../../../src/bytes/index.ts';
import { NoteKeyPair, signatureContexts, suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import {
  type CheckpointClaim,
  checkpointKeysClaim,
  checkpointOrigin,
  checkpointText,
  cosignedMessage,
  encodeCheckpoint,
  encodeCheckpointKeys,
  noteKeyId,
  publicKeyBytes,
  verifierKey,
} from '../../../src/event/index.ts';
import {
  type CertifiedKeys,
  verifyCheckpoint,
  verifyCheckpointKeys,
} from '../../../src/trust/index.ts';
import { fixedBytes, fixedKey, flipped } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const identity = fixedKey('identity of a server', { suite: suiteMldsa65Ed25519 });
const stranger = fixedKey('another server', { suite: suiteMldsa65Ed25519 });
const chainId = fixedBytes('a chain id', 32);
const seeds = { ed25519: fixedBytes('note seed 1', 32), mldsa44: fixedBytes('note seed 2', 32) };
const otherSeeds = {
  ed25519: fixedBytes('note seed 3', 32),
  mldsa44: fixedBytes('note seed 4', 32),
};

/** Notes under the heads of chains. */
export async function checkpointVectors(): Promise<VectorFile> {
  const { publicKeys } = new NoteKeyPair(seeds);
  const message = keysMessage();
  const signer = await verifyCheckpointKeys(message, identity.publicKey);
  return {
    name: 'checkpoints',
    about:
      'Checkpoints (docs/checkpoints.md). `keys` are CheckpointKeys messages with the identity (a PublicKey message) that signs them, `badKeys` are refused with `reason`. All notes are held against the first of `keys`, and `chainId`; `good` ones say `size`, `root` and `timeUnixS`, `bad` ones are refused with `reason`. `cosigned` is what the ML-DSA-44 line signs.',
    madeFrom: 'src/event/checkpoint.ts and src/trust/checkpoint.ts',
    lists: {
      keys: [
        {
          ...{ message, identity: publicKeyBytes(identity.publicKey), ...publicKeys, seeds },
          claim: checkpointKeysClaim(publicKeys),
          keyIds: {
            ed25519: noteKeyId(chainId, 'ed25519', publicKeys),
            mldsa44: noteKeyId(chainId, 'mldsa44', publicKeys),
          },
          verifierKeys: {
            ed25519: verifierKey(chainId, 'ed25519', publicKeys),
            mldsa44: verifierKey(chainId, 'mldsa44', publicKeys),
          },
        },
      ],
      badKeys: await badKeys(message),
      good: await good(signer),
      bad: await bad(signer),
    },
  };
}

function keysMessage(): Buffer {
  const { publicKeys } = new NoteKeyPair(seeds);
  const claim = checkpointKeysClaim(publicKeys);
  const signature = identity.sign(signatureContexts.checkpointKeys, claim);
  return encodeCheckpointKeys(publicKeys, identity.publicKey, signature);
}

/** A note whose signatures follow from its claim. */
function noteOf(claim: CheckpointClaim, by = seeds, signs: CheckpointClaim = claim): string {
  const { publicKeys } = new NoteKeyPair(by);
  const { secretKey } = ml_dsa44.keygen(by.mldsa44);
  const cosigned = ml_dsa44.sign(cosignedMessage(signs), secretKey, { extraEntropy: false });
  return encodeCheckpoint(claim, publicKeys, {
    ed25519: Buffer.from(ed25519.sign(checkpointText(signs), by.ed25519)),
    mldsa44: Buffer.from(cosigned),
  });
}

async function badKeys(message: Buffer): Promise<VectorCase[]> {
  const wrongContext = encodeCheckpointKeys(
    new NoteKeyPair(seeds).publicKeys,
    identity.publicKey,
    identity.sign(signatureContexts.wire, checkpointKeysClaim(new NoteKeyPair(seeds).publicKeys)),
  );
  const cases: readonly (readonly [string, Buffer, typeof identity])[] = [
    ['its signature was changed', flipped(message, -1), identity],
    ['a key was changed', flipped(message, 400), identity],
    ['signed for another purpose', wrongContext, identity],
    ['by another server', message, stranger],
    ['cut short', message.subarray(0, 100), identity],
    ['without its signature', message.subarray(0, 1_349), identity],
  ];
  return Promise.all(
    cases.map(async ([why, bytes, by]) => {
      const reason = await reasonOf(() => verifyCheckpointKeys(bytes, by.publicKey));
      return { message: bytes, identity: publicKeyBytes(by.publicKey), reason, why };
    }),
  );
}

const first: CheckpointClaim = {
  ...{ chainId, timeUnixS: 1_700_000_000 },
  head: { size: 1, root: fixedBytes('root of one', 32) },
};
const large: CheckpointClaim = {
  ...{ chainId, timeUnixS: 2 ** 40 },
  head: { size: 20_852_163, root: fixedBytes('a large root', 32) },
};

async function good(signer: CertifiedKeys): Promise<VectorCase[]> {
  const origin = checkpointOrigin(chainId);
  const witness = `\u2014 witness.example/w ${fixedBytes('a cosignature', 76).toString('base64')}\n`;
  const [text, signatures] = split(noteOf(large));
  const [one, two] = signatures as [string, string];
  const notes: readonly (readonly [string, CheckpointClaim, string])[] = [
    ['of the genesis alone', first, noteOf(first)],
    ['of many commits', large, noteOf(large)],
    ['its lines in the other order', large, `${text}${two}${one}`],
    ['with a line of a witness', large, `${text}${one}${witness}${two}`],
    [
      "with a line of another key under the server's name",
      large,
      `${text}${one}${two}\u2014 ${origin} ${fixedBytes('another', 68).toString('base64')}\n`,
    ],
  ];
  return Promise.all(
    notes.map(async ([what, { head, timeUnixS }, note]) => {
      await verifyCheckpoint(note, chainId, signer);
      const claim = { chainId, head, timeUnixS };
      return { what, chainId, ...head, timeUnixS, cosigned: cosignedMessage(claim), note };
    }),
  );
}

/** The text of a note with the empty line behind it, and its signature lines. */
function split(note: string): [text: string, lines: string[]] {
  const at = note.indexOf('\n\n') + 2;
  return [
    note.slice(0, at),
    note
      .slice(at)
      .split('\n')
      .slice(0, -1)
      .map((line) => `${line}\n`),
  ];
}

async function bad(signer: CertifiedKeys): Promise<VectorCase[]> {
  const note = noteOf(large);
  const [text, [one, two]] = split(note) as [string, [string, string]];
  const otherChain = { ...large, chainId: fixedBytes('another chain id', 32) };
  const otherRoot = { ...large, head: { ...large.head, root: first.head.root } };
  const many = Array.from(
    { length: 17 },
    () => `\u2014 w ${fixedBytes('w', 76).toString('base64')}\n`,
  );
  const notes: readonly (readonly [string, string])[] = [
    ['of another chain', noteOf(otherChain)],
    ['by other keys', noteOf(large, otherSeeds)],
    ['of another root than was signed', noteOf(otherRoot, seeds, large)],
    ['of another size', note.replace('20852163', '20852164')],
    ['without its Ed25519 line', `${text}${two}`],
    ['without its ML-DSA-44 line', `${text}${one}`],
    ['its Ed25519 line twice', `${text}${one}${one}${two}`],
    ['its ML-DSA-44 line twice', `${text}${one}${two}${two}`],
    ['its Ed25519 signature was changed', `${text}${changed(one)}${two}`],
    ['its ML-DSA-44 signature was changed', `${text}${one}${changed(two)}`],
    ['without signatures', text],
    ['without the empty line', note.replace('\n\n', '\n')],
    ['an extension line', note.replace('\n\n', '\nextension\n\n')],
    ['another origin', note.replace('atedb/', 'other/')],
    [
      'a chain id in upper case',
      note.replace(/^atedb\/[0-9a-f]*/, (line) => line.toUpperCase().replace('ATEDB', 'atedb')),
    ],
    ['a size of 0', note.replace('20852163', '0')],
    ['a size with a leading zero', note.replace('20852163', '020852163')],
    ['a size beyond 2^53 - 1', note.replace('20852163', '9007199254740992')],
    [
      'a root of 31 bytes',
      note.replace(/\n[^\n]*=\n\n/, `\n${fixedBytes('short', 31).toString('base64')}\n\n`),
    ],
    ['a root in base64 that is not as it would be encoded', note.replace(/=\n\n/, '\n\n')],
    ['its last line has no end', note.slice(0, -1)],
    ['carriage returns', note.replaceAll('\n', '\r\n')],
    ['a hyphen for the dash', note.replaceAll('\u2014', '-')],
    ['19 lines of signatures', `${note}${many.join('')}`],
    ['a time of 0', `${text}${one}${withTime(two, 0n)}`],
    ['another time', `${text}${one}${withTime(two, 5n)}`],
    ['nothing', ''],
  ];
  return Promise.all(
    notes.map(async ([why, bad]) => {
      const reason = await reasonOf(() => verifyCheckpoint(bad, chainId, signer));
      return { note: bad, chainId, reason, why };
    }),
  );
}

/** A signature line, with other bytes in it. */
function relined(line: string, change: (bytes: Buffer) => Buffer): string {
  const [dash, name, value] = line.trimEnd().split(' ');
  return `${dash} ${name} ${change(Buffer.from(value ?? '', 'base64')).toString('base64')}\n`;
}

const changed = (line: string) => relined(line, (bytes) => flipped(bytes, -1));

function withTime(line: string, time: bigint): string {
  return relined(line, (bytes) => {
    bytes.writeBigUInt64BE(time, 4);
    return bytes;
  });
}

async function reasonOf(act: () => Promise<unknown>): Promise<string> {
  const error = await act().then(
    () => undefined,
    (refused: unknown) => refused,
  );
  if (error instanceof AtedbError) return error.reason;
  throw error ?? new Error('it is not refused');
}
