import { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import { accountUnknown } from '../../auth/index.ts';
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
    const acts: Buffer[] = [];
    let bytes = 0;
    let version = requestInteger('from_version', request.fromVersion);
    for (; version <= record.state.version; version += 1) {
      const act = await accounts.actOf(text, version);
      if (act === undefined) break;
      bytes += act.length;
      if (acts.length > 0 && bytes > answerBytesMax) break;
      acts.push(act);
    }
    const actsInAll = BigInt(record.state.version + 1);
    return { acts, actsInAll, unverified: record.isUnverified };
  });
}
