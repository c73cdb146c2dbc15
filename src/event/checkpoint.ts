import { AtedbError } from '../bytes/index.ts';
import { hashBytes, type NoteAlgorithm, type NotePublicKeys, sha256 } from '../crypto/index.ts';
import type { TreeHead } from './seal.ts';

// Checkpoints: C2SP tlog-checkpoint v1 in a C2SP signed-note v1. One line is Ed25519 over the text (signature type 0x01),
// one ML-DSA-44 over a `cosigned_message` (type 0x06, C2SP tlog-cosignature v1). docs/checkpoints.md describes them.

/** What a note may take in all; room for 16 signature lines of the largest kind, which readers must accept. */
export const checkpointBytesMax = 131_072;

/** Signature lines that a note may have: the server's two, and those of witnesses. */
export const signatureLinesMax = 18;

/** A head, and when it was the chain's newest by the clock of the server that signs it. */
export interface CheckpointClaim {
  /** 32 bytes. */
  readonly chainId: Buffer;
  readonly head: TreeHead;
  /** Seconds since 1970-01-01 UTC. */
  readonly timeUnixS: number;
}

/** A signature line of a note. */
export interface NoteSignature {
  /** Name of the key. */
  readonly name: string;
  /** 4 bytes; with the name, it says which key. */
  readonly keyId: Buffer;
  /** What the key's algorithm makes of it. */
  readonly signature: Buffer;
}

/** A checkpoint as it was read. Nothing of it is verified. */
export interface ParsedCheckpoint {
  /** 32 bytes. */
  readonly chainId: Buffer;
  readonly head: TreeHead;
  readonly signatures: readonly NoteSignature[];
}

const signatureTypes: Readonly<Record<NoteAlgorithm, number>> = { ed25519: 0x01, mldsa44: 0x06 };
const cosignedLabel = Buffer.from('subtree/v1\n\0', 'ascii');
const originPrefix = 'atedb/';
const dash = '\u2014';
const keyIdBytes = 4;
const timeBytes = 8;

/** The origin of a chain's checkpoints, which is also the name of the keys that its server signs them with. */
export function checkpointOrigin(chainId: Buffer): string {
  return `${originPrefix}${chainId.toString('hex')}`;
}

/** The note's text, which is what the Ed25519 line signs. */
export function checkpointText({ chainId, head }: Omit<CheckpointClaim, 'timeUnixS'>): Buffer {
  const root = head.root.toString('base64');
  return Buffer.from(`${checkpointOrigin(chainId)}\n${head.size}\n${root}\n`, 'utf8');
}

/**
 * What the ML-DSA-44 line signs: the `cosigned_message` of C2SP tlog-cosignature, in which the server cosigns its own
 * checkpoint. It says, beside the tree, that there was no larger one at that time.
 */
export function cosignedMessage({ chainId, head, timeUnixS }: CheckpointClaim): Buffer {
  const origin = Buffer.from(checkpointOrigin(chainId), 'ascii');
  const named = Buffer.concat([Buffer.of(origin.length), origin]);
  return Buffer.concat([
    cosignedLabel,
    named,
    uint64(timeUnixS),
    named,
    uint64(0),
    uint64(head.size),
    head.root,
  ]);
}

/** The key id of one of a server's keys on the checkpoints of a chain. 4 bytes. */
export function noteKeyId(
  chainId: Buffer,
  algorithm: NoteAlgorithm,
  keys: Pick<NotePublicKeys, NoteAlgorithm>,
): Buffer {
  const name = Buffer.from(`${checkpointOrigin(chainId)}\n`, 'ascii');
  const type = Buffer.of(signatureTypes[algorithm]);
  return sha256(Buffer.concat([name, type, keys[algorithm]])).subarray(0, keyIdBytes);
}

/** A key as a C2SP verifier key (vkey), for tools that verify notes. */
export function verifierKey(
  chainId: Buffer,
  algorithm: NoteAlgorithm,
  keys: Pick<NotePublicKeys, NoteAlgorithm>,
): string {
  const id = noteKeyId(chainId, algorithm, keys).toString('hex');
  const key = Buffer.concat([Buffer.of(signatureTypes[algorithm]), keys[algorithm]]);
  return `${checkpointOrigin(chainId)}+${id}+${key.toString('base64')}`;
}

