import { AtedbError } from '../bytes/index.ts';
import { type KeyPair, type PaddingRule, type PublicKey, readKeyIdOf } from '../crypto/index.ts';
import type { Genesis } from '../event/index.ts';
import type { Placement } from '../trust/index.ts';
import { eventsToAdmit, eventsToKeepOut } from './admitting.ts';
import type { AppendOptions } from './append-options.ts';
import {
  type AppendEvent,
  type BuiltEvents,
  buildEvents,
  type SealedAppend,
} from './build-events.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainRules } from './chain-rules.ts';
import type { RoleKeysNow } from './group-keys.ts';
import type { Committed } from './pending-append.ts';
import type { RangeContext } from './range-context.ts';
import { withSealing } from './sealing.ts';
import {
  eventsToAddReaders,
  eventsToSetReaders,
  isClearChain,
  primaryKeyOf,
  readersWithout,
  renewedReaders,
  type SharedObject,
} from './sharing.ts';

/** A rule for reading may change while an append is on its way; so often it is sealed anew. */
const triesMax = 3;

/** Appends that put objects somewhere and aren't verified yet; beyond this many they are. */
const unverifiedMax = 1_000;

/** Where events of one append put objects. */
interface OwnPlacements {
  readonly placements: readonly Placement[];
  /** Undefined: it is on its way. */
  commit: number | undefined;
}

/** Others may write meanwhile; so often a change of readers is made anew. */
const changeTriesMax = 20;

/** Events that change who reads, and the read key that they hand out, if it is a new one. */
interface ReaderChange {
  readonly events: readonly AppendEvent[];
  readonly readKey?: Buffer;
}

/** The parts of a chain that it writes with. */
export interface ConfidentialWriterOptions {
  readonly rules: ChainRules;
  /** Whether the chain seals its data, if it is created. */
  readonly isConfidential: boolean;
  readonly padding: PaddingRule;
  readonly loadKey: () => Promise<KeyPair>;
  /** As in `ChainOptions`. */
  readonly loadRoleKeys?: (() => Promise<RoleKeysNow | undefined>) | undefined;
  /** What reading needs; creates no chain. */
  readonly context: (options: CallOptions) => Promise<RangeContext>;
  /** Appends what is built. */
  readonly append: (built: BuiltEvents, options: CallOptions) => Promise<Committed>;
}

/** Appends to chains whose data is sealed. What is read by whom follows from the rules that this client has verified. */
export class ConfidentialWriter {
  readonly #options: ConfidentialWriterOptions;
  /** Ends when the append before has its place in the queue: their order is that of the calls. */
  #turn: Promise<unknown> = Promise.resolve();
  #hasReached = false;
  /** Whether some data is known to be sealed, though it was not verified yet. */
  #isSealing = false;
  /** Ids of read keys that this client has made, and not yet seen handed out in the chain's history. */
  readonly #unseen = new Set<string>();
  /** Version of the group after which nobody reads the chain by a key that a role had before; undefined: not looked at yet. */
  #renewedFor: number | undefined;
  /** Of this client's own appends, in order: what comes behind them is sealed as is due there, before anybody has verified them. */
  readonly #own = new Set<OwnPlacements>();

  constructor(options: ConfidentialWriterOptions) {
    this.#options = options;
  }

  /** Whether appends to a chain go through this: its data is sealed somewhere, as far as is known, or may be. */
  seals(genesis: Genesis | undefined): boolean {
    const { isConfidential, rules } = this.#options;
    // One that isn't there yet will be what it is made as.
    if (genesis === undefined) return isConfidential;
    return genesis.isConfidential === true || this.#isSealing || rules.verified.hasReadRules;
  }

