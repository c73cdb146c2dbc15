import { fromBinary } from '@bufbuild/protobuf';
import {
  AuthService,
  type GetActsResponse,
  GetActsResponseSchema,
  SubmitActResponseSchema,
} from '../../gen/atedb/v1/auth_pb.js';
import {
  type AccountState,
  type Act,
  actsMax,
  type Change,
  parseAct,
  signAct,
  type UserState,
  verifyAct,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { Transport } from './transport.ts';

/** An account, as its acts say it. */
export interface VerifiedAccount {
  readonly state: UserState;
  /** Oldest first. */
  readonly acts: readonly Act[];
  /** The server's word: nobody has shown that the name is the user's. */
  readonly isUnverified: boolean;
}

/**
 * Read all acts of a user, and verify them from the keys that the first one names. That it is the user whom one means, the fingerprint of
 * its key says, or what was remembered of it.
 *
 * @throws AtedbError ACCOUNT_UNKNOWN; VERIFICATION_FAILED where they are not an account's; CONNECTION_FAILED, DEADLINE_EXCEEDED.
 */
export async function readAccount(
  transport: Transport,
  account: Owner,
  options: CallOptions,
): Promise<VerifiedAccount> {
  const acts: Act[] = [];
  let state: AccountState | undefined;
  for (;;) {
    const page = await readPage(transport, account, acts.length, options);
    try {
      for (const bytes of page.acts) {
        const act = parseAct(bytes);
        if (act.account.text !== account.text) throw new Error('an act is of another account');
        state = await verifyAct(state, act);
        acts.push(act);
      }
    } catch (cause) {
      throw untrueActs(account, cause);
    }
    const isWhole = BigInt(acts.length) >= page.actsInAll;
    if (state === undefined || (!isWhole && page.acts.length === 0) || acts.length > actsMax) {
      throw untrueActs(account, undefined);
    }
    if (state.kind !== 'user') throw untrueActs(account, undefined);
    if (isWhole) return { state, acts, isUnverified: page.unverified };
  }
}

async function readPage(
  transport: Transport,
  { text }: Owner,
  fromVersion: number,
  options: CallOptions,
): Promise<GetActsResponse> {
  const request = { account: text, fromVersion: BigInt(fromVersion) };
  const answer = await transport.unary(AuthService.method.getActs, request, options);
  return fromBinary(GetActsResponseSchema, answer);
}

/** Make the act that comes next in an account. */
export function nextAct(
  account: Owner,
  before: Pick<AccountState, 'version' | 'head'> | undefined,
  change: Change,
  keys: readonly KeyPair[],
): Promise<Buffer> {
  const version = before === undefined ? 0 : before.version + 1;
  const claim = { account, version, previous: before?.head, timeUnixMs: Date.now(), change };
  return signAct(claim, keys);
}

/** Have an account changed by an act. @throws AtedbError as the server refuses; CONNECTION_FAILED, DEADLINE_EXCEEDED. */
export async function submitAct(
  transport: Transport,
  act: Buffer,
  secrets: Buffer | undefined,
  options: CallOptions,
): Promise<void> {
  const request = { act, ...(secrets && { secrets }) };
  const answer = await transport.unary(AuthService.method.submitAct, request, options);
  fromBinary(SubmitActResponseSchema, answer);
}

function untrueActs({ text }: Owner, cause: unknown): AtedbError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server shows as the acts of ${text} is no account's line${why}`,
    { metadata: { account: text }, cause },
  );
}