/** Put a checkpoint together from what was signed. Whether the signatures are any good is not checked. */
export function encodeCheckpoint(
  claim: CheckpointClaim,
  keys: Pick<NotePublicKeys, NoteAlgorithm>,
  signatures: Readonly<Record<NoteAlgorithm, Buffer>>,
): string {
  const name = checkpointOrigin(claim.chainId);
  const line = (algorithm: NoteAlgorithm, signature: Buffer) => {
    const keyId = noteKeyId(claim.chainId, algorithm, keys);
    return `${dash} ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
  };
  const cosignature = Buffer.concat([uint64(claim.timeUnixS), signatures.mldsa44]);
  return `${checkpointText(claim)}\n${line('ed25519', signatures.ed25519)}${line('mldsa44', cosignature)}`;
}

/** The time and the ML-DSA-44 signature in a cosignature; undefined where it isn't one, or says no time. */
export function splitCosignature(
  cosignature: Buffer,
): { timeUnixS: number; signature: Buffer } | undefined {
  if (cosignature.length < timeBytes) return undefined;
  const time = cosignature.readBigUInt64BE();
  // Zero says nothing of a time, which is not for those who sign their own tree.
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { timeUnixS: Number(time), signature: cosignature.subarray(timeBytes) };
}

/**
 * Read a checkpoint of a chain. It has three lines of text and no extension lines, which the ML-DSA-44 line would not
 * cover; signature lines may be anybody's.
 *
 * @throws AtedbError NON_CANONICAL for anything else.
 */
export function parseCheckpoint(note: string): ParsedCheckpoint {
  if (Buffer.byteLength(note) > checkpointBytesMax) {
    throw refused(`it has more than ${checkpointBytesMax} bytes`);
  }
  if (!note.isWellFormed()) throw refused('it is not valid Unicode');
  const control = /[^\P{Cc}\n\u007f-\u009f]/u.exec(note);
  if (control !== null) throw refused(`it has a control character at ${control.index}`);
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw refused('no empty line is before its signatures');
  const [origin = '', size = '', root = '', ...more] = note.slice(0, split).split('\n');
  if (more.length > 0) throw refused('its text has more than three lines');
  return {
    chainId: chainIdOf(origin),
    head: { size: sizeOf(size), root: rootOf(root) },
    signatures: signaturesOf(note.slice(split + 2)),
  };
}

function chainIdOf(origin: string): Buffer {
  const id = origin.slice(originPrefix.length);
  if (!origin.startsWith(originPrefix) || !/^[0-9a-f]{64}$/.test(id)) {
    throw refused('its origin is not "atedb/" and the 64 hexadecimal digits of a chain id');
  }
  return Buffer.from(id, 'hex');
}

/** A chain has its genesis, so its tree is never empty. */
function sizeOf(text: string): number {
  const size = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(size)) return size;
  throw refused('its tree size is not a number from 1 to 2^53 - 1 in decimal');
}

function rootOf(text: string): Buffer {
  const root = base64(text);
  if (root?.length === hashBytes) return root;
  throw refused(`its root hash is not ${hashBytes} bytes in base64`);
}

function signaturesOf(text: string): NoteSignature[] {
  if (!text.endsWith('\n')) throw refused('its last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > signatureLinesMax) {
    throw refused(`it has more than ${signatureLinesMax} signature lines`);
  }
  return lines.map((line) => {
    const [mark, name = '', value = '', ...more] = line.split(' ');
    const bytes = base64(value);
    const isName = name !== '' && !/[\p{White_Space}+]/u.test(name);
    if (mark !== dash || more.length > 0 || !isName || !bytes || bytes.length <= keyIdBytes) {
      throw refused('one of its signature lines is none');
    }
    return { name, keyId: bytes.subarray(0, keyIdBytes), signature: bytes.subarray(keyIdBytes) };
  });
}

/** Decode base64 that is as it would be encoded; undefined for any other. */
function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(timeBytes);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function refused(why: string): AtedbError {
  return new AtedbError('NON_CANONICAL', `it is not a checkpoint of a chain: ${why}`);
}
