import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AuthService,
  type RecoverRequest,
  RecoverRequestSchema,
  RecoverResponseSchema,
} from '../../../gen/atedb/v1/auth_pb.js';
import type { AccountRecord } from '../../auth/index.ts';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage } from '../method.ts';
import { requestInvalid } from '../methods/deps.ts';
import { type AuthServiceDeps, askerOf, checkLink, codeOf, triedFrom, userOf } from './deps.ts';
import {
  fromProof,
  fromSubmission,
  notDue,
  type ShownOn,
  shownOn,
  toChallenge,
  toGrant,
} from './messages.ts';
import { nextWithin } from './talks.ts';

/** Time enough to fetch a mail. */
const recoveryMsMax = 15 * 60 * 1_000;

/** What a stream has come to: what comes next is decided by it. */
type Stage =
  | { readonly at: 'account' }
  | { readonly at: 'proof'; readonly shown: ShownOn }
  | { readonly at: 'code' | 'change'; readonly shown: ShownOn; readonly record: AccountRecord }
  | { readonly at: 'end' };

/** `Recover`: whoever has the recovery code of an account, and reads its mail where codes are sent, replaces what was lost. */
export function recover(deps: AuthServiceDeps) {
  return bidiStream(AuthService.method.recover, async (call) => {
    checkLink(deps, call);
    const untilMs = performance.now() + recoveryMsMax;
    let stage: Stage = { at: 'account' };
    const requests = call.requests[Symbol.asyncIterator]();
    while (stage.at !== 'end') {
      // Who has shown the recovery code has time to fetch a mail, and nobody else.
      const isShown = stage.at === 'code' || stage.at === 'change';
      const next = await nextWithin(requests, isShown ? untilMs - performance.now() : undefined);
      if (next.done === true) return;
      call.free(next.value.length);
      const { message } = decodeRequest(RecoverRequestSchema, next.value);
      stage = await step(deps, call, stage, message);
    }
  });
}

async function step(
  deps: AuthServiceDeps,
  call: DuplexCall,
  stage: Exclude<Stage, { at: 'end' }>,
  message: RecoverRequest['message'],
): Promise<Stage> {
  if (message.case !== stage.at) throw notDue(message.case, stage.at);
  const { recoveries } = deps.service;
  const address = triedFrom(call);
  if (stage.at === 'account' && message.case === 'account') {
    const shown = shownOn(userOf(message.value));
    await recoveries.begin(shown.account.text, address);
    await send(call, { case: 'challenge', value: toChallenge(deps, shown) });
    return { at: 'proof', shown };
  }
  if (stage.at === 'proof' && message.case === 'proof') {
    const { shown } = stage;
    const { claim, signature } = fromProof(deps, shown, call, message.value);
    const { record, sent } = await recoveries.prove(claim, signature, askerOf(call));
    const codeSent = sent !== undefined;
    await send(call, {
      case: 'proven',
      value: { codeSent, sentBefore: sent === 'sent_before' },
    });
    if (codeSent) return { at: 'code', shown, record };
    return grant(call, shown, record);
  }
  if (stage.at === 'code' && message.case === 'code') {
    const { shown, record } = stage;
    await recoveries.confirm(shown.account.text, codeOf('code', message.value), address);
    return grant(call, shown, record);
  }
  if (stage.at === 'change' && message.case === 'change') {
    const { act, secrets } = fromSubmission(message.value);
    if (act.account.text !== stage.shown.account.text) {
      throw requestInvalid('change.act', `it is of another account, ${act.account.text}`);
    }
    const { state } = await recoveries.finish(act, secrets);
    await send(call, { case: 'changed', value: { version: BigInt(state.version) } });
  }
  return { at: 'end' };
}

async function grant(call: DuplexCall, shown: ShownOn, record: AccountRecord): Promise<Stage> {
  const value = toGrant(record, undefined, { keyVault: false, secrets: true });
  await send(call, { case: 'grant', value });
  return { at: 'change', shown, record };
}

async function send(
  call: DuplexCall,
  message: NonNullable<MessageInitShape<typeof RecoverResponseSchema>['message']>,
): Promise<void> {
  await call.send(encodeMessage(RecoverResponseSchema, { message }));
}
