import { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import { accountUnknown } from '../../auth/index.ts';
import { unary } from '../method.ts';
import { requestInteger } from '../methods/deps.ts';
import { pageOfActs } from './acts-page.ts';
import { type AuthServiceDeps, checkLink, userOf } from './deps.ts';
import { fromSubmission } from './messages.ts';

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
export function getActs({ service, memory }: AuthServiceDeps) {
  return unary(AuthService.method.getActs, async (request, call) => {
    const { accounts } = service;
    const { text } = userOf(request.account);
    const record = await accounts.find(text);
    if (record === undefined) throw accountUnknown(text);
    const actsInAll = record.state.version + 1;
    const from = requestInteger('from_version', request.fromVersion);
    const { signal } = call;
    const wanted = { name: text, from, actsInAll };
    const { acts, release } = await pageOfActs(accounts, wanted, { memory, signal });
    // The answer is there until its caller has taken it.
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
    return { acts: [...acts], actsInAll: BigInt(actsInAll), unverified: record.isUnverified };
  });
}
