import { AtedbError } from '../bytes/index.ts';
import type { Genesis } from '../event/index.ts';
import {
  type CertifiedKeys,
  type IdentityLine,
  type SignedHead,
  verifyCheckpoint,
  verifyCheckpointKeys,
  verifyIdentityLine,
} from '../trust/index.ts';
import { checkIdentity } from './check-identity.ts';
import { isNewerCheckpoint } from './is-newer-checkpoint.ts';
import type { KnownHead } from './known-head.ts';
import type { OpenAnswer } from './received.ts';

/**
 * The checkpoints of one chain: verifies them with the keys that the server's identity vouches for, and keeps the newest
 * one that is known to be of the verified history.
 */
export class ChainCheckpoints {
  readonly #server: string;
  readonly #known: KnownHead;
  readonly #onNewer: (signed: SignedHead) => void;
  readonly #ofAnyServer: boolean;
  #signer: CertifiedKeys | undefined;
  #line: IdentityLine | undefined;
  #newest: SignedHead | undefined;

  /** @param options.onNewer is told what is to be remembered. */
  constructor(options: {
    server: string;
    known: KnownHead;
    onNewer: (signed: SignedHead) => void;
    /** Whether they may be another server's than the genesis names. */
    ofAnyServer: boolean;
  }) {
    this.#ofAnyServer = options.ofAnyServer;
    this.#server = options.server;
    this.#known = options.known;
    this.#onNewer = options.onNewer;
  }

  /** The newest one that is known to be of the verified history. */
  get newest(): SignedHead | undefined {
    return this.#newest;
  }

  /** The fingerprint of the server's identity, if its rotations are known: they need not be sent again. */
  get knownIdentity(): Buffer | undefined {
    return this.#line?.identity.fingerprint;
  }

  /**
   * Verify the checkpoint of an opening. What it says of the chain is compared by the caller.
   *
   * @param remembered the newest checkpoint that was known before.
   * @param path of the file that remembers it, for those who want to accept another server.
   * @returns undefined where the server shows none, of a chain that it says is damaged.
   * @throws AtedbError SERVER_IDENTITY_MISMATCH where the server isn't the one that the genesis names, or that the chain was
   * met at before; VERIFICATION_FAILED.
   */
  async ofOpening(
    answer: OpenAnswer,
    genesis: Genesis,
    { remembered, path }: { remembered: SignedHead | undefined; path: string | undefined },
  ): Promise<SignedHead | undefined> {
    const { serverIdentity, checkpointKeys, chain } = answer;
    const line = await this.#lineOf(answer);
    checkIdentity(line, {
      named: this.#ofAnyServer ? undefined : genesis.serverIdentity,
      remembered: remembered?.signer.line,
      chainKey: genesis.chainKey.text,
      server: this.#server,
      path,
    });
    if (checkpointKeys === undefined) throw failed('it shows no keys for its checkpoints');
    this.#line = line;
    const signer = this.#signer;
    if (signer?.line !== line || !signer.message.equals(checkpointKeys)) {
      this.#signer = await verifying(() =>
        verifyCheckpointKeys(checkpointKeys, serverIdentity, line),
      );
    }
    const note = chain?.checkpoint;
    if (note !== undefined) return this.verify(note, genesis.chainId);
    if (chain?.trouble !== undefined) return undefined;
    throw failed('it shows no checkpoint of its head');
  }

  /** Verify a checkpoint of the chain, which was opened before. @throws AtedbError VERIFICATION_FAILED. */
  async verify(note: string, chainId: Buffer): Promise<SignedHead> {
    const signer = this.#signer;
    if (signer === undefined) throw failed('its keys were not shown before it');
    return verifying(() => verifyCheckpoint(note, chainId, signer));
  }

  /** Keep a checkpoint that is known to be of the verified history, if it is the newest. */
  keep(signed: SignedHead): void {
    const { size } = signed.head;
    // What is kept is never beyond what is known, which later heads are compared with.
    if (size > (this.#known.newest?.size ?? 0)) return;
    if (!isNewerCheckpoint(signed, this.#newest)) return;
    this.#newest = signed;
    this.#onNewer(signed);
  }

  /** As `keep`, of what was remembered from a run before. */
  restore(signed: SignedHead): void {
    if (isNewerCheckpoint(signed, this.#newest)) this.#newest = signed;
  }

  /** The server's line, verified once as long as it stays the same. */
  async #lineOf({ serverIdentity, identityRotations }: OpenAnswer): Promise<IdentityLine> {
    const known = this.#line;
    const isKnown =
      known?.identity.fingerprint.equals(serverIdentity.fingerprint) === true &&
      (identityRotations.length === 0 || sameBytes(identityRotations, known.rotations));
    if (known !== undefined && isKnown) return known;
    return verifying(() => verifyIdentityLine(serverIdentity, identityRotations));
  }
}

function sameBytes(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  return (
    some.length === others.length &&
    some.every((bytes, index) => bytes.equals(others[index] as Buffer))
  );
}

async function verifying<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw failed(error.message, error);
  }
}

function failed(why: string, cause?: AtedbError): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server has signed of the chain does not verify: ${why}. Nothing of it was used`,
    { metadata: cause?.metadata ?? {}, cause },
  );
}
