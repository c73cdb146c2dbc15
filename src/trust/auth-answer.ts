import { AtedbError } from '../bytes/index.ts';
import { signatureContexts } from '../crypto/index.ts';
import {
  type Batch,
  type EventAuthority,
  type Genesis,
  type ParsedAuthAnswer,
  parseAuthAnswer,
  parseIdentityRotation,
} from '../event/index.ts';
import { isFromServer } from './from-server.ts';
import { verifyRotation } from './identity-line.ts';

/**
 * Verify that an answer is signed by the identity that it names. Runs in the thread pool. That this is the auth service's, and that its
 * rotations lead to it, is for the caller to check.
 *
 * @throws AtedbError SIGNATURE_INVALID.
 */
export async function verifyAuthAnswer(answer: ParsedAuthAnswer): Promise<void> {
  const { identity, headerBytes, owner } = answer;
  const { suite, fingerprint, signature } = answer.signature;
  const isNamed = identity.suite === suite && identity.fingerprint.equals(fingerprint);
  const { authAnswer } = signatureContexts;
  if (isNamed && (await identity.verify(authAnswer, headerBytes, signature))) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the auth service's answer about ${owner.text} is not signed by its identity ${identity.fingerprintHex}`,
    { metadata: { fingerprint: identity.fingerprintHex, owner: owner.text } },
  );
}

/**
 * Verify what others have signed within the events of a batch: answers of auth services, and rotations of identities. Runs in the thread pool.
 * The batch itself was found good by `checkBatch`.
 *
 * @param genesis what the batch says of the chain, where it is a genesis.
 * @returns undefined where there is nothing of that, as nearly always.
 * @throws AtedbError SIGNATURE_INVALID.
 */
export function verifyHeld(batch: Batch, genesis?: Genesis): Promise<void> | undefined {
  if (batch.isGenesis) return genesis?.answer && verifyAuthAnswer(genesis.answer);
  return isFromServer(batch) ? verifyEach(batch) : undefined;
}

async function verifyEach(batch: Batch): Promise<void> {
  for (let index = 0; index < batch.count; index += 1) {
    if (batch.kindOf(index) === 'auth_answer') await verifyAuthAnswer(batch.answerOf(index));
    else await verifyRotation(batch.rotationOf(index));
  }
}

/**
 * As `verifyHeld`, of one event of which there is the header alone.
 *
 * @throws AtedbError SIGNATURE_INVALID; AUTH_ANSWER_INVALID, NON_CANONICAL and others for what is none.
 */
export async function verifyHeldIn({ authAnswer, serverIdentity }: EventAuthority): Promise<void> {
  if (authAnswer !== undefined) await verifyAuthAnswer(parseAuthAnswer(authAnswer));
  if (serverIdentity !== undefined) await verifyRotation(parseIdentityRotation(serverIdentity));
}
