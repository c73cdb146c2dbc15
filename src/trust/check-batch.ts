import { AtedbError, encodeBase32 } from '../bytes/index.ts';
import {
  type Batch,
  dataHashFits,
  type EventView,
  eventsRoot,
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
  const { seal, events } = batch;
  if (seal.events !== events.length) {
    throw invalid(`its seal counts ${seal.events} events, and it has ${events.length}`);
  }
  const writerId = writerIdOf({
    chainId: seal.chainId,
    fingerprint: seal.fingerprint,
    salt: seal.writerSalt,
  });
  if (!writerId.equals(seal.writerId)) {
    throw invalid('its writer id is not the hash of chain id, fingerprint and salt');
  }
  const [first] = events;
  const isGenesis = first?.header.kind === 'genesis';
  if (isGenesis) {
    const genesis = checkGenesis(batch, first);
    checkRoot(batch);
    return genesis;
  }
  events.forEach(checkEvent);
  checkRoot(batch);
  const [signature, ...others] = seal.signatures;
  // Whether it may have none is for `vouchedBy` to say.
  const isOthers = signature !== undefined && !signature.fingerprint.equals(seal.fingerprint);
  if (others.length > 0 || isOthers) {
    throw new AtedbError(
      'SIGNATURE_INVALID',
      `a batch is signed by its writer's key ${seal.fingerprint.toString('hex')} and no other`,
    );
  }
  return undefined;
}

function checkRoot(batch: Batch): void {
  const root = eventsRoot(batch.events.map((event) => event.headerBytes));
  if (!root.equals(batch.seal.eventsRoot)) {
    throw new AtedbError('HASH_MISMATCH', "the events' headers do not hash to the seal's root");
  }
}

function checkEvent(event: EventView, index: number): void {
  const { header, data, salt } = event;
  if (header.kind === 'genesis') throw invalidEvent(index, 'a genesis is alone in its batch');
  if (header.kind !== 'data' && header.kind !== 'tombstone') {
    throw new AtedbError(
      'UNSUPPORTED',
      `event ${index}: events of kind "${header.kind}" are not carried out by this version`,
      { metadata: { event_index: String(index), kind: header.kind } },
    );
  }
  if (header.isGenesis) throw invalidEvent(index, 'only a genesis says what the chain is');
  if (header.primaryKey === undefined) throw invalidEvent(index, 'it has no primary key');
  if (event.dataState !== 0)
    throw invalidEvent(index, 'only a server may say that data is not here');
  if (salt === undefined) throw invalidEvent(index, 'its salt is missing');
  if (header.dataBytes !== data.length) {
    throw invalidEvent(
      index,
      `its header counts ${header.dataBytes} bytes of data, and it has ${data.length}`,
    );
  }
  if (header.kind === 'tombstone' && data.length > 0) {
    throw invalidEvent(index, 'a tombstone has no data');
  }
  if (header.dataHash === undefined || !dataHashFits(header.dataHash, salt, data)) {
    throw new AtedbError(
      'HASH_MISMATCH',
      `event ${index}: its data does not hash to what its header says`,
      { metadata: { event_index: String(index) } },
    );
  }
}

function checkGenesis(batch: Batch, event: EventView): Genesis {
  const { seal } = batch;
  if (batch.events.length !== 1) throw invalid('a genesis is alone in its batch');
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
