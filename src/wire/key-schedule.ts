import {
  type AeadInput,
  hashBytes,
  hashTags,
  hkdfExpand,
  hkdfExtract,
  hmacSha256,
  hpkeInfos,
  taggedHash,
  wireInfos,
} from '../crypto/index.ts';
import type { KeyBits } from './key-bits.ts';
import type { SessionSecrets } from './session-keys.ts';

// Which key is made from what: docs/wire.md, "Keys". The shape is that of TLS 1.3 (RFC 8446, 7.1), with HKDF-SHA-256.

/**
 * The hashes of a handshake so far. Each goes over the one before it and what was added, so that the last one stands for all
 * bytes of both ends, and each step is named by its tag.
 */
export const transcript = {
  clientHello: (hello: Buffer) => taggedHash(hashTags.wireClientHello, hello),
  parameters: (before: Buffer, parameters: Buffer) =>
    taggedHash(hashTags.wireParameters, before, parameters),
  identity: (before: Buffer, identity: Buffer) =>
    taggedHash(hashTags.wireIdentity, before, identity),
  signature: (before: Buffer, signature: Buffer) =>
    taggedHash(hashTags.wireSignature, before, signature),
  finished: (before: Buffer, finished: Buffer) =>
    taggedHash(hashTags.wireFinished, before, finished),
} as const;

/** What HPKE ties the secret of a handshake to. */
export function secretContext(helloHash: Buffer): { info: Buffer; aad: Buffer } {
  return { info: infoOf(hpkeInfos.wire, helloHash), aad: Buffer.alloc(0) };
}

/** What both ends make of the secret that one has sent to the other. */
export class HandshakeKeys {
  readonly #secret: Buffer;
  readonly #keyBits: KeyBits;

  /** @param secret 32 bytes, which are wiped. @param parametersHash the transcript up to the server's parameters. */
  constructor(secret: Buffer, parametersHash: Buffer, keyBits: KeyBits) {
    this.#secret = hkdfExtract(parametersHash, secret);
    this.#keyBits = keyBits;
    secret.fill(0);
  }

  /** What the server's proof, and nothing else, is sealed with; to be wiped. @param parametersHash bound to it. */
  proofSealing(parametersHash: Buffer): AeadInput {
    return {
      key: hkdfExpand(this.#secret, infoOf(wireInfos.proofKey), this.#keyBits / 8),
      nonce: Buffer.alloc(12),
      aad: parametersHash,
    };
  }

  /** The MAC of one end over a transcript (RFC 8446, 4.4.4). */
  finished(end: 'client' | 'server', hash: Buffer): Buffer {
    const info = end === 'client' ? wireInfos.clientFinished : wireInfos.serverFinished;
    const key = hkdfExpand(this.#secret, infoOf(info), hashBytes);
    try {
      return hmacSha256(key, hash);
    } finally {
      key.fill(0);
    }
  }

  /** The secrets of the session. @param hash the whole transcript, up to the server's MAC. */
  sessionSecrets(hash: Buffer): SessionSecrets {
    const master = hkdfExpand(this.#secret, infoOf(wireInfos.master, hash), hashBytes);
    try {
      return {
        clientRoot: hkdfExpand(master, infoOf(wireInfos.clientRoot), hashBytes),
        serverRoot: hkdfExpand(master, infoOf(wireInfos.serverRoot), hashBytes),
        exporter: hkdfExpand(master, infoOf(wireInfos.exporter), hashBytes),
      };
    } finally {
      master.fill(0);
    }
  }

  /** Forget the secret. */
  wipe(): void {
    this.#secret.fill(0);
  }
}

/**
 * The first secret of one direction of a call.
 *
 * @param random of the client's first frame; and in the server's direction, behind it, of the server's.
 */
export function callSecret(root: Buffer, call: number, ...random: readonly Buffer[]): Buffer {
  const number = Buffer.alloc(8);
  writeUint64(number, call, 0);
  return hkdfExpand(root, infoOf(wireInfos.call, number, ...random), hashBytes);
}

/** The key of the frames that a secret is for. */
export function frameKey(secret: Buffer, keyBits: KeyBits): Buffer {
  return hkdfExpand(secret, keyInfo, keyBits / 8);
}

/** The secret of the frames that come after those. */
export function nextSecret(secret: Buffer): Buffer {
  return hkdfExpand(secret, ratchetInfo, hashBytes);
}

/** Write an integer of up to 53 bits, big-endian, in eight bytes. */
export function writeUint64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + 4);
}

/** The `info` of a key: length of the tag in one byte, tag, and what else it is for. */
function infoOf(tag: string, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(tag.length), Buffer.from(tag, 'ascii'), ...parts]);
}

const keyInfo = infoOf(wireInfos.key);
const ratchetInfo = infoOf(wireInfos.ratchet);
