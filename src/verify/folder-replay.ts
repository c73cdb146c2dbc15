import { AtedbError } from '../bytes/index.ts';
import { type Genesis, parseBatch } from '../event/index.ts';
import { type LogSurvey, type ScannedBatch, surveyLog } from '../log/index.ts';
import { checkBatch } from '../trust/index.ts';
import type { StateBefore } from './compare-snapshot.ts';
import { HistoryQueue } from './history-queue.ts';
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
  #queue: HistoryQueue | undefined;
  #segment = 0;
  #first: Buffer | undefined;
  #before: StateBefore | undefined;

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

  /** The state before the last segment; undefined where that is the first. */
  get before(): StateBefore | undefined {
    return this.#before;
  }

  /** @throws AtedbError CHAIN_DAMAGED where not even the first batch can be used; FORMAT_TOO_NEW. */
  async run(): Promise<LogSurvey> {
    try {
      return await this.#run();
    } finally {
      this.#queue?.[Symbol.dispose]();
    }
  }

  async #run(): Promise<LogSurvey> {
    const { storage, folder } = this.#options;
    const survey = await surveyLog({
      storage,
      folder,
      identify: (run) => this.#identify(run),
      onBatch: (batch, of) => this.#take(batch, of),
    });
    await this.#flush();
    await this.#queue?.drain();
    // A crash may leave a last segment that holds nothing yet.
    if (survey.sound.at(-1)?.segment !== this.#segment) await this.#endSegment();
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

  #take(
    { gap, run, commit, stored, end }: ScannedBatch,
    { segment, file }: { readonly segment: number; readonly file: string },
  ): Promise<void> | undefined {
    this.#first ??= Buffer.from(stored);
    const ended = segment === this.#segment ? undefined : this.#endSegment();
    this.#segment = segment;
    this.#group.push({ gap, run, commit, file, offset: end - stored.length });
    this.#groupBytes += stored.length;
    if (ended !== undefined) return ended;
    const isFull = this.#groupBytes >= groupBytes || this.#group.length >= groupBatches;
    return isFull ? this.#flush() : undefined;
  }

  /** Verify what came so far, and take note of the state: the next segment's snapshot is of that. */
  async #endSegment(): Promise<void> {
    await this.#flush();
    await this.#queue?.drain();
    const history = this.#history;
    this.#before = history?.times && {
      genesis: this.#first ?? Buffer.alloc(0),
      timeUnixMs: history.times.lastUnixMs,
      writers: history.tally.states(),
      authority: history.authority(),
    };
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
      // Where a server compacts it meanwhile, all is read again: see `verifyFolder`.
      mayBeCompacted: false,
      heads: await headsOf(genesis),
      violations: this.#violations,
    });
    this.#queue ??= new HistoryQueue(this.#history);
    await this.#queue.add(group);
  }
}
