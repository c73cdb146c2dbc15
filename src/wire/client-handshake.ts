import { randomBytes } from 'node:crypto';
import {
  aesGcmOpen,
  equalSecrets,
  hashBytes,
  hpkeOpen,
  type Kem,
  KemPrivateKey,
  type PublicKey,
  signatureContexts,
} from '../crypto/index.ts';
import { parseSignature } from '../event/index.ts';
import { ClientSession } from './client-session.ts';
import { handshakeFailed, readingHandshake } from './errors.ts';
import { isKeyBits, type KeyBits, kemFor, keySizes } from './key-bits.ts';
import { HandshakeKeys, secretContext, transcript } from './key-schedule.ts';
import {
  clientFinishedBytes,
  clientHelloBytes,
  parseIdentity,
  parseParameters,
  parseProof,
  parseServerHello,
  type ServerIdentity,
  type ServerParameters,
  type ServerProof,
} from './messages.ts';

/** What a client wants of a handshake. */
export interface ClientHandshakeOptions {
  /** The smallest size of keys that it takes; it takes larger ones, too. */
  readonly keyBits: KeyBits;
  /**
   * The largest size that a share is sent for: 256 unless it is given. The share for 256 bits costs a millisecond. Without
   * it, a server that insists on them refuses (WIRE_SHARE_MISSING), and the handshake can be made again with it.
   */
  readonly sharesUpTo?: KeyBits | undefined;
  /** Milliseconds, by a clock that never goes back. */
  readonly now?: (() => number) | undefined;
  /** Random bytes, of which the caller has the number. */
  readonly random?: ((bytes: number) => Buffer) | undefined;
}

/** What a server has proven, and the session that comes of it. */
export interface FinishedHandshake {
  /** The server's. Who it should be is for the caller to say, before it sends `finished`. */
  readonly identity: PublicKey;
  /** Statements by which identity keys before it have passed on to it, oldest first: not looked into here. */
  readonly rotations: readonly Buffer[];
  /** A serialised `ClientFinished`, to be sent. */
  readonly finished: Buffer;
  /** To be used once the server has answered that. */
  readonly session: ClientSession;
}

/** A handshake, as its client sees it. For one use. */
export class ClientHandshake {
  /** A serialised `ClientHello`, to be sent. */
  readonly hello: Buffer;
  readonly #keyBits: KeyBits;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  readonly #keys: Map<number, { kem: Kem; privateKey: KemPrivateKey }>;
  #isUsed = false;

