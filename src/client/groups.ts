import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AuthService,
  type GroupChallenge,
  SubmitActResponseSchema,
} from '../../gen/atedb/v1/auth_pb.js';
import { IdentityRotationSchema } from '../../gen/atedb/v1/identity_pb.js';
import {
  type AccountState,
  type Act,
  actsBytesMax,
  actsMax,
  type Change,
  type GroupMember,
  type GroupState,
  groupProofBytes,
  groupRoles,
  parseAct,
  roleOf,
  type UserState,
  verifyAct,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { hashBytes, type KeyPair, PublicKey, signatureContexts } from '../crypto/index.ts';
import { type Owner, parseOwner } from '../event/index.ts';
import { verifyIdentityLine } from '../trust/index.ts';
import { nextAct, readAccount } from './account-acts.ts';
import type { AccountsPlace } from './accounts-place.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import { Conversation, untrue } from './conversation.ts';
import { planChange, planCreation, type RoleEdit } from './group-plan.ts';
import { type OpenedGroup, openGroup } from './opened-group.ts';
import { checkIsMember, renewal } from './renewal.ts';
import { type Transport, timeoutDefaultMs } from './transport.ts';

/** Whoever acts in a group. */
export interface GroupSigner {
  /** The user's key: it opens what the user has of the group. */
  readonly key: KeyPair;
  /** Keys that the user had before: they open it where the group hasn't been told of the new one. */
  readonly formerKeys?: readonly KeyPair[] | undefined;
  /** The user's key of sudo, for owners whose accounts have one. */
  readonly sudoKey?: KeyPair | undefined;
}

/** A group in which a key has a role. */
export interface ListedGroup {
  readonly group: string;
  /** Sorted. */
  readonly roles: readonly string[];
}

/** The groups of an auth service, for their members. */
export class GroupsClient {
  readonly #place: AccountsPlace;

  /** @param place of the server that keeps them. */
  constructor(place: AccountsPlace) {
    this.#place = place;
  }

  /**
   * Create a group, with one owner.
   *
   * @param owner.account `name@domain` of the owner; absent: a key without an account, which the server's own machine alone may create a group by.
   * @throws AtedbError ACCOUNT_EXISTS, ACCOUNT_UNKNOWN, MEMBER_INVALID, SIGN_UP_CLOSED, ACCOUNT_LIMIT; CONNECTION_FAILED and others.
   */
  async create(
    name: string,
    owner: GroupSigner & { readonly account?: string | undefined },
    options: CallOptions = {},
  ): Promise<void> {
    const act = await creationAct(groupOf(name), owner);
    await (await this.#place.transport()).unary(AuthService.method.createGroup, { act }, options);
  }

  /**
   * Read a group, and open what a member's key opens of it. All of its acts are verified, and that they go on from what was
   * seen of it before, if anything was; else, that it is the group that one means, who its owners are says.
   *
   * @param options.formerKeys keys that the member had before.
   * @throws AtedbError GROUP_DENIED for a key without a role in it; VERIFICATION_FAILED; CONNECTION_FAILED, DEADLINE_EXCEEDED.
   */
  async open(
    name: string,
    key: KeyPair,
    { formerKeys = [], ...options }: CallOptions & Pick<GroupSigner, 'formerKeys'> = {},
  ): Promise<OpenedGroup> {
    const group = groupOf(name);
    const { acts, isUnverified } = await this.#actsOf(group, key, options);
    const state = await verified(group, acts);
    const { known } = await this.#place.server();
    await known.check(group.text, acts);
    await known.note(group.text, { version: state.version, hash: state.head });
    return { state, isUnverified, ...openGroup(state, acts, [key, ...formerKeys]) };
  }

  /** The groups in which a key has a role. @throws AtedbError CONNECTION_FAILED, DEADLINE_EXCEEDED. */
  async list(key: KeyPair, options: CallOptions = {}): Promise<readonly ListedGroup[]> {
    const transport = await this.#place.transport();
    using scope = new CallScope({ timeoutMs: timeoutDefaultMs, ...options });
    const talk = new Conversation(transport, AuthService.method.listGroups, scope.signal);
    try {
      talk.say({ message: { case: 'key', value: key.publicKey.toFields() } });
      const challenge = await talk.due('challenge');
      const value = await proofOf(transport, { key, challenge, exporter: talk.exporter });
      talk.say({ message: { case: 'proof', value } });
      talk.halfClose();
      const { groups } = await talk.due('groups');
      return groups.map(({ group, roles }) => ({ group, roles }));
    } finally {
      talk.cancel(undefined);
    }
  }

  /** What a user is as a member: with the key of sudo where that one is to sign. @throws AtedbError ACCOUNT_UNKNOWN. */
  async memberOf(account: string, role: string, options: CallOptions = {}): Promise<GroupMember> {
    return asMember(await this.#userOf(account, options), role);
  }

  async #userOf(account: string, options: CallOptions): Promise<UserState> {
    return (await readAccount(await this.#place.transport(), parseOwner(account), options)).state;
  }

  /** What a user is as an owner, where a group has the user as a member already. @throws AtedbError as `memberOf`, `checkIsMember`. */
  async #knownOwner(group: GroupState, account: string, options: CallOptions) {
    const user = await this.#userOf(account, options);
    checkIsMember(group, user);
    return asMember(user, 'owner');
  }

  /**
   * Give somebody a role, which a group of that name need not have yet.
   *
   * @throws AtedbError GROUP_DENIED, ACT_NOT_ALLOWED where the signer may not; VERSION_CONFLICT where somebody else was faster; MEMBER_INVALID,
   * GROUP_LIMIT; VERIFICATION_FAILED where the account isn't the one that the group knows by that name; CONNECTION_FAILED and others.
   */
  async add(
    name: string,
    role: string,
    member: GroupMember,
    signer: GroupSigner,
    options: CallOptions = {},
  ): Promise<void> {
    const opened = await this.#openAs(name, signer, options);
    const { account } = member;
    const isRenewed = renewal(opened.state, member).renewed.length > 0;
    const edits =
      isRenewed && account !== undefined
        ? renewal(opened.state, await this.#knownOwner(opened.state, account, options), role).edits
        : [{ role, added: [member] }];
    await this.#change(opened, edits, signer, options);
  }

  /**
   * Have a group know a user by the key that the user has now, in all roles that the user has under another one. What these open gets other keys,
   * so that who has the old one opens it no more. An owner does this, also for itself.
   *
   * @returns the roles; none where the group knows the user so already.
   * @throws AtedbError as `add`.
   */
  async renewMember(
    name: string,
    account: string,
    signer: GroupSigner,
    options: CallOptions = {},
  ): Promise<readonly string[]> {
    const opened = await this.#openAs(name, signer, options);
    const owner = await this.#knownOwner(opened.state, account, options);
    const { edits, renewed } = renewal(opened.state, owner);
    if (renewed.length > 0) await this.#change(opened, edits, signer, options);
    return renewed;
  }

  /**
   * Take a role from somebody. All roles that the member could open, and can't any more, get other keys in the same act.
   *
   * @param member the fingerprint of its key in hexadecimal, or `name@domain`.
   * @throws AtedbError as `add`; REQUEST_INVALID for one who hasn't the role.
   */
  async remove(
    name: string,
    role: string,
    member: string,
    signer: GroupSigner,
    options: CallOptions = {},
  ): Promise<void> {
    const opened = await this.#openAs(name, signer, options);
    const members = roleOf(opened.state, role).members.filter(
      ({ account, key }) => account === member || key.fingerprintHex === member.toLowerCase(),
    );
    if (members.length === 0) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `${member} has no role ${role} in the group ${name}`,
        {
          metadata: { field: 'member', account: name },
        },
      );
    }
    const removed = members.map(({ key }) => key.fingerprintHex);
    await this.#change(opened, [{ role, removed }], signer, options);
  }

  /** Change several roles at once. @throws AtedbError as `add`. */
  async edit(
    name: string,
    edits: readonly RoleEdit[],
    signer: GroupSigner,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#change(await this.#openAs(name, signer, options), edits, signer, options);
  }

  #openAs(name: string, { key, formerKeys }: GroupSigner, options: CallOptions) {
    return this.open(name, key, { ...options, formerKeys });
  }

  /** Have a delegated key count no more in any chain of a group. @param fingerprint of the key. @throws AtedbError as `add`. */
  async revokeDelegation(
    name: string,
    fingerprint: Buffer,
    signer: GroupSigner,
    options: CallOptions = {},
  ): Promise<void> {
    const { state } = await this.open(name, signer.key, options);
    const change = { kind: 'delegation_revocation', fingerprint } as const;
    await this.#submit(state, change, signer, options);
  }

  /** Remove a group, for good: its chains take nothing any more. @throws AtedbError as `add`. */
  async delete(name: string, signer: GroupSigner, options: CallOptions = {}): Promise<void> {
    const { state } = await this.open(name, signer.key, options);
    await this.#submit(state, { kind: 'group_removal' }, signer, options);
  }

  #change(
    { state, keys }: OpenedGroup,
    edits: readonly RoleEdit[],
    signer: GroupSigner,
    options: CallOptions,
  ): Promise<void> {
    return this.#submit(state, planChange(state, keys, edits), signer, options);
  }

  async #submit(
    state: GroupState,
    change: Change,
    signer: GroupSigner,
    options: CallOptions,
  ): Promise<void> {
    const act = await nextAct(state.account, state, change, [signingKey(state, signer)]);
    const answer = await (await this.#place.transport()).unary(
      AuthService.method.submitAct,
      { act },
      options,
    );
    fromBinary(SubmitActResponseSchema, answer);
  }

  async #actsOf(group: Owner, key: KeyPair, options: CallOptions) {
    const transport = await this.#place.transport();
    using scope = new CallScope({ timeoutMs: timeoutDefaultMs, ...options });
    const talk = new Conversation(transport, AuthService.method.getGroup, scope.signal);
    try {
      const about = { group: group.text, key: key.publicKey.toFields(), fromVersion: 0n };
      talk.say({ message: { case: 'about', value: about } });
      const challenge = await talk.due('challenge');
      const asked = { key, challenge, exporter: talk.exporter, group: group.text };
      talk.say({ message: { case: 'proof', value: await proofOf(transport, asked) } });
      talk.halfClose();
      const acts: Act[] = [];
      let bytes = 0;
      for (;;) {
        const page = await talk.due('acts');
        bytes += page.acts.reduce((sum, act) => sum + act.length, 0);
        // No group has more, and what a server makes up isn't kept.
        if (bytes > actsBytesMax) throw untrueActs(group, undefined);
        for (const act of page.acts) acts.push(readAct(act));
        if (BigInt(acts.length) >= page.actsInAll) return { acts, isUnverified: page.unverified };
        if (page.acts.length === 0 || acts.length > actsMax) throw untrueActs(group, undefined);
      }
    } finally {
      talk.cancel(undefined);
    }
  }
}

