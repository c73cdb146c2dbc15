import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type ChainKey, type Genesis, ownerOf } from '../event/index.ts';
import { verifyGenesis } from '../trust/index.ts';

/** What the one who wants a chain knows of what it is to be. */
export interface WantedChain {
  readonly chainKey: ChainKey;
  /** The server's identity, as it was shown and checked. */
  readonly serverIdentity: PublicKey;
  readonly isPrivate: boolean;
  readonly isConfidential: boolean;
  /** The key that is to write. */
  readonly writer: PublicKey;
  /** `host:port`. */
  readonly server: string;
}

/**
 * Verify the genesis that a server offers, before it is appended: that an auth service has signed who owns the chain, that it is the owner that the
 * chain key names, that the server has signed it with the identity that it has, and that it is what was wished for.
 *
 * @param run the batch.
 * @throws AtedbError VERIFICATION_FAILED; KEY_NOT_ALLOWED where the key that is to write isn't one of the owner's.
 */
export async function checkOffer(run: Buffer, wanted: WantedChain): Promise<Genesis> {
  const { genesis } = await verified(run);
  const { chainKey, serverIdentity, writer, server } = wanted;
  const { answer } = genesis;
  if (genesis.chainKey.text !== chainKey.text) {
    throw failed(`it is for the chain ${genesis.chainKey.text}`);
  }
  if (answer === undefined) throw failed('it holds no word of an auth service');
  if (genesis.serverIdentity?.fingerprint.equals(serverIdentity.fingerprint) !== true) {
    throw failed('it names another server');
  }
  const isAsWished =
    (genesis.isPrivate === true) === wanted.isPrivate &&
    (genesis.isConfidential === true) === wanted.isConfidential;
  if (!isAsWished) throw failed('it is private or confidential, or not, other than was wished for');
  const owners = [...answer.roots, ...answer.writers].map(({ fingerprintHex }) => fingerprintHex);
  if (owners.includes(writer.fingerprintHex)) return genesis;
  const owner = ownerOf(chainKey).text;
  throw new AtedbError(
    'KEY_NOT_ALLOWED',
    `the chain ${chainKey.text} isn't there yet, and ${owner} alone may create it: by the auth service of ${server} that is ${owners.join(', ')}, and the key is ${writer.fingerprintHex}. Log in as ${owner}, or ask them`,
    { metadata: { fingerprint: writer.fingerprintHex, allowed: owners.join(','), owner } },
  );
}

async function verified(run: Buffer) {
  try {
    return await verifyGenesis(run);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw failed(error.message, error);
  }
}

function failed(why: string, cause?: AtedbError): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the genesis that the server offers can't be taken: ${why}. Nothing was created`,
    { cause },
  );
}
