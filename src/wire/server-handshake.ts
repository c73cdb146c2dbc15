import { randomBytes } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import {
  aesGcmSeal,
  type EncapsulationCoins,
  equalSecrets,
  hashBytes,
  hpkeSeal,
  type Kem,
  kemKeyFault,
  type PublicKey,
  signatureContexts,
} from '../crypto/index.ts';
import { signatureBytes } from '../event/index.ts';
import { handshakeFailed, readingHandshake } from './errors.ts';
import { idBytes } from './forms.ts';
import { isKeyBits, type KeyBits, kemFor, strongerOf } from './key-bits.ts';
import { HandshakeKeys, secretContext, transcript } from './key-schedule.ts';
import { clientHelloBytesMax, sessionTermsDefault } from './limits.ts';
import {
  type ClientHello,
  identityBytes,
  parametersBytes,
  parseClientFinished,
  parseClientHello,
  proofBytes,
  type SessionTerms,
  serverHelloBytes,
} from './messages.ts';
import { ServerSession } from './server-session.ts';
import type { SessionSecrets } from './session-keys.ts';

/** A server's identity: a `KeyPair`, or what signs in turn with others. */
export interface IdentitySigner {
  readonly publicKey: PublicKey;
  /** Sign off the event loop. */
  sign(context: string, message: Buffer): Promise<Buffer>;
}

/** What a server answers with. */
export interface AnswerOptions {
  /** The smallest size of keys that it takes; it takes larger ones, too. */
  readonly keyBits: KeyBits;
  readonly identity: IdentitySigner;
  /** Statements by which identity keys before it have passed on to it, serialised, oldest first. */
  readonly rotations?: readonly Buffer[] | undefined;
  readonly terms?: SessionTerms | undefined;
  /** Random bytes, of which the caller has the number. */
  readonly random?: ((bytes: number) => Buffer) | undefined;
  /** For test vectors. */
  readonly coins?: EncapsulationCoins | undefined;
}

/** An answer, and what is to be kept of it, with the stream only, until the client has finished. */
export interface AnsweredHello {
  /** A serialised `ServerHello`, to be sent. */
  readonly serverHello: Buffer;
  readonly pending: PendingSession;
}

/**
 * Answer a client's hello, a serialised `ClientHello`. What costs most of it, the signature, is made by the signer; the rest
 * takes well under a millisecond on the calling thread. How many there may be at once is for the caller to say, before this.
 *
 * @throws AtedbError WIRE_HANDSHAKE_FAILED for a hello that is none; WIRE_SHARE_MISSING where it has no share for the size of
 *   keys that is due.
 */
export async function answerHello(hello: Buffer, options: AnswerOptions): Promise<AnsweredHello> {
  const { identity, rotations = [], terms = sessionTermsDefault, random = randomBytes } = options;
  const offer = parseHello(hello);
  const keyBits = strongerOf(offer.keyBits, options.keyBits);
  const kem = kemFor(keyBits);
  const share = shareFor(offer, kem, keyBits);

  const helloHash = transcript.clientHello(hello);
  const sessionId = random(idBytes);
  const secret = random(hashBytes);
  const sealed = hpkeSeal(kem, share, secretContext(helloHash), secret, options.coins);
  const parameters = parametersBytes({
    keyBits,
    sessionId,
    kem: kem.kemId,
    encapsulated: sealed.subarray(0, kem.lengths.encapsulated),
    sealedSecret: sealed.subarray(kem.lengths.encapsulated),
  });
  const parametersHash = transcript.parameters(helloHash, parameters);
  const keys = new HandshakeKeys(secret, parametersHash, keyBits);
  try {
    const identityPart = identityBytes({ key: identity.publicKey, rotations, terms });
    const identityHash = transcript.identity(parametersHash, identityPart);
    const signature = signatureBytes(
      identity.publicKey,
      await identity.sign(signatureContexts.wire, identityHash),
    );
    const signatureHash = transcript.signature(identityHash, signature);
    const finished = keys.finished('server', signatureHash);
    const proof = proofBytes({ identity: identityPart, signature, finished });
    const sealing = keys.proofSealing(parametersHash);
    const sealedProof = aesGcmSeal(sealing, proof);
    sealing.key.fill(0);
    const hash = transcript.finished(signatureHash, finished);
    const pending = new PendingSession({
      ...{ id: sessionId, keyBits, terms },
      secrets: keys.sessionSecrets(hash),
      clientFinished: keys.finished('client', hash),
    });
    return { serverHello: serverHelloBytes({ parameters, sealedProof }), pending };
  } finally {
    keys.wipe();
  }
}