function asMember({ account, key, sudoKey }: UserState, role: string): GroupMember {
  return { account: account.text, key, sudoKey: role === 'owner' ? sudoKey : undefined };
}

/** The act that creates a group: also what a name is claimed with. */
export function creationAct(
  account: Owner,
  { account: user, key, sudoKey }: GroupSigner & { readonly account?: string | undefined },
): Promise<Buffer> {
  const owner = { account: user, key: key.publicKey, sudoKey: sudoKey?.publicKey };
  const change = planCreation(account, groupRoles, owner);
  return nextAct(account, undefined, change, [sudoKey ?? key]);
}

/** What a signer signs acts of a group with: an owner the key of sudo, if there is one. */
function signingKey(state: GroupState, { key, formerKeys = [], sudoKey }: GroupSigner): KeyPair {
  const own = [key, ...formerKeys].map(({ publicKey }) => publicKey);
  const owner = roleOf(state, 'owner').members.find((member) =>
    own.some(({ fingerprint }) => fingerprint.equals(member.key.fingerprint)),
  );
  if (owner?.sudoKey === undefined) return key;
  if (sudoKey !== undefined) return sudoKey;
  throw new AtedbError(
    'ACT_NOT_ALLOWED',
    `owners of the group ${state.account.text} who have a password sign with the key of sudo: say so, and the password and the second factor are asked for`,
    { metadata: { account: state.account.text } },
  );
}

