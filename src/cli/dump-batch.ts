import { AtedbError } from '../bytes/index.ts';
import {
  type Batch,
  type CommitView,
  dataStateName,
  type EventView,
  type Precondition,
  parseBatch,
  parseGenesis,
} from '../event/index.ts';
import {
  answerWords,
  authorityFields,
  authorityWords,
  type DumpedAuthority,
  dumpedAuthority,
  short,
} from './dump-authority.ts';
import { delegationFields, delegationWords } from './dump-delegations.ts';
import { hexOrAbsent } from './event-lines.ts';
import { countOf, isoTime, safeText, shownData, spanOf } from './safe-text.ts';

/** A batch as it lies in a file. */
export interface DumpedBatch {
  readonly offset: number;
  readonly bytes: number;
  readonly run: Buffer;
  readonly commit: CommitView;
}

const previewCharactersMax = 60;

/** A batch in words: a line for it, and one for each event. */
export function batchWords({ offset, bytes, run, commit }: DumpedBatch): string {
  const last = commit.firstSequence + commit.events - 1;
  const place = `${countOf(bytes, 'byte')} at ${offset}`;
  const head = `  commit ${commit.commit}, ${isoTime(commit.timeUnixMs)}, ${
    commit.events === 1 ? 'sequence' : 'sequences'
  } ${spanOf(commit.firstSequence, last)}`;
  const batch = parseOrUndefined(run);
  if (batch === undefined) return `${head}, ${place}\n    its batch can't be read\n`;
  const { seal } = batch;
  const signed = seal.signatures.length > 0 ? '' : ', not signed';
  const writer = `writer ${short(seal.writerId)}, its batch ${seal.counter}${signed}`;
  const events = Array.from({ length: batch.count }, (_, index) => {
    const sequence = commit.firstSequence + index;
    if (batch.isGone(index)) return `${String(sequence).padStart(10)} gone\n`;
    return eventWords(batch.eventAt(index), sequence, dumpedAuthority(batch, index));
  });
  const shown = `${delegationWords(batch)}${conditionWords(batch)}`;
  return `${head}, ${writer}, ${place}\n${shown}${events.join('')}`;
}

function conditionWords({ seal }: Batch): string {
  return seal.preconditions
    .map((condition) => `    on condition that ${oneConditionWords(condition)}\n`)
    .join('');
}

function oneConditionWords(condition: Precondition): string {
  switch (condition.kind) {
    case 'chain_unchanged':
      return `no other writer came at ${condition.sinceSequence} or above`;
    case 'lands_before':
      return `it lands before ${condition.sequence}`;
    case 'key_unchanged':
      return `no other writer changed ${condition.primaryKey.toString('hex')} at ${condition.sinceSequence} or above`;
    case 'fence':
      return `the lease on ${condition.primaryKey.toString('hex')} is held by the token ${condition.token}`;
  }
}

function eventWords(event: EventView, sequence: number, authority: DumpedAuthority): string {
  const { header, data, dataState } = event;
  const words = [String(sequence).padStart(10), header.kind];
  if (header.primaryKey !== undefined) words.push(`key ${header.primaryKey.toString('hex')}`);
  if (header.parent !== undefined) words.push(`parent ${header.parent.toString('hex')}`);
  if (header.type !== undefined) words.push(`type ${safeText(header.type)}`);
  if (header.isGenesis) words.push(genesisWords(event.headerBytes));
  else if (dataState === 0) {
    words.push(countOf(header.dataBytes, 'byte'));
    const isSealed = authority.confidentiality !== undefined;
    if (data.length > 0 && !isSealed) words.push(shownData(data, previewCharactersMax));
  } else {
    const by = event.redactedBy === undefined ? '' : ` by event ${event.redactedBy}`;
    words.push(`${countOf(header.dataBytes, 'byte')} ${dataStateName(dataState)}${by}`);
  }
  words.push(...authorityWords(authority));
  return `${words.join('  ')}\n`;
}

function genesisWords(headerBytes: Buffer): string {
  try {
    const { chainKey, trustMode, roots, answer, chainId, ...kind } = parseGenesis(headerBytes);
    const mode = [
      trustMode,
      ...(kind.isConfidential === true ? ['confidential'] : []),
      ...(kind.isPrivate === true ? ['private'] : []),
    ].join(', ');
    const owners = roots.map(({ fingerprint }) => short(fingerprint)).join(', ');
    const whose = answer === undefined ? `roots: ${owners}` : answerWords(answer).join('  ');
    return `${chainKey.text}  ${mode}  ${whose}  chain id ${chainId.toString('hex')}`;
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    return safeText(error.message);
  }
}

/** A batch for JSON. */
export function batchFields({ offset, bytes, run, commit }: DumpedBatch): object {
  const { commit: number, firstSequence, events, timeUnixMs, sealHash, treeRoot } = commit;
  const fields = {
    offset,
    bytes,
    commit: number,
    firstSequence,
    lastSequence: firstSequence + events - 1,
    time: isoTime(timeUnixMs),
    sealHash: sealHash.toString('hex'),
    treeRoot: hexOrAbsent(treeRoot),
    durableOffset: commit.durableOffset,
  };
  const batch = parseOrUndefined(run);
  if (batch === undefined) return { ...fields, unreadable: true };
  const { seal } = batch;
  return {
    ...fields,
    writer: seal.writerId.toString('hex'),
    fingerprint: seal.fingerprint.toString('hex'),
    counter: seal.counter,
    signed: seal.signatures.length > 0,
    previous: hexOrAbsent(seal.previous),
    asOf: seal.asOf && { size: seal.asOf.size, root: seal.asOf.root.toString('hex') },
    preconditions:
      seal.preconditions.length === 0 ? undefined : seal.preconditions.map(conditionFields),
    delegations: delegationFields(batch),
    events: Array.from({ length: batch.count }, (_, index) => {
      const sequence = firstSequence + index;
      if (batch.isGone(index)) return { sequence, gone: true };
      return eventFields(batch.eventAt(index), sequence, dumpedAuthority(batch, index));
    }),
  };
}

function conditionFields(condition: Precondition): object {
  if (condition.kind !== 'key_unchanged' && condition.kind !== 'fence') return condition;
  return { ...condition, primaryKey: condition.primaryKey.toString('hex') };
}

function eventFields(
  { header, data, dataState, redactedBy }: EventView,
  sequence: number,
  authority: DumpedAuthority,
): object {
  const { kind, type, dataBytes, timeUnixMs } = header;
  return {
    sequence,
    key: hexOrAbsent(header.primaryKey),
    kind,
    type,
    // The writer's claim; the batch has the server's time.
    claimedTime: timeUnixMs === undefined ? undefined : isoTime(timeUnixMs),
    parent: hexOrAbsent(header.parent),
    collection: hexOrAbsent(header.collection),
    replyTo: hexOrAbsent(header.replyTo),
    ...authorityFields(authority),
    dataState: dataState === 0 ? undefined : dataStateName(dataState),
    redactedBy,
    bytes: header.isGenesis ? undefined : dataBytes,
    data: header.isGenesis || dataState !== 0 ? undefined : data.toString('base64'),
  };
}

/** Stored bytes were checked before they were stored, so this only fails where a file was forged or a server is at fault. */
function parseOrUndefined(run: Buffer): Batch | undefined {
  try {
    return parseBatch(run);
  } catch (error) {
    if (error instanceof AtedbError) return undefined;
    throw error;
  }
}
