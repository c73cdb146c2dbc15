import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { verifyInclusion } from '../crypto/index.ts';
import { commitLeaf, erases, primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
import { splitOrFail, verifyBatch } from '../trust/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { checkAllowed } from './check-allowed.ts';
import { hasExpired } from './has-expired.ts';
import type { RangeContext } from './range-context.ts';
import { eventsOfAll } from './read-sealed.ts';
import { type GetAnswer, parseGetAnswer } from './received.ts';

/** Which event. */
export type EventName =
  /** The newest one of this object: 16 bytes. */
  | { readonly primaryKey: Buffer }
  /** The newest one of the object whose primary key stands for this name. */
  | { readonly name: string }
  /** The one of this sequence. */
  | { readonly sequence: number };

/** How to get an event. */
export type GetOptions = CallOptions;

/** Get one event, verified. @returns undefined where the object has none. */
export async function getEvent(
  context: RangeContext,
  name: EventName,
  options: GetOptions,
): Promise<ChainEvent | undefined> {
  const event = await fetchEvent(context, name, options);
  if (event === undefined || event.data !== undefined) return event;
  return checkGone(context, event, 'sequence' in name ? 'sequence' : 'primaryKey', options);
}

/** Get one event that is in the chain; where its data is gone, what allows that isn't asked for. @returns undefined where the object has none. */
async function fetchEvent(
  context: RangeContext,
  name: EventName,
  options: GetOptions,
): Promise<ChainEvent | undefined> {
  const { genesis, known, opener, transport, closed } = context;
  const asked = askedOf(name);
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  const knownBefore = known.newest;
  if (knownBefore === undefined) throw new Error('a chain is opened before it is read');
  let answer: GetAnswer;
  try {
    const request = { chainKey: genesis.chainKey.text, chainId: genesis.chainId, event: asked };
    answer = parseGetAnswer(
      await transport.unary(ChainService.method.getEvent, request, { signal }),
    );
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'EVENT_NOT_FOUND') return undefined;
    throw error;
  }
  const event = await verifiedEvent(context, answer);
  const isAsked =
    asked.case === 'sequence'
      ? BigInt(event.sequence) === asked.value
      : // Rules of the object, or a redaction in it, are no event of its own: by one of them its newest data would seem to be written over.
        event.primaryKey.equals(asked.value) &&
        (event.kind === 'data' || event.kind === 'tombstone');
  if (!isAsked) throw failed('it is not the one that was asked for');
  await opener.tie(answer.head, knownBefore, { signal });
  return event;
}

/**
 * Check that the data of an event may be gone, by the event that allows it. That the data of that one may be gone doesn't matter here: else each
 * could name the next one, and a server would decide how many are asked for.
 *
 * @returns the event, with who has erased its data, if somebody has.
 * @throws AtedbError VERIFICATION_FAILED; as `getEvent`.
 */
export async function checkGone(
  context: RangeContext,
  event: ChainEvent,
  askedFor: 'sequence' | 'primaryKey',
  options: GetOptions,
): Promise<ChainEvent> {
  const { sequence, primaryKey, redactedBy } = event;
  if (redactedBy !== undefined) {
    const { sequence: at } = redactedBy;
    if (at <= sequence)
      throw failed(`it names a redaction at sequence ${at}, which is not behind it`);
    const by = await fetchEvent(context, { sequence: at }, options);
    const redaction = by?.redaction;
    if (by === undefined || redaction === undefined || !erases({ ...by, redaction }, event)) {
      throw failed(
        `its data is said to be erased by the event at sequence ${at}, which doesn't do that`,
      );
    }
    return { ...event, redactedBy: { sequence: at, fingerprint: by.fingerprint } };
  }
  if (event.dataState === 'expired') {
    const { sequence: at, committedUnixMs: timeUnixMs } = event;
    if (await hasExpired(context, { sequence: at, timeUnixMs }, options)) return event;
    throw failed(
      'its data is said to have been let go by a rule of the chain for retention, and none has done so',
    );
  }
  const newest =
    askedFor === 'primaryKey' ? event : await fetchEvent(context, { primaryKey }, options);
  if (newest === undefined || newest.sequence <= sequence) {
    throw failed('its data was dropped, and nothing newer of its object is there');
  }
  return event;
}

function askedOf(name: EventName) {
  if ('sequence' in name) {
    if (Number.isSafeInteger(name.sequence) && name.sequence >= 0) {
      return { case: 'sequence', value: BigInt(name.sequence) } as const;
    }
    throw invalid('sequence', `it is ${name.sequence}, and must be a whole number`);
  }
  const primaryKey = 'name' in name ? primaryKeyFromName(name.name) : name.primaryKey;
  if (primaryKey.length === primaryKeyBytes) {
    return { case: 'primaryKey', value: primaryKey } as const;
  }
  throw invalid('primaryKey', `it is ${primaryKey.length} bytes, and must be ${primaryKeyBytes}`);
}

async function verifiedEvent(context: RangeContext, answer: GetAnswer): Promise<ChainEvent> {
  const { genesis, findKey } = context;
  const { slice, sequence, head, inclusion } = answer;
  const [stored, ...others] = splitOrFail(slice);
  if (stored === undefined || others.length > 0) throw failed('it comes with more than its batch');
  const verified = await verifyBatch(genesis, stored, findKey);
  const { commit } = verified;
  const isIncluded = verifyInclusion({
    leaf: commitLeaf(commit.headerBytes),
    index: commit.commit,
    size: head.size,
    proof: inclusion,
    root: head.root,
  });
  if (!isIncluded) throw failed('its batch is not in the tree of the head that the server names');
  await checkAllowed(context, { sequence, commit: commit.commit, head });
  const [event] = await eventsOfAll(context, [verified], { from: sequence, end: sequence + 1 });
  if (event?.sequence !== sequence) throw failed('its batch does not hold it');
  return event;
}

function failed(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the event that the server sent does not verify: ${why}. Nothing of it was used`,
  );
}

function invalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field}: ${why}`, { metadata: { field } });
}
