import { AuthService, CodeDelivery } from '../../../gen/atedb/v1/auth_pb.js';
import { hashBytes } from '../../crypto/index.ts';
import { unary } from '../method.ts';
import { checkLength } from '../methods/deps.ts';
import {
  type AuthServiceDeps,
  askerOf,
  bytesOf,
  checkLink,
  codeOf,
  secretsBytesMax,
  triedFrom,
  userOf,
} from './deps.ts';
import { fromSubmission } from './messages.ts';

const deliveries = { mail: CodeDelivery.MAIL, operator: CodeDelivery.OPERATOR } as const;

/** `DescribeAuth`: how accounts are created here. */
export function describeAuth({ service }: AuthServiceDeps) {
  return unary(AuthService.method.describeAuth, async () => {
    const { sendsBy, terms = '' } = service;
    const codeDelivery = sendsBy === undefined ? CodeDelivery.NONE : deliveries[sendsBy];
    return { codeDelivery, terms };
  });
}

/** `CreateUser`: a user, or what becomes one when a code is entered. */
export function createUser(deps: AuthServiceDeps) {
  return unary(AuthService.method.createUser, async (request, call) => {
    checkLink(deps, call);
    const { act } = fromSubmission(request);
    userOf(act.account.text);
    const secrets = bytesOf('secrets', request.secrets, secretsBytesMax);
    const acceptedTerms = Buffer.from(request.acceptedTerms);
    if (acceptedTerms.length > 0) checkLength('accepted_terms', acceptedTerms, hashBytes);
    const { signUps } = deps.service;
    const done = await signUps.create({ act, secrets, acceptedTerms }, askerOf(call));
    return { codeSent: done !== 'created', sentBefore: done === 'sent_before' };
  });
}

/** `VerifyUser`: whoever enters a code that was sent has the name. */
export function verifyUser(deps: AuthServiceDeps) {
  return unary(AuthService.method.verifyUser, async (request, call) => {
    checkLink(deps, call);
    const { text } = userOf(request.account);
    checkLength('fingerprint', request.fingerprint, hashBytes);
    const fingerprint = Buffer.from(request.fingerprint).toString('hex');
    const code = codeOf('code', request.code);
    await deps.service.signUps.verify({
      ...{ account: text, fingerprint, code },
      address: triedFrom(call),
    });
    return {};
  });
}

/** `SendCode`: another code for somebody who is unverified. */
export function sendCode(deps: AuthServiceDeps) {
  return unary(AuthService.method.sendCode, async (request, call) => {
    checkLink(deps, call);
    const { signUps } = deps.service;
    const { account, fingerprint } = request;
    if (fingerprint.length > 0) checkLength('fingerprint', fingerprint, hashBytes);
    const key = Buffer.from(fingerprint).toString('hex') || undefined;
    const sent = await signUps.sendCode(userOf(account).text, askerOf(call), key);
    return { sentBefore: sent === 'sent_before' };
  });
}
