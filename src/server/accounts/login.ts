import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AuthService,
  LoginRequestSchema,
  LoginResponseSchema,
} from '../../../gen/atedb/v1/auth_pb.js';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage } from '../method.ts';
import { type AuthServiceDeps, checkLink, triedFrom, userOf } from './deps.ts';
import { fromProof, notDue, type ShownOn, shownOn, toChallenge, toGrant } from './messages.ts';
import { inTime } from './talks.ts';

/** `Login`: whoever knows the password of an account gets what it opens. */
export function login(deps: AuthServiceDeps) {
  return bidiStream(AuthService.method.login, async (call) => {
    checkLink(deps, call);
    const { logins } = deps.service;
    const address = triedFrom(call);
    let shown: ShownOn | undefined;
    for await (const bytes of inTime(call.requests)) {
      call.free(bytes.length);
      const { message } = decodeRequest(LoginRequestSchema, bytes);
      if (shown === undefined) {
        if (message.case !== 'account') throw notDue(message.case, 'account');
        shown = shownOn(userOf(message.value));
        const password = await logins.begin(shown.account, address);
        await send(call, { case: 'challenge', value: toChallenge(deps, shown, password) });
      } else {
        if (message.case !== 'proof') throw notDue(message.case, 'proof');
        const proof = fromProof(deps, shown, call, message.value);
        const { record, secrets, isSudo } = await logins.finish(proof, address);
        const value = toGrant(record, secrets, { keyVault: true, secrets: isSudo });
        await send(call, { case: 'grant', value });
        return;
      }
    }
  });
}

async function send(
  call: DuplexCall,
  message: NonNullable<MessageInitShape<typeof LoginResponseSchema>['message']>,
): Promise<void> {
  await call.send(encodeMessage(LoginResponseSchema, { message }));
}
