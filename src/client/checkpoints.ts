import { AtedbError } from '../bytes/index.ts';
import type { Genesis } from '../event/index.ts';
import {
  type CertifiedKeys,
  type SignedHead,
  verifyCheckpoint,
  verifyCheckpointKeys,
} from '../trust/index.ts';
import { checkIdentity } from './check-identity.ts';
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
  #signer: CertifiedKeys | undefined;
  #newest: SignedHead | undefined;

  /** @param options.onNewer is told what is to be remembered. */
  constructor(options: {
    server: string;
    known: KnownHead;
    onNewer: (signed: SignedHead) => void;
  }) {
    this.#server = options.server;
    this.#known = options.known;
    this.#onNewer = options.onNewer;
  }

  /** The newest one that is known to be of the verified history. */
  get newest(): SignedHead | undefined {
    return this.#newest;
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
    checkIdentity(serverIdentity, {
      named: genesis.serverIdentity,
      remembered: remembered?.signer.identity,
      chainKey: genesis.chainKey.text,
      server: this.#server,
      path,
    });
    if (checkpointKeys === undefined) throw failed('it shows no keys for its checkpoints');
    if (this.#signer?.message.equals(checkpointKeys) !== true) {
      this.#signer = await verifying(() => verifyCheckpointKeys(checkpointKeys, serverIdentity));
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
    if (size > (this.#known.newest?.size ?? 0) || size <= (this.#newest?.head.size ?? 0)) return;
    this.#newest = signed;
    this.#onNewer(signed);
  }

  /** As `keep`, of what was remembered from a run before. */
  restore(signed: SignedHead): void {
    if (signed.head.size > (this.#newest?.head.size ?? 0)) this.#newest = signed;
  }
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
