import { AtedbError } from '../bytes/index.ts';
import {
  type Batch,
  childPrimaryKey,
  type EventAuthority,
  type EventKind,
  eventMarks,
  layoutOf,
  layoutStride,
} from '../event/index.ts';
import { checkGone, type Provenance } from './check-gone.ts';
import { isFromServer, isServersKind } from './from-server.ts';

/** Sealed data holds the delimiter of its padding, and the tag of the seal. */
const sealedBytesMin = 17;

/**
 * Check what each event of a batch says of itself, but for its hashes. Of a batch that isn't a genesis.
 *
 * @throws AtedbError BATCH_INVALID, naming the event.
 */
export function checkEvents(batch: Batch, provenance: Provenance): void {
  const { layout, count } = batch;
  for (let index = 0; index < count; index += 1) {
    const at = index * layoutStride;
    const of = (place: number) => layout[at + place] as number;
    const kind = batch.kindOf(index);
    if (kind === 'gone') {
      if (provenance !== 'appended') continue;
      throw invalidEvent(index, 'a writer sends its events, and nothing that stands for some');
    }
    if (kind === 'genesis') throw invalidEvent(index, 'a genesis is alone in its batch');
    if (isServersKind(kind) !== isFromServer(batch)) {
      throw invalidEvent(index, 'what a server adds is in batches of its own');
    }
    if (kind === 'snapshot' && count > 1) {
      throw invalidEvent(index, 'a snapshot is alone in its batch');
    }
    if (of(layoutOf.isGenesis) !== 0) {
      throw invalidEvent(index, 'only a genesis says what the chain is');
    }
    const marks = of(layoutOf.marks);
    const isSealed = (marks & eventMarks.sealed) !== 0;
    const hasKey = of(layoutOf.keyStart) !== 0;
    if (!hasKey && (kind === 'data' || kind === 'tombstone' || kind === 'redaction')) {
      throw invalidEvent(index, 'it has no primary key');
    }
    const dataBytes = of(layoutOf.dataBytes);
    if (of(layoutOf.dataState) !== 0) checkGone(batch, index, provenance);
    else {
      if ((of(layoutOf.saltStart) === 0) !== isSealed) {
        throw invalidEvent(index, isSealed ? 'sealed data has no salt' : 'its salt is missing');
      }
      const bytesHere = of(layoutOf.dataEnd) - of(layoutOf.dataStart);
      if (dataBytes !== bytesHere) {
        throw invalidEvent(
          index,
          `its header counts ${batch.eventAt(index).header.dataBytes} bytes of data, and it has ${bytesHere}`,
        );
      }
    }
    if (kind !== 'data' && (dataBytes > 0 || isSealed)) {
      throw invalidEvent(index, `${kindNames[kind]} has no data`);
    }
    if (isSealed && dataBytes < sealedBytesMin) throw invalidEvent(index, 'its data is not sealed');
    if (kind !== 'data' || (marks & ~eventMarks.sealed) !== 0) checkSaid(batch, index, kind);
  }
}

const kindNames: Partial<Record<EventKind, string>> = {
  tombstone: 'a tombstone',
  redaction: 'a redaction',
  snapshot: 'a snapshot',
  rules: 'an event of rules',
  roots: 'a change of roots',
  key_change: 'a change of a key',
  auth_answer: 'the answer of an auth service',
  server_identity: 'a new identity',
};

/** They are about no object. */
const kindsOfChain: ReadonlySet<EventKind> = new Set(['roots', 'key_change', 'snapshot']);

/** Check that an event says of rights and keys what its kind may say. */
function checkSaid(batch: Batch, index: number, kind: EventKind): void {
  const said = batch.authorityOf(index);
  const { header } = batch.eventAt(index);
  const { primaryKey, parent } = header;
  const refuse = (isSaid: boolean, what: string) => {
    if (isSaid) throw invalidEvent(index, `${kindNames[kind] ?? 'an event with data'} ${what}`);
  };
  const isOfObject = kind === 'data' || (kind === 'rules' && primaryKey !== undefined);
  if (!isOfObject) {
    refuse(parent !== undefined || header.collection !== undefined, 'names no parent');
    refuse(said.moves === true, 'moves nothing');
    refuse(said.label !== undefined, 'has no label');
    refuse(said.authorisation !== undefined && kind !== 'rules', 'sets no rules');
  }
  refuse(
    said.authorisation?.admit !== undefined && primaryKey !== undefined,
    'says who may open the chain, and only an event of rules of the root of the chain does',
  );
  refuse(
    said.authorisation?.retain !== undefined && primaryKey !== undefined,
    'says how long data is kept, and only an event of rules of the root of the chain does',
  );
  refuse(
    primaryKey !== undefined && (kindsOfChain.has(kind) || isServersKind(kind)),
    'names no object',
  );
  refuse((said.roots !== undefined) !== (kind === 'roots'), 'says which, and no other event does');
  refuse(
    (said.keyChange !== undefined) !== (kind === 'key_change'),
    'says which, and no other event does',
  );
  refuse((said.snapshot !== undefined) !== (kind === 'snapshot'), 'says what may be gone alone');
  refuse((said.redaction !== undefined) !== (kind === 'redaction'), 'erases what it names alone');
  refuse(
    (said.authAnswer !== undefined) !== (kind === 'auth_answer'),
    'holds it, and no other event does',
  );
  refuse(
    (said.serverIdentity !== undefined) !== (kind === 'server_identity'),
    'holds it, and no other event does',
  );
  if (isServersKind(kind)) checkServers(batch, index, said, refuse);
  refuse(kind === 'rules' && (batch.marksOf(index) & eventMarks.authority) === 0, 'sets some');
  if (said.label === undefined || primaryKey === undefined) return;
  if (childPrimaryKey(parent, said.label).equals(primaryKey)) return;
  throw invalidEvent(index, 'its primary key is not made from its parent and its label');
}

/** Check that an event which a server adds says nothing besides. */
function checkServers(
  batch: Batch,
  index: number,
  said: EventAuthority,
  refuse: (isSaid: boolean, what: string) => void,
): void {
  const { publicKeys = [], wrappedKeys = [] } = said;
  refuse(publicKeys.length > 0 || wrappedKeys.length > 0, 'shows no keys');
  refuse((batch.marksOf(index) & eventMarks.signers) !== 0, 'is from the server alone');
  // What is wrong with what it holds is told now, and not when it is decided on.
  if (batch.kindOf(index) === 'server_identity') batch.rotationOf(index);
  else
    refuse(
      batch.answerOf(index).rotations.length > 0,
      'has no rotations: they are events of their own',
    );
}

function invalidEvent(index: number, why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `event ${index}: ${why}`, {
    metadata: { event_index: String(index) },
  });
}
