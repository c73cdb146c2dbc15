import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AuthService,
  GetGroupRequestSchema,
  GetGroupResponseSchema,
  type GroupProof,
  ListGroupsRequestSchema,
  ListGroupsResponseSchema,
} from '../../../gen/atedb/v1/auth_pb.js';
import { groupProofBytes, parseAct } from '../../account/index.ts';
import { AtedbError } from '../../bytes/index.ts';
import { hashBytes, type PublicKey, signatureContexts } from '../../crypto/index.ts';
import { parseOwner } from '../../event/index.ts';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage, unary } from '../method.ts';
import { requestInteger, requestInvalid } from '../methods/deps.ts';
import { fromPublicKey, fromSignature } from '../methods/from-message.ts';
import { toIdentityRotations, toPublicKey } from '../methods/to-message.ts';
import { pageOfActs } from './acts-page.ts';
import { type AuthServiceDeps, actBytesMax, askerOf, bytesOf, checkLink } from './deps.ts';
import { notDue } from './messages.ts';
import { inTime } from './talks.ts';

/** `CreateGroup`: a group, of its first owner. */
export function createGroup(deps: AuthServiceDeps) {
  return unary(AuthService.method.createGroup, async (request, call) => {
    checkLink(deps, call);
    const act = parseAct(bytesOf('act', request.act, actBytesMax));
    await deps.service.groups.create(act, askerOf(call));
    return {};
  });
}

/** A key that is being proven on a stream, and for which group. */
interface Asked {
  readonly key: PublicKey;
  /** Undefined: all in which the key has a role. */
  readonly group: string | undefined;
  readonly conversationId: Buffer;
}

/** `GetGroup`: what a group is, for its members. */
export function getGroup(deps: AuthServiceDeps) {
  return bidiStream(AuthService.method.getGroup, async (call) => {
    checkLink(deps, call);
    const send = (
      message: NonNullable<MessageInitShape<typeof GetGroupResponseSchema>['message']>,
    ) => call.send(encodeMessage(GetGroupResponseSchema, { message }));
    let asked: Asked | undefined;
    let fromVersion = 0;
    for await (const bytes of inTime(call.requests)) {
      call.free(bytes.length);
      const { message } = decodeRequest(GetGroupRequestSchema, bytes);
      if (asked === undefined) {
        if (message.case !== 'about') throw notDue(message.case, 'about');
        const { group, key } = message.value;
        fromVersion = requestInteger('about.from_version', message.value.fromVersion);
        asked = askedBy(fromPublicKey('about.key', key), groupOf(group));
        await send({ case: 'challenge', value: challengeOf(deps, asked) });
      } else {
        if (message.case !== 'proof') throw notDue(message.case, 'proof');
        await verifyProof(deps, asked, message.value, call);
        const { group = '', key } = asked;
        const { state, isUnverified } = await deps.service.groups.view(group, key);
        const actsInAll = state.version + 1;
        for (let from = fromVersion; ; ) {
          const { memory, service } = deps;
          const { signal } = call;
          const wanted = { name: group, from, actsInAll };
          const { acts, release } = await pageOfActs(service.accounts, wanted, { memory, signal });
          const page = { acts: [...acts], actsInAll: BigInt(actsInAll), unverified: isUnverified };
          await send({ case: 'acts', value: page }).finally(release);
          from += acts.length;
          if (from >= actsInAll || acts.length === 0) return;
        }
      }
    }
  });
}

/** `ListGroups`: in which groups a key has which roles. */
export function listGroups(deps: AuthServiceDeps) {
  return bidiStream(AuthService.method.listGroups, async (call) => {
    checkLink(deps, call);
    const send = (
      message: NonNullable<MessageInitShape<typeof ListGroupsResponseSchema>['message']>,
    ) => call.send(encodeMessage(ListGroupsResponseSchema, { message }));
    let asked: Asked | undefined;
    for await (const bytes of inTime(call.requests)) {
      call.free(bytes.length);
      const { message } = decodeRequest(ListGroupsRequestSchema, bytes);
      if (asked === undefined) {
        if (message.case !== 'key') throw notDue(message.case, 'key');
        asked = askedBy(fromPublicKey('key', message.value), undefined);
        await send({ case: 'challenge', value: challengeOf(deps, asked) });
      } else {
        if (message.case !== 'proof') throw notDue(message.case, 'proof');
        await verifyProof(deps, asked, message.value, call);
        const groups = await deps.service.groups.list(asked.key);
        await send({ case: 'groups', value: { groups } });
        return;
      }
    }
  });
}

/** The group that a request names. @throws AtedbError REQUEST_INVALID. */
function groupOf(name: string): string {
  const owner = parseOwner(name);
  if (owner.kind === 'group') return owner.text;
  throw requestInvalid('group', `${name} is a user; a group's name has no "@"`);
}

function askedBy(key: PublicKey, group: string | undefined): Asked {
  return { key, group, conversationId: randomBytes(hashBytes) };
}

function challengeOf({ identity, line }: AuthServiceDeps, { conversationId }: Asked) {
  return {
    conversationId,
    serverIdentity: toPublicKey(identity),
    identityRotations: toIdentityRotations(line),
  };
}

/** @throws AtedbError SIGNATURE_INVALID, REQUEST_INVALID. */
async function verifyProof(
  { identity }: AuthServiceDeps,
  { key, group, conversationId }: Asked,
  proof: GroupProof,
  { exporter }: DuplexCall,
): Promise<void> {
  const { suite, fingerprint, signature } = fromSignature('proof.signature', proof.signature);
  const ties = { exporter, serverFingerprint: identity.fingerprint, conversationId };
  const bytes = groupProofBytes({ ...ties, fingerprint: key.fingerprint, group });
  const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
  if (isNamed && (await key.verify(signatureContexts.group, bytes, signature))) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the proof of key ${key.fingerprintHex} does not verify: it is for another server, group or stream, or was damaged`,
    { metadata: { fingerprint: key.fingerprintHex } },
  );
}