  constructor({ keyBits, sharesUpTo = 256, now, random = randomBytes }: ClientHandshakeOptions) {
    this.#keyBits = keyBits;
    this.#now = now ?? (() => performance.now());
    this.#random = random;
    const offered = offeredKems(keyBits, sharesUpTo);
    const helloRandom = random(hashBytes);
    this.#keys = new Map(
      offered.map((kem) => {
        const seed = random(kem.lengths.seed);
        const privateKey = new KemPrivateKey(kem, seed);
        seed.fill(0);
        return [kem.kemId, { kem, privateKey }];
      }),
    );
    this.hello = clientHelloBytes({
      random: helloRandom,
      keyBits,
      shares: [...this.#keys].map(([kem, { privateKey }]) => ({
        kem,
        publicKey: privateKey.publicKey,
      })),
    });
  }

  /**
   * Take the server's hello, a serialised `ServerHello`: it is for this hello of ours, from the owner of the identity key that it
   * names, and nothing of both was changed on the way.
   *
   * @throws AtedbError WIRE_HANDSHAKE_FAILED; nothing may be sent to such a server.
   */
  async finish(serverHello: Buffer): Promise<FinishedHandshake> {
    if (this.#isUsed) throw new Error('a handshake is for one use');
    this.#isUsed = true;
    const { parameters: parametersBytes, sealedProof } = readingHandshake(() =>
      parseServerHello(serverHello),
    );
    const parameters = readingHandshake(() => parseParameters(parametersBytes));
    const keyBits = this.#checkedKeyBits(parameters);
    const helloHash = transcript.clientHello(this.hello);
    const parametersHash = transcript.parameters(helloHash, parametersBytes);
    const secret = this.#openSecret(parameters, helloHash);
    // What was made for this handshake is forgotten with it: so old sessions stay closed to who takes over this machine.
    this.#keys.clear();
    const keys = new HandshakeKeys(secret, parametersHash, keyBits);
    try {
      const proof = openProof(keys, parametersHash, sealedProof);
      const identity = readingHandshake(() => parseIdentity(proof.identity));
      const hash = await verifiedTranscript(keys, parametersHash, proof, identity.key);
      return {
        identity: identity.key,
        rotations: identity.rotations,
        finished: clientFinishedBytes(keys.finished('client', hash)),
        session: this.#session(parameters, keyBits, identity, keys, hash),
      };
    } finally {
      keys.wipe();
    }
  }

  /** A size that is weaker than ours, or than its KEM, is never taken, whoever has made it so. */
  #checkedKeyBits({ keyBits, kem }: ServerParameters): KeyBits {
    if (!isKeyBits(keyBits)) throw handshakeFailed(`keys of ${keyBits} bits are none`);
    if (keyBits < this.#keyBits) {
      throw handshakeFailed(
        `the server has chosen keys of ${keyBits} bits, and at least ${this.#keyBits} were asked for`,
      );
    }
    if (kem !== kemFor(keyBits).kemId || !this.#keys.has(kem)) {
      throw handshakeFailed(`the server has chosen KEM ${kem}, which does not fit`);
    }
    return keyBits;
  }

  #openSecret(parameters: ServerParameters, helloHash: Buffer): Buffer {
    const { kem, privateKey } = this.#keys.get(parameters.kem) as {
      kem: Kem;
      privateKey: KemPrivateKey;
    };
    const { encapsulated, sealedSecret } = parameters;
    const secret =
      encapsulated.length === kem.lengths.encapsulated
        ? hpkeOpen(
            kem,
            privateKey,
            secretContext(helloHash),
            Buffer.concat([encapsulated, sealedSecret]),
          )
        : undefined;
    if (secret === undefined) throw handshakeFailed("the server's secret does not open");
    return secret;
  }

  #session(
    { sessionId }: ServerParameters,
    keyBits: KeyBits,
    { key: identity, terms }: ServerIdentity,
    keys: HandshakeKeys,
    hash: Buffer,
  ): ClientSession {
    return new ClientSession({
      id: Buffer.from(sessionId),
      keyBits,
      identity,
      secrets: keys.sessionSecrets(hash),
      terms,
      now: this.#now,
      random: this.#random,
    });
  }
}

/** Those for all sizes from one to another, by ascending number. */
function offeredKems(from: KeyBits, to: KeyBits): Kem[] {
  const sizes = keySizes.filter((size) => size === from || (size > from && size <= to));
  return [...new Set(sizes.map(kemFor))].sort((a, b) => a.kemId - b.kemId);
}

function openProof(keys: HandshakeKeys, parametersHash: Buffer, sealed: Buffer): ServerProof {
  const sealing = keys.proofSealing(parametersHash);
  const opened = aesGcmOpen(sealing, sealed);
  sealing.key.fill(0);
  if (opened === undefined) throw handshakeFailed("the server's proof does not open");
  return readingHandshake(() => parseProof(opened));
}

/** Verify the server's signature and MAC. @returns the whole transcript. */
async function verifiedTranscript(
  keys: HandshakeKeys,
  parametersHash: Buffer,
  proof: ServerProof,
  key: PublicKey,
): Promise<Buffer> {
  const identityHash = transcript.identity(parametersHash, proof.identity);
  const { suite, fingerprint, signature } = readingHandshake(() => parseSignature(proof.signature));
  const isNamed = suite === key.suite && fingerprint.equals(key.fingerprint);
  if (!isNamed || !(await key.verify(signatureContexts.wire, identityHash, signature))) {
    throw handshakeFailed("the signature of the server's identity key does not verify");
  }
  const signatureHash = transcript.signature(identityHash, proof.signature);
  if (!equalSecrets(keys.finished('server', signatureHash), proof.finished)) {
    throw handshakeFailed("the server's MAC does not verify");
  }
  return transcript.finished(signatureHash, proof.finished);
}
