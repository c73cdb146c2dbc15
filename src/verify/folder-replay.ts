import { AtedbError } from '../bytes/index.ts';
import { type Genesis, parseBatch } from '../event/index.ts';
import { type LogSurvey, type ScannedBatch, segmentName, surveyLog } from '../log/index.ts';
import { checkBatch } from '../trust/index.ts';
import { HistoryVerifier, type PlacedBatch } from './history-verifier.ts';
import type { FolderToVerify } from './verify-folder.ts';
import type { Violations } from './violations.ts';

/** As much as a large slice that readers get: of each writer in it, one signature is verified. */
const groupBytes = 1024 * 1024;
const groupBatches = 1024;

/** Reads all files of a chain's folder, and verifies the batches in them on the way. */
export class FolderReplay {
  readonly #options: FolderToVerify;
  readonly #violations: Violations;
  #group: PlacedBatch[] = [];
  #groupBytes = 0;
  #genesis: Genesis | undefined;
  #history: HistoryVerifier | undefined;

  constructor(options: FolderToVerify, violations: Violations) {
    this.#options = options;
    this.#violations = violations;
  }

  /** What the first batch says that the chain is; its signatures are verified with the rest. */
  get genesis(): Genesis | undefined {
    return this.#genesis;
  }

  get history(): HistoryVerifier | undefined {
    return this.#history;
  }

  /** @throws AtedbError CHAIN_DAMAGED where not even the first batch can be used; FORMAT_TOO_NEW. */
  async run(): Promise<LogSurvey> {
    const { storage, folder } = this.#options;
    const survey = await surveyLog({
      storage,
      folder,
      identify: (run) => this.#identify(run),
      onBatch: (batch, segment) => this.#take(batch, segment),
    });
    await this.#flush();
    return survey;
  }

  #identify(run: Buffer): Buffer {
    // Copied: it stays when the buffer that the run lies in is long gone.
    const genesis = checkBatch(parseBatch(Buffer.from(run)));
    if (genesis === undefined) {
      throw new AtedbError(
        'GENESIS_INVALID',
        'the first batch of a chain is its genesis, and this is not one',
      );
    }
    this.#genesis = genesis;
    return genesis.chainId;
  }

  #take({ run, commit, stored, end }: ScannedBatch, segment: number): Promise<void> | undefined {
    this.#group.push({ run, commit, file: segmentName(segment), offset: end - stored.length });
    this.#groupBytes += stored.length;
    const isFull = this.#groupBytes >= groupBytes || this.#group.length >= groupBatches;
    return isFull ? this.#flush() : undefined;
  }

  async #flush(): Promise<void> {
    const group = this.#group;
    const genesis = this.#genesis;
    this.#group = [];
    this.#groupBytes = 0;
    if (genesis === undefined) return;
    const { headsOf, allSignatures, signal } = this.#options;
    signal?.throwIfAborted();
    this.#history ??= new HistoryVerifier({
      genesis,
      allSignatures,
      heads: await headsOf(genesis),
      violations: this.#violations,
    });
    await this.#history.add(group);
  }
}
