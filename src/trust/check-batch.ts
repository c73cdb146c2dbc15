import { AtedbError, encodeBase32 } from '../bytes/index.ts';
import { HashInputs, hashTags, RangeHasher } from '../crypto/index.ts';
import {
  type Batch,
  type EventTable,
  eventFields,
  type Genesis,
  parseGenesis,
  rootsFingerprint,
  writerIdOf,
} from '../event/index.ts';

/**
 * Check what a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed.
 * Whether the signatures verify is `verifySignatures`; whether the chain takes the batch is `ChainState`.
 *
 * @returns the genesis, where the batch is one.
 * @throws AtedbError BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID, SIGNATURE_INVALID, UNSUPPORTED.
 */
export function checkBatch(batch: Batch): Genesis | undefined {
  const { seal, table } = batch;
  if (seal.events !== table.count) {
    throw invalid(`its seal counts ${seal.events} events, and it has ${table.count}`);
  }
  const writerId = writerIdOf({
    chainId: seal.chainId,
    fingerprint: seal.fingerprint,
    salt: seal.writerSalt,
  });
  if (!writerId.equals(seal.writerId)) {
    throw invalid('its writer id is not the hash of chain id, fingerprint and salt');
  }
  const hasher = new RangeHasher(batch.bytes);
  if (table.kind(0) === 'genesis') {
    const genesis = checkGenesis(batch);
    checkRoot(batch, hasher);
    return genesis;
  }
  checkEvents(table, hasher);
  checkRoot(batch, hasher);
  const [signature, ...others] = seal.signatures;
  if (others.length > 0 || !signature?.fingerprint.equals(seal.fingerprint)) {
    throw new AtedbError(
      'SIGNATURE_INVALID',
      `a batch is signed by its writer's key ${seal.fingerprint.toString('hex')} and no other`,
    );
  }
  return undefined;
}

/** Of the batch at hand; filled anew for each. */
const inputs = new HashInputs();

function checkRoot({ table, seal }: Batch, hasher: RangeHasher): void {
  inputs.clear();
  for (let index = 0; index < table.count; index += 1) table.addLeaf(index, inputs);
  if (!hasher.merkleRoot(inputs).equals(seal.eventsRoot)) {
    throw new AtedbError('HASH_MISMATCH', "the events' headers do not hash to the seal's root");
  }
}

/** Check each event, and then the hashes of their data at once; what is said is of the first event that is wrong. */
function checkEvents(table: EventTable, hasher: RangeHasher): void {
  inputs.clear();
  let failure: unknown;
  try {
    for (let index = 0; index < table.count; index += 1) {
      checkEvent(table, index);
      table.addData(index, inputs);
    }
  } catch (error) {
    failure = error;
  }
  const misfit = hasher.firstMisfit(hashTags.data, inputs);
  if (misfit >= 0) throw wrongData(misfit);
  if (failure !== undefined) throw failure;
}

/** Check what an event says, except that its data's hash fits. */
function checkEvent(table: EventTable, index: number): void {
  const kind = table.kind(index);
  if (kind === 'genesis') throw invalidEvent(index, 'a genesis is alone in its batch');
  if (kind !== 'data' && kind !== 'tombstone') {
    throw new AtedbError(
      'UNSUPPORTED',
      `event ${index}: events of kind "${kind}" are not carried out by this version`,
      { metadata: { event_index: String(index), kind } },
    );
  }
  if (table.has(index, eventFields.genesis)) {
    throw invalidEvent(index, 'only a genesis says what the chain is');
  }
  if (!table.has(index, eventFields.primaryKey)) {
    throw invalidEvent(index, 'it has no primary key');
  }
  if (table.has(index, eventFields.dataState)) {
    throw invalidEvent(index, 'only a server may say that data is not here');
  }
  if (!table.has(index, eventFields.salt)) throw invalidEvent(index, 'its salt is missing');
  const dataBytes = table.bytesOf(index, eventFields.data);
  const counted = table.number(index, eventFields.dataBytes);
  if (counted !== dataBytes) {
    throw invalidEvent(
      index,
      `its header counts ${counted} bytes of data, and it has ${dataBytes}`,
    );
  }
  if (kind === 'tombstone' && dataBytes > 0) throw invalidEvent(index, 'a tombstone has no data');
  if (!table.has(index, eventFields.dataHash)) throw wrongData(index);
}

function wrongData(index: number): AtedbError {
  return new AtedbError(
    'HASH_MISMATCH',
    `event ${index}: its data does not hash to what its header says`,
    { metadata: { event_index: String(index) } },
  );
}

function checkGenesis(batch: Batch): Genesis {
  const { seal } = batch;
  const [event] = batch.events;
  if (event === undefined || batch.events.length !== 1) {
    throw invalid('a genesis is alone in its batch');
  }
  if (event.data.length > 0 || event.salt !== undefined || event.dataState !== 0) {
    throw new AtedbError('GENESIS_INVALID', 'a genesis has no data');
  }
  if (seal.counter !== 0 || seal.asOf !== undefined || seal.preconditions.length > 0) {
    throw new AtedbError('GENESIS_INVALID', 'nothing comes before a genesis, and its seal says so');
  }
  const genesis = parseGenesis(event.headerBytes);
  if (!genesis.chainId.equals(seal.chainId)) {
    throw new AtedbError('GENESIS_INVALID', 'its seal names another chain than the genesis makes');
  }
  const pinned = genesis.chainKey.rootsFingerprint;
  if (pinned !== undefined && encodeBase32(rootsFingerprint(genesis.roots)) !== pinned) {
    throw new AtedbError('GENESIS_INVALID', 'its roots are not those that its chain key names');
  }
  // The roots are sorted by fingerprint, and so are signatures: they stand side by side.
  const signers = seal.signatures.map((signature) => signature.fingerprint);
  const bothSame =
    signers.length === genesis.roots.length &&
    genesis.roots.every((root, index) => signers[index]?.equals(root.fingerprint));
  if (!bothSame) {
    throw new AtedbError(
      'SIGNATURE_INVALID',
      'a genesis is signed by each of its roots, no others',
    );
  }
  if (!genesis.roots.some((root) => root.fingerprint.equals(seal.fingerprint))) {
    throw new AtedbError('GENESIS_INVALID', 'its writer is not one of its roots');
  }
  return genesis;
}

function invalid(why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `the batch is not valid: ${why}`);
}

function invalidEvent(index: number, why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `event ${index}: ${why}`, {
    metadata: { event_index: String(index) },
  });
}
