import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError, redactedSequencesMax } from '../bytes/index.ts';
import { childPrimaryKey, primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
import type { AppendOptions } from './append-options.ts';
import type { AppendEvent } from './build-events.ts';
import { type CallOptions, CallScope, sleep } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { parseDescription } from './descriptions.ts';
import { getEvent } from './get-event.ts';
import type { Committed } from './pending-append.ts';
import type { RangeContext } from './range-context.ts';

/** Whose data is to be erased. */
export type RedactTarget =
  /** The events of these sequences. */
  | { readonly sequences: readonly number[] }
  /** All events of an object, 16 bytes, up to now. */
  | { readonly primaryKey: Buffer }
  /** The same, of the object whose primary key stands for this name, among the children of its parent or in the chain. */
  | { readonly name: string; readonly parent?: Buffer | undefined };

/** How to redact. */
export interface RedactOptions extends Omit<AppendOptions, 'wait'> {
  /**
   * When it is done. `durable`: the redaction is in the chain, and the server erases the data by itself. `erased`: it has done so. Default:
   * `erased`.
   */
  readonly wait?: 'durable' | 'erased' | undefined;
}

/** What became of a redaction. */
export interface Redacted {
  /** The batch of the redactions: one for each object, or for each 4,096 sequences of one. */
  readonly committed: Committed;
  /** Sequences of events that were named, and whose data had gone before. */
  readonly goneBefore: readonly number[];
  /**
   * What the server has set aside of the chain's files, when it crashed or was repaired: what was erased may be in it, until its operator removes
   * it. Names of files and folders.
   */
  readonly setAside: readonly string[];
}

/** Events that are looked at, at once. */
const looksMax = 16;
const pollMsMin = 50;
const pollMsMax = 1_000;

/**
 * Have data of earlier events erased.
 *
 * @throws AtedbError REDACTION_INVALID for an event that has no data, EVENT_NOT_FOUND for an object that there is nothing of, DATA_GONE where that of all of them is gone already; as `getEvent` and
 * `append`.
 */
export async function redact(
  context: RangeContext,
  target: RedactTarget,
  options: RedactOptions & {
    readonly append: (events: AppendEvent[], options: AppendOptions) => Promise<Committed>;
  },
): Promise<Redacted> {
  const { append, wait = 'erased', ...call } = options;
  const isListed = 'sequences' in target;
  const { events, goneBefore } = isListed
    ? await ofSequences(context, target.sequences, call)
    : { events: [await ofObject(context, keyOf(target), call)], goneBefore: [] };
  const committed = await append(events, call);
  const setAside = await settled(context, wait, call);
  if (wait === 'erased') {
    const named = isListed ? target.sequences : [];
    await checkErased(context, named, call);
  }
  return { committed, goneBefore, setAside };
}

function keyOf(target: Exclude<RedactTarget, { readonly sequences: unknown }>): Buffer {
  if ('name' in target) {
    const named = primaryKeyFromName(target.name);
    return target.parent === undefined ? named : childPrimaryKey(target.parent, named);
  }
  const { primaryKey } = target;
  if (primaryKey.length === primaryKeyBytes) return primaryKey;
  throw new AtedbError(
    'REQUEST_INVALID',
    `primaryKey: it is ${primaryKey.length} bytes, and must be ${primaryKeyBytes}`,
    { metadata: { field: 'primaryKey' } },
  );
}

/** A redaction of all that an object has. */
async function ofObject(
  context: RangeContext,
  primaryKey: Buffer,
  options: CallOptions,
): Promise<AppendEvent> {
  const { signal, timeoutMs } = options;
  if ((await getEvent(context, { primaryKey }, { signal, timeoutMs })) === undefined) {
    throw new AtedbError(
      'EVENT_NOT_FOUND',
      `no event of ${context.genesis.chainKey.text} is about the object ${primaryKey.toString('hex')}, so there is nothing to erase. Check its name or its key`,
      { metadata: { primary_key: primaryKey.toString('hex') } },
    );
  }
  const { opener, genesis } = context;
  const { chain } = await opener.open({ signal, timeoutMs });
  const beforeSequence = chain?.nextSequence;
  if (beforeSequence === undefined) {
    throw new AtedbError('CHAIN_NOT_FOUND', `there is no chain ${genesis.chainKey.text} any more`);
  }
  return { kind: 'redaction', primaryKey, redaction: { beforeSequence } };
}

/** Redactions of some events, one for each object. */
async function ofSequences(
  context: RangeContext,
  sequences: readonly number[],
  options: CallOptions,
): Promise<{ events: AppendEvent[]; goneBefore: number[] }> {
  const ordered = [...new Set(sequences)].sort((a, b) => a - b);
  const byObject = new Map<string, number[]>();
  const goneBefore: number[] = [];
  for await (const event of eachOf(context, ordered, options)) {
    const { sequence, kind, primaryKey, data } = event;
    if (kind !== 'data') throw hasNoData(event);
    if (data === undefined) goneBefore.push(sequence);
    else {
      const key = primaryKey.toString('hex');
      byObject.set(key, [...(byObject.get(key) ?? []), sequence]);
    }
  }
  if (byObject.size === 0) throw allGone(goneBefore);
  const events = [...byObject].flatMap(([key, all]) => {
    const primaryKey = Buffer.from(key, 'hex');
    const parts: AppendEvent[] = [];
    for (let at = 0; at < all.length; at += redactedSequencesMax) {
      const redaction = { sequences: all.slice(at, at + redactedSequencesMax) };
      parts.push({ kind: 'redaction', primaryKey, redaction });
    }
    return parts;
  });
  return { events, goneBefore };
}

/** The events of some sequences, verified, some of them at once. */
async function* eachOf(
  context: RangeContext,
  sequences: readonly number[],
  options: CallOptions,
): AsyncGenerator<ChainEvent, void> {
  for (let at = 0; at < sequences.length; at += looksMax) {
    const some = sequences.slice(at, at + looksMax);
    const events = await Promise.all(
      some.map((sequence) => getEvent(context, { sequence }, options)),
    );
    for (const event of events) if (event !== undefined) yield event;
  }
}

/** Wait, if that is wanted, until the server says that it has erased all that was to be. @returns what it has set aside. */
async function settled(
  context: RangeContext,
  wait: 'durable' | 'erased',
  options: CallOptions,
): Promise<readonly string[]> {
  const { genesis, transport, closed } = context;
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  const chainKey = genesis.chainKey.text;
  for (let pollMs = pollMsMin; ; pollMs = Math.min(2 * pollMs, pollMsMax)) {
    const answer = await transport.unary(
      ChainService.method.describeChain,
      { chainKey },
      { signal },
    );
    const { isErasing, setAside } = parseDescription(answer);
    if (!isErasing || wait === 'durable') return setAside;
    await sleep(pollMs, signal);
  }
}

/** What the server has said is looked at, where it can be. */
async function checkErased(
  context: RangeContext,
  sequences: readonly number[],
  options: CallOptions,
): Promise<void> {
  for await (const { sequence, data } of eachOf(context, sequences, options)) {
    if (data === undefined) continue;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the server says that it has erased what was to be erased, and still has the data of event ${sequence}`,
      { metadata: { sequence: String(sequence) } },
    );
  }
}

function hasNoData({ sequence, kind }: ChainEvent): AtedbError {
  return new AtedbError(
    'REDACTION_INVALID',
    `event ${sequence} can't be redacted: it is of kind "${kind}", which has no data`,
    { metadata: { sequence: String(sequence), kind } },
  );
}

function allGone(sequences: readonly number[]): AtedbError {
  const [first] = sequences;
  if (first === undefined) {
    return new AtedbError('REQUEST_INVALID', 'sequences: there are none', {
      metadata: { field: 'sequences' },
    });
  }
  return new AtedbError('DATA_GONE', `the data of event ${sequences.join(', ')} is gone already`, {
    metadata: { sequence: String(first) },
  });
}