/** What a session will be made of. */
interface PendingInput {
  readonly id: Buffer;
  readonly keyBits: KeyBits;
  readonly terms: SessionTerms;
  readonly secrets: SessionSecrets;
  readonly clientFinished: Buffer;
}

/** A session that its client has not shown yet that it has the keys of. */
export class PendingSession {
  readonly #input: PendingInput;
  #isOver = false;

  constructor(input: PendingInput) {
    this.#input = input;
  }

  /**
   * Take the client's last word, a serialised `ClientFinished`. There is one session of a handshake at most: two with the
   * same keys would each take a call once.
   *
   * @param nowMs by the clock of the table that keeps the session.
   * @throws AtedbError WIRE_HANDSHAKE_FAILED; the handshake is over then.
   */
  accept(finished: Buffer, nowMs: number = performance.now()): ServerSession {
    if (this.#isOver) throw handshakeFailed('it is over');
    this.#isOver = true;
    const { clientFinished, ...session } = this.#input;
    try {
      const mac = readingHandshake(() => parseClientFinished(finished));
      if (!equalSecrets(mac, clientFinished)) {
        throw handshakeFailed("the client's MAC does not verify");
      }
    } catch (error) {
      this.discard();
      throw error;
    }
    return new ServerSession({ ...session, createdMs: nowMs });
  }

  /** Forget the keys of a handshake that was given up. */
  discard(): void {
    this.#isOver = true;
    this.#input.secrets.clientRoot.fill(0);
    this.#input.secrets.serverRoot.fill(0);
    this.#input.clientFinished.fill(0);
  }
}

function parseHello(bytes: Buffer): ClientHello & { keyBits: KeyBits } {
  if (bytes.length > clientHelloBytesMax) {
    throw handshakeFailed(
      `a hello of ${bytes.length} bytes is larger than the ${clientHelloBytesMax} that are allowed`,
    );
  }
  const hello = readingHandshake(() => parseClientHello(bytes));
  const { keyBits } = hello;
  if (!isKeyBits(keyBits)) {
    throw handshakeFailed(`keys of ${keyBits} bits were asked for; there are 128, 192 and 256`);
  }
  if (hello.shares.some(({ kem }, at) => at > 0 && kem <= (hello.shares[at - 1]?.kem ?? 0))) {
    throw handshakeFailed('the shares do not ascend');
  }
  return { ...hello, keyBits };
}

/** The share for a KEM. */
function shareFor({ shares }: ClientHello, kem: Kem, keyBits: KeyBits): Buffer {
  const share = shares.find(({ kem: kemId }) => kemId === kem.kemId)?.publicKey;
  if (share === undefined) {
    throw new AtedbError(
      'WIRE_SHARE_MISSING',
      `keys of ${keyBits} bits are due, and the client has sent no share of ${kem.name} for them; offer one`,
      { metadata: { key_bits: String(keyBits), kem: String(kem.kemId) } },
    );
  }
  if (share.length !== kem.lengths.publicKey) {
    throw handshakeFailed(
      `the share of ${kem.name} has ${share.length} bytes, and must have ${kem.lengths.publicKey}`,
    );
  }
  const fault = kemKeyFault(kem, share);
  if (fault !== undefined) throw handshakeFailed(`the share of ${kem.name} ${fault}`);
  return share;
}
