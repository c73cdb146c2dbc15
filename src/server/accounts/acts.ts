import { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import { type Accounts, accountUnknown } from '../../auth/index.ts';
import { unary } from '../method.ts';
import { requestInteger } from '../methods/deps.ts';
import { type AuthServiceDeps, checkLink, userOf } from './deps.ts';
import { fromSubmission } from './messages.ts';

/** Acts that one answer holds at most, in bytes: half of what stock clients take. */
const answerBytesMax = 2 * 1_048_576;

/** `SubmitAct`: the next act of an account. */
export function submitAct(deps: AuthServiceDeps) {
  return unary(AuthService.method.submitAct, async (request, call) => {
    checkLink(deps, call);
    const { accounts } = deps.service;
    const { act, secrets } = fromSubmission(request);
    const { text } = act.account;
    if (act.account.kind === 'group') {
      const { state } = await deps.service.groups.change(act);
      return { version: BigInt(state.version) };
    }
    // Users are created where it is counted who creates them.
    if ((await accounts.find(text)) === undefined) throw accountUnknown(text);
    const submission = { act, secrets, isRecovery: false, isUnverified: true };
    const { state } = await accounts.submit(submission);
    return { version: BigInt(state.version) };
  });
}

/** `GetActs`: what anybody may check of a user. */
export function getActs({ service }: AuthServiceDeps) {
  return unary(AuthService.method.getActs, async (request) => {
    const { accounts } = service;
    const { text } = userOf(request.account);
    const record = await accounts.find(text);
    if (record === undefined) throw accountUnknown(text);
    const actsInAll = record.state.version + 1;
    const from = requestInteger('from_version', request.fromVersion);
    const acts = await pageOfActs(accounts, text, from, actsInAll);
    return { acts, actsInAll: BigInt(actsInAll), unverified: record.isUnverified };
  });
}

/** As many acts of an account, from a version on, as fit into one answer. */
export async function pageOfActs(
  accounts: Pick<Accounts, 'actOf'>,
  name: string,
  from: number,
  actsInAll: number,
): Promise<Buffer[]> {
  const acts: Buffer[] = [];
  let bytes = 0;
  for (let version = from; version < actsInAll; version += 1) {
    const act = await accounts.actOf(name, version);
    if (act === undefined) break;
    bytes += act.length;
    if (acts.length > 0 && bytes > answerBytesMax) break;
    acts.push(act);
  }
  return acts;
}