  /** Append events, sealed as the rules for reading say. @throws AtedbError as `Chain.append`, and `withSealing`. */
  async append(events: readonly AppendEvent[], options: AppendOptions): Promise<Committed> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#appendOnce(events, options);
      } catch (error) {
        const isStale = error instanceof AtedbError && error.reason === 'READ_RULE_MISMATCH';
        if (!isStale || tries === triesMax) throw error;
        this.#hasReached = false;
      }
    }
  }

  /**
   * Append what was refused, where that is because it was in clear and a rule that isn't known here has it sealed. It comes behind
   * what was appended meanwhile.
   *
   * @throws the error, where it is another one.
   */
  async appendRefused(
    error: unknown,
    events: readonly AppendEvent[],
    options: AppendOptions,
  ): Promise<Committed> {
    if (!(error instanceof AtedbError) || error.reason !== 'READ_RULE_MISMATCH') throw error;
    this.#isSealing = true;
    return this.append(events, options);
  }

  /** Give an object other readers, with a new read key from now on. */
  async setReaders(
    object: SharedObject,
    readers: readonly PublicKey[],
    options: AppendOptions,
  ): Promise<Committed> {
    // Also if that fails: whoever says who reads must not go on in clear.
    this.#isSealing = true;
    return this.#change(options, async ({ genesis, verified }) => {
      const admitting = genesis.isPrivate
        ? eventsToAdmit(verified.authority(genesis), readers)
        : [];
      return this.#newReaders(genesis, object, readers, admitting);
    });
  }

  /** Hand out the read key that an object has now. */
  async addReaders(
    object: SharedObject,
    readers: readonly PublicKey[],
    options: AppendOptions,
  ): Promise<Committed> {
    return this.#change(options, async (context) => {
      const { genesis, verified } = context;
      const admitting = genesis.isPrivate
        ? eventsToAdmit(verified.authority(genesis), readers)
        : [];
      const events =
        genesis.isPrivate && isClearChain(context, object)
          ? admitting
          : [...admitting, ...(await eventsToAddReaders(context, object, readers))];
      if (events.length > 0) return { events };
      throw nothingToDo('they may open the chain already, and its data is in clear');
    });
  }

  /** Give an object a new read key, for its readers without some of them. */
  async removeReaders(
    object: SharedObject,
    removed: readonly Buffer[],
    options: AppendOptions,
  ): Promise<Committed> {
    const own = (await this.#options.loadKey()).publicKey;
    const isOfChain = primaryKeyOf(object) === undefined;
    return this.#change(options, async (context) => {
      const { genesis, verified } = context;
      const besides =
        genesis.isPrivate && isOfChain ? eventsToKeepOut(verified.authority(genesis), removed) : [];
      if (!genesis.isPrivate || !isClearChain(context, object)) {
        const staying = readersWithout(context, object, removed, own);
        return this.#newReaders(genesis, object, staying, besides);
      }
      if (besides.length > 0) return { events: besides };
      throw nothingToDo('none of them was let in by the rule for that');
    });
  }

  async #newReaders(
    { chainId }: Genesis,
    object: SharedObject,
    readers: readonly PublicKey[],
    besides: readonly AppendEvent[],
  ): Promise<ReaderChange> {
    const own = (await this.#options.loadKey()).publicKey;
    const { events, readKey } = eventsToSetReaders(chainId, object, [own, ...readers]);
    return { events: [...besides, ...events], readKey };
  }

  /**
   * Change who reads. Who is to read is said anew each time, all of them: so it counts only if nobody has changed the chain since what it
   * was made from, or whoever was taken off meanwhile would be back.
   */
  async #change(
    options: AppendOptions,
    make: (context: RangeContext) => Promise<ReaderChange>,
  ): Promise<Committed> {
    for (let tries = 1; ; tries += 1) {
      // Others may have changed the readers, or the rules.
      this.#hasReached = false;
      const context = await this.#reached(options);
      const { events, readKey } = await make(context);
      const { sequence } = context.verified.place ?? { sequence: 0 };
      const unchangedSince = Math.min(options.unchangedSince ?? sequence, sequence);
      try {
        const conditional = { ...options, unchangedSince };
        const committed = await this.#options.append(ruled(events, conditional), options);
        if (readKey !== undefined) {
          this.#options.rules.readKeys.know(readKey);
          this.#unseen.add(readKeyIdOf(readKey).toString('hex'));
          this.#hasReached = false;
        }
        return committed;
      } catch (error) {
        const isOvertaken = error instanceof AtedbError && error.reason === 'PRECONDITION_FAILED';
        const isOwn = unchangedSince === options.unchangedSince && unchangedSince < sequence;
        if (!isOvertaken || isOwn || tries === changeTriesMax) throw error;
      }
    }
  }

  async #appendOnce(events: readonly AppendEvent[], options: AppendOptions): Promise<Committed> {
    const queued = this.#turn.then(async () => {
      await this.#renewReaders(options);
      if (this.#own.size > unverifiedMax) this.#hasReached = false;
      const context = await this.#reached(options);
      const before = [...this.#own].flatMap((own) => own.placements);
      const { sealed, placements } = await withSealing(
        context,
        events,
        this.#options.padding,
        before,
      );
      const committed = this.#options.append(ruled(sealed, options), options);
      if (placements.length > 0) this.#keepUntilVerified(placements, committed);
      // Not awaited: the next one waits for its place only.
      return { committed };
    });
    this.#turn = queued.catch(() => undefined);
    return (await queued).committed;
  }

  /**
   * Where roles of the chain's group have other keys than those that the read key was handed out to: hand a new one out to the keys that
   * they have now. What the roles' keys are, the group's acts say, and never the server's answers in the chain, which anybody who has
   * the server could have it sign.
   */
  async #renewReaders({ signal, timeoutMs }: CallOptions): Promise<void> {
    const roles = await this.#options.loadRoleKeys?.();
    if (roles === undefined || roles.version === this.#renewedFor) return;
    const call = { signal, timeoutMs };
    this.#hasReached = false;
    const dueReaders = async () => renewedReaders(await this.#reached(call), roles);
    if ((await dueReaders()) !== undefined) {
      try {
        await this.#change(call, async (context) => {
          const readers = renewedReaders(context, roles);
          if (readers === undefined) throw nothingToDo('the roles have the keys that read it');
          return this.#newReaders(context.genesis, {}, readers, []);
        });
      } catch (error) {
        // Somebody else may have been faster.
        this.#hasReached = false;
        if ((await dueReaders()) !== undefined) throw error;
      }
    }
    this.#renewedFor = roles.version;
  }

  #keepUntilVerified(placements: readonly Placement[], committed: Promise<Committed>): void {
    const own: OwnPlacements = { placements, commit: undefined };
    this.#own.add(own);
    committed.then(
      ({ commit }) => {
        own.commit = commit;
      },
      () => this.#own.delete(own),
    );
  }

  /** Have the rules verified up to the chain's end: once, and again when they turn out to be others. */
  async #reached(options: CallOptions): Promise<RangeContext> {
    const context = await this.#options.context(options);
    while (!this.#hasReached) {
      // Others may set readers meanwhile: that is behind what is reached now.
      this.#hasReached = true;
      const due = [...this.#unseen];
      try {
        await context.reach(undefined, options);
        this.#checkSeen(context, due);
        const verifiedSize = context.verified.place?.head.size ?? 0;
        for (const own of this.#own) {
          if (own.commit !== undefined && own.commit < verifiedSize) this.#own.delete(own);
        }
      } catch (error) {
        this.#hasReached = false;
        throw error;
      }
    }
    return context;
  }

  /**
   * A server that has acknowledged other readers must show them: else what follows would be sealed for those of before.
   *
   * @throws AtedbError VERIFICATION_FAILED.
   */
  #checkSeen({ verified }: RangeContext, due: readonly string[]): void {
    for (const id of due) {
      if (verified.wrapped.holdersOf(Buffer.from(id, 'hex')).length === 0) {
        throw new AtedbError(
          'VERIFICATION_FAILED',
          `the server has acknowledged that the read key ${id} was handed out, and the history that it sends doesn't have that. Nothing was sealed: it would be for the readers of before`,
          { metadata: { read_key_id: id } },
        );
      }
      this.#unseen.delete(id);
    }
  }
}

function nothingToDo(why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `there is nothing to change: ${why}`, {
    metadata: { field: 'readers' },
  });
}

/** Events of which it was asked what is to be sealed. */
function ruled(events: readonly SealedAppend[], options: AppendOptions): BuiltEvents {
  return { ...buildEvents(events, options), isRuled: true };
}