/** The proof of a key, for the server that asks. @throws AtedbError VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH. */
async function proofOf(
  transport: Transport,
  asked: {
    readonly key: KeyPair;
    readonly challenge: GroupChallenge;
    readonly exporter: Buffer | undefined;
    readonly group?: string;
  },
) {
  const { key, challenge, exporter, group } = asked;
  const { conversationId, serverIdentity, identityRotations } = challenge;
  if (conversationId.length !== hashBytes || serverIdentity === undefined) {
    throw untrue('challenge');
  }
  const rotations = identityRotations.map((one) =>
    Buffer.from(toBinary(IdentityRotationSchema, one)),
  );
  const line = await verifyIdentityLine(PublicKey.fromFields(serverIdentity), rotations);
  transport.checkProven(line.identity);
  const { suite, fingerprint } = key.publicKey;
  const bytes = groupProofBytes({
    ...{ exporter, fingerprint, group, serverFingerprint: line.identity.fingerprint },
    conversationId: Buffer.from(conversationId),
  });
  const signature = await key.sign(signatureContexts.group, bytes);
  return { signature: { suite, fingerprint, signature } };
}

async function verified(group: Owner, acts: readonly Act[]): Promise<GroupState> {
  let state: AccountState | undefined;
  try {
    for (const act of acts) {
      if (act.account.text !== group.text) throw new Error('an act is of another account');
      state = await verifyAct(state, act);
    }
  } catch (cause) {
    throw untrueActs(group, cause);
  }
  if (state?.kind === 'group') return state;
  throw untrueActs(group, undefined);
}

function readAct(bytes: Uint8Array): Act {
  try {
    return parseAct(bytes);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw untrue('acts');
  }
}

function groupOf(name: string): Owner {
  const owner = parseOwner(name);
  if (owner.kind === 'group') return owner;
  throw new AtedbError('REQUEST_INVALID', `${name} is a user; a group's name has no "@"`, {
    metadata: { field: 'group', account: name },
  });
}

function untrueActs({ text }: Owner, cause: unknown): AtedbError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server shows as the acts of the group ${text} is no group's line${why}`,
    { metadata: { account: text }, cause },
  );
}
