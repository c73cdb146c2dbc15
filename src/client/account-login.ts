import { toBinary } from '@bufbuild/protobuf';
import { type AccountGrant, AuthService, type LoginChallenge } from '../../gen/atedb/v1/auth_pb.js';
import { IdentityRotationSchema } from '../../gen/atedb/v1/identity_pb.js';
import {
  loginProofBytes,
  type OpeningKeys,
  openVault,
  type PasswordCosts,
  passwordKeys,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { hashBytes, type KeyPair, PublicKey, signatureContexts } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import { verifyIdentityLine } from '../trust/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import { Conversation, untrue } from './conversation.ts';
import { type Transport, timeoutDefaultMs } from './transport.ts';

/** What somebody logs in with. */
export interface LoginInput {
  /** `name@domain`. */
  readonly account: Owner;
  readonly password: string;
  /** A one-time code of the second factor; absent: none. */
  readonly totpCode?: string | undefined;
}

/** What a login gives. What it opens with is wiped when it is disposed of. */
export interface OpenedLogin extends Disposable {
  /** The user's key. */
  readonly key: KeyPair;
  /** Those that the user had before, the newest first. */
  readonly formerKeys: readonly KeyPair[];
  readonly grant: AccountGrant;
  /** What the password was made into. */
  readonly opening: OpeningKeys;
}

/**
 * Log in to an account. The password stays here: what follows from it signs a challenge that counts for this stream alone.
 *
 * @throws AtedbError LOGIN_FAILED, LOGIN_LOCKED; VERIFICATION_FAILED where the server's answers can't be true; SERVER_IDENTITY_MISMATCH;
 * CONNECTION_FAILED, DEADLINE_EXCEEDED.
 */
export async function openLogin(
  transport: Transport,
  { account, password, totpCode }: LoginInput,
  options: CallOptions,
): Promise<OpenedLogin> {
  using scope = new CallScope({ timeoutMs: timeoutDefaultMs, ...options });
  const talk = new Conversation(transport, AuthService.method.login, scope.signal);
  let opening: OpeningKeys | undefined;
  try {
    talk.say({ message: { case: 'account', value: account.text } });
    const challenge = await talk.due('challenge');
    opening = await passwordKeys(password, account, costsOf(challenge));
    const signature = await signChallenge(transport, {
      ...{ challenge, account, exporter: talk.exporter, signer: opening.signer },
      context: signatureContexts.login,
    });
    const proof = { signature, totpCode: totpCode ?? '' };
    talk.say({ message: { case: 'proof', value: proof } });
    talk.halfClose();
    const grant = await talk.due('grant');
    const vault = Buffer.from(grant.keyVault);
    const [key, ...formerKeys] = openVault(opening.vaultKey('key'), account, 'key', vault) ?? [];
    if (key === undefined) throw vaultFailed('key');
    const opened = opening;
    return { key, formerKeys, grant, opening, [Symbol.dispose]: () => opened[Symbol.dispose]() };
  } catch (error) {
    opening?.[Symbol.dispose]();
    throw error;
  } finally {
    talk.cancel(undefined);
  }
}

/** Sign a challenge for the server that it is of. @throws AtedbError VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH. */
export async function signChallenge(
  transport: Transport,
  of: {
    readonly challenge: LoginChallenge;
    readonly account: Owner;
    readonly exporter: Buffer | undefined;
    readonly signer: KeyPair;
    readonly context: string;
  },
) {
  const { challenge, account, exporter, signer, context } = of;
  const { conversationId } = challenge;
  if (conversationId.length !== hashBytes) throw untrue('challenge');
  const identity = await identityOf(challenge);
  transport.checkProven(identity);
  const bytes = loginProofBytes({
    ...{ account, exporter, serverFingerprint: identity.fingerprint },
    conversationId: Buffer.from(conversationId),
  });
  const { suite, fingerprint } = signer.publicKey;
  return { suite, fingerprint, signature: await signer.sign(context, bytes) };
}

/** The error for a vault that doesn't open with what opens the account: it was changed, or is another's. */
export function vaultFailed(name: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server keeps of the account's secrets (${name}) does not open: it was changed there`,
  );
}

function costsOf({ password }: LoginChallenge): PasswordCosts {
  if (password?.salt.length !== 16) throw untrue('challenge');
  const { salt, memoryKib, passes, lanes } = password;
  return { salt: Buffer.from(salt), memoryKib, passes, lanes };
}

async function identityOf({
  serverIdentity,
  identityRotations,
}: LoginChallenge): Promise<PublicKey> {
  try {
    if (serverIdentity !== undefined) {
      const rotations = identityRotations.map((one) =>
        Buffer.from(toBinary(IdentityRotationSchema, one)),
      );
      const identity = PublicKey.fromFields(serverIdentity);
      return (await verifyIdentityLine(identity, rotations)).identity;
    }
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
  }
  throw untrue('challenge');
}
