import { chooseProvider } from '../../../src/crypto/index.ts';
import { authAnswerVectors } from './auth-answers.ts';
import { authorisationVectors } from './authorisation.ts';
import { batchVectors } from './batches.ts';
import { chainKeyVectors } from './chain-keys.ts';
import { checkpointVectors } from './checkpoints.ts';
import { childrenVectors } from './children.ts';
import { compactionVectors } from './compaction.ts';
import { delegationVectors } from './delegations.ts';
import { gapVectors } from './gaps.ts';
import { hashVectors } from './hashes.ts';
import { headerVectors } from './headers.ts';
import { identityVectors } from './identity.ts';
import { keyFileVectors } from './key-files.ts';
import { keyVectors } from './keys.ts';
import { leftOutVectors } from './left-out.ts';
import { merkleVectors } from './merkle.ts';
import { ownershipVectors } from './ownership.ts';
import { proofVectors } from './proofs.ts';
import { replayVectors } from './replays.ts';
import { retentionVectors } from './retention.ts';
import { keyWrapVectors, sealedDataVectors } from './sealed-data.ts';
import { segmentVectors } from './segments.ts';
import { signatureVectors } from './signatures.ts';
import { strictFormVectors } from './strict-form.ts';
import { filePrefix, type VectorFile, vectorText } from './vector-file.ts';
import { wireVectors } from './wire.ts';

/** In the order in which a client needs what they show: docs/vectors.md has them so. */
const makers: readonly (() => VectorFile | Promise<VectorFile>)[] = [
  chainKeyVectors,
  strictFormVectors,
  hashVectors,
  merkleVectors,
  keyVectors,
  keyFileVectors,
  signatureVectors,
  headerVectors,
  batchVectors,
  sealedDataVectors,
  keyWrapVectors,
  authorisationVectors,
  replayVectors,
  checkpointVectors,
  identityVectors,
  authAnswerVectors,
  ownershipVectors,
  delegationVectors,
  compactionVectors,
  retentionVectors,
  gapVectors,
  leftOutVectors,
  childrenVectors,
  proofVectors,
  wireVectors,
  segmentVectors,
];

/**
 * All files of vectors, by their names, with their texts: the same on every run. The portable provider makes them, since
 * it alone encapsulates with given randomness; the one of before is chosen again.
 *
 * @param provider the one of before.
 */
export async function makeVectorTexts(provider: string): Promise<ReadonlyMap<string, string>> {
  await chooseProvider('portable');
  try {
    const files: VectorFile[] = [];
    for (const make of makers) files.push(await make());
    const texts = files.map((file): [string, string] => [
      `${filePrefix}${file.name}.json`,
      vectorText(file),
    ]);
    return new Map([...texts, [`${filePrefix}index.json`, vectorText(indexOf(files))]]);
  } finally {
    await chooseProvider(provider);
  }
}

/** Which files there are: so that a client notices one that it has not, or doesn't run. */
function indexOf(files: readonly VectorFile[]): VectorFile {
  return {
    name: 'index',
    about:
      'All files of vectors, in the order in which a client needs what they show. Who runs them fails where one is missing, is not run, or has other `lists` than are said here.',
    madeFrom: 'test/support/vector-files/index.ts',
    lists: {
      files: files.map(({ name, lists }) => ({
        name,
        file: `${filePrefix}${name}.json`,
        lists: Object.fromEntries(
          Object.entries(lists).map(([list, cases]) => [list, cases.length]),
        ),
      })),
    },
  };
}
