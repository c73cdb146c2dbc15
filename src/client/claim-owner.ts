import { OwnerService } from '../../gen/atedb/v1/answer_pb.js';
import { signAct } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { type ChainKey, type Owner, ownerOf } from '../event/index.ts';
import type { CallOptions } from './cancellation.ts';
import { creationAct } from './groups.ts';
import type { Notice } from './notice.ts';
import type { Transport } from './transport.ts';

/** Whether an error says that nobody has the name of a chain's owner, and that who asked may have it. */
export function isClaimable(error: unknown): boolean {
  return (
    error instanceof AtedbError &&
    error.reason === 'OWNER_UNKNOWN' &&
    error.metadata.claimable === 'true'
  );
}

/**
 * Claim the name of a chain's owner with a key, which is then the root key of its chains.
 *
 * @returns what to tell of it; undefined where somebody else was faster: the chain is theirs then.
 * @throws AtedbError CLAIM_NOT_ALLOWED, UNSUPPORTED for what can't be claimed; as `Transport.unary`.
 */
export async function claimOwner(
  claim: {
    readonly transport: Transport;
    readonly chainKey: ChainKey;
    readonly key: KeyPair;
    /** Milliseconds since 1970-01-01 UTC. */
    readonly timeUnixMs: number;
  },
  call: CallOptions,
): Promise<Notice | undefined> {
  const { transport, chainKey, key, timeUnixMs } = claim;
  const account = ownerOf(chainKey);
  const { publicKey } = key;
  const act =
    account.kind === 'group'
      ? await creationAct(account, { key })
      : await userClaim(account, key, timeUnixMs);
  try {
    await transport.unary(OwnerService.method.claimOwner, { act }, call);
  } catch (error) {
    const isTaken = error instanceof AtedbError && takenReasons.has(error.reason);
    if (!isTaken) throw error;
    return undefined;
  }
  const { server } = transport;
  const { fingerprintHex: fingerprint } = publicKey;
  const { text: owner } = account;
  const message = `claimed the name ${owner} at ${server} with the key ${fingerprint}; nobody has checked whose it is`;
  return { kind: 'name-claimed', owner, server, fingerprint, message };
}

/** The act that creates a user with a key, and nothing else. */
function userClaim(account: Owner, key: KeyPair, timeUnixMs: number): Promise<Buffer> {
  const noOthers = { sudoKey: undefined, recoveryKey: undefined, secretsHash: undefined };
  const change = { kind: 'user_creation', key: key.publicKey, ...noOthers } as const;
  return signAct({ account, version: 0, previous: undefined, timeUnixMs, change }, [key]);
}

const takenReasons: ReadonlySet<string> = new Set(['ACCOUNT_EXISTS', 'VERSION_CONFLICT']);
