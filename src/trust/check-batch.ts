import { AtedbError, encodeBase32 } from '../bytes/index.ts';
import {
  type Batch,
  type EventView,
  type Genesis,
  parseGenesis,
  rootsFingerprint,
  writerIdOf,
} from '../event/index.ts';
import { checkEvents } from './check-events.ts';
import type { Provenance } from './check-gone.ts';
import { checkHashes } from './check-hashes.ts';
import { genesisSigners } from './from-server.ts';
import { checkShownDelegations } from './shown-delegations.ts';
import { signersOf } from './signers.ts';

/**
 * Check what a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed; of one that is stored, also of which events
 * the data may be gone, as far as they show that by themselves.
 * Whether the signatures verify is `verifySignatures`; whether the chain takes the batch is `ChainState`.
 *
 * @returns the genesis, where the batch is one.
 * @throws AtedbError BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID, SIGNATURE_INVALID, UNSUPPORTED.
 */
export function checkBatch(batch: Batch, provenance: Provenance = 'appended'): Genesis | undefined {
  const genesis = checkContents(batch, provenance);
  checkHashes(batch);
  return genesis;
}

/** As `checkBatch`, but for what takes nearly all of its time, and may be done elsewhere: `checkHashes`. */
export function checkContents(
  batch: Batch,
  provenance: Provenance = 'appended',
): Genesis | undefined {
  const { seal, count } = batch;
  if (seal.events !== count) {
    throw invalid(`its seal counts ${seal.events} events, and it has ${count}`);
  }
  const writerId = writerIdOf({
    chainId: seal.chainId,
    fingerprint: seal.fingerprint,
    salt: seal.writerSalt,
  });
  if (!writerId.equals(seal.writerId)) {
    throw invalid('its writer id is not the hash of chain id, fingerprint and salt');
  }
  if (batch.isGenesis) return checkGenesis(batch);
  checkEvents(batch, provenance);
  // Whether it may have none is for `vouchedBy` to say.
  if (seal.signatures.length > 0) checkSigners(batch);
  if (seal.publicKeys.length > 0) checkShown(batch);
  if (seal.delegations.length > 0) checkShownDelegations(batch, signersOf(batch));
  return undefined;
}

/** A batch is signed by those that it is from, and by no others. */
function checkSigners(batch: Batch): void {
  const signers = signersOf(batch);
  const signed = batch.seal.signatures.map(({ fingerprint }) => fingerprint.toString('hex'));
  if (signed.length === signers.length && signers.every((one, at) => one === signed[at])) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the batch is to be signed by ${signers.join(', ')} and no others, in this order, and is signed by ${signed.join(', ')}`,
  );
}

/** A seal shows keys of its signers and no others, so that it can't be used to make a chain know any number of keys. */
function checkShown(batch: Batch): void {
  const [first] = batch.delegations();
  const owners = [...signersOf(batch), ...(first === undefined ? [] : [first.issuerHex])];
  let last = '';
  for (const { fingerprintHex } of batch.sealKeys()) {
    if (!owners.includes(fingerprintHex)) {
      throw invalid(
        `its seal shows the key ${fingerprintHex}, which is not one of its signers', nor of who has delegated to them`,
      );
    }
    if (fingerprintHex <= last) throw invalid('its seal shows keys in another order, or twice');
    last = fingerprintHex;
  }
}

function checkGenesis(batch: Batch): Genesis {
  const { seal } = batch;
  const event = batch.events[0] as EventView;
  if (batch.count !== 1) throw invalid('a genesis is alone in its batch');
  if (seal.publicKeys.length > 0) {
    throw new AtedbError('GENESIS_INVALID', 'its seal shows keys, which the genesis names already');
  }
  if (seal.delegations.length > 0) {
    throw new AtedbError(
      'GENESIS_INVALID',
      'its seal shows delegations, and no rules are there yet',
    );
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
  // They are sorted by fingerprint, and so are signatures: they stand side by side.
  const due = genesisSigners(genesis);
  const signers = seal.signatures.map((signature) => signature.fingerprint);
  const bothSame =
    signers.length === due.length &&
    due.every((one, index) => signers[index]?.equals(one.fingerprint));
  const isAnswered = genesis.answer !== undefined;
  if (!bothSame) {
    throw new AtedbError(
      'SIGNATURE_INVALID',
      isAnswered
        ? 'a genesis that holds the answer of an auth service is signed by the server that it names, and no others'
        : 'a genesis is signed by each of its roots, no others',
    );
  }
  if (!due.some((one) => one.fingerprint.equals(seal.fingerprint))) {
    throw new AtedbError(
      'GENESIS_INVALID',
      isAnswered ? 'its writer is not its server' : 'its writer is not one of its roots',
    );
  }
  return genesis;
}

function invalid(why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `the batch is not valid: ${why}`);
}
