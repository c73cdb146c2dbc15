import { roleOf } from '../account/index.ts';
import { AtedbError, type Reason } from '../bytes/index.ts';
import type { KeyPair, PublicKey } from '../crypto/index.ts';
import type { GroupsClient } from './groups.ts';
import type { OnNotice } from './notice.ts';
import { highestRole, type OpenedGroup } from './opened-group.ts';

/** What the keys of a group's chain are found with. */
export interface GroupKeysOptions {
  readonly groups: GroupsClient;
  /** Name of the group. */
  readonly name: string;
  /** The user's own key to write with; and those that are there to read with: that one first, then those that the user had before. */
  readonly loadKey: () => Promise<KeyPair>;
  readonly loadReadKeys: () => Promise<readonly KeyPair[]>;
  /** Has the name of the group claimed by a key, where nobody has it; absent: it isn't claimed. */
  readonly claim?: ((key: KeyPair) => Promise<void>) | undefined;
  readonly onNotice: OnNotice;
}

/** The server keeps no groups, or says nothing of them on this way; or the user has no role: the user's own key is used. */
const noGroupReasons: ReadonlySet<Reason> = new Set([
  'GROUP_DENIED',
  'UNSUPPORTED',
  'AUTH_LINK_UNSAFE',
  'WIRE_MISSING',
]);

/** The server has no auth service, or lets nobody claim names on this way. */
const noClaimReasons: ReadonlySet<Reason> = new Set([
  'UNSUPPORTED',
  'CLAIM_NOT_ALLOWED',
  'AUTH_LINK_UNSAFE',
]);
/** The keys that a group's roles have now, for whoever looks after the readers of its chains. */
export interface RoleKeysNow {
  /** Of the group's last act. */
  readonly version: number;
  /** @returns the key that has the place of one that a role had; undefined: no role had this one, or still has it. */
  successorOf(fingerprint: string): PublicKey | undefined;
}

/** Roles whose members own the group's chains, and so say who reads them. */
const ownerRoles: ReadonlySet<string> = new Set(['owner', 'delegate']);

/** A group is asked for again when what is known of it is older than this. */
const freshMs = 60_000;

/** The keys by which a member of a group uses its chains: that of the highest role that the member has. */
export class GroupKeys {
  readonly #options: GroupKeysOptions;
  #opened: Promise<OpenedGroup | undefined> | undefined;
  /** As it was last heard of: what the member writes with stays the key that the chain was opened with. */
  #newest: OpenedGroup | undefined;
  #askedAt = 0;
  /** The auth server that keeps the group, as the server says, and that nobody has named; undefined: none, or it was told. */
  #elsewhere: string | undefined;

  constructor(options: GroupKeysOptions) {
    this.#options = options;
  }

  /** The key to write with. @throws AtedbError as `GroupsClient.open`. */
  async loadKey(): Promise<KeyPair> {
    const own = await this.#options.loadKey();
    const { claim } = this.#options;
    const group = await this.#open(own);
    this.#tellElsewhere();
    if (group !== undefined || claim === undefined) return keyOf(group) ?? own;
    try {
      await claim(own);
    } catch (error) {
      // What is opened then says what is the matter, if anything is: without an auth service whoever comes first owns the chain.
      if (error instanceof AtedbError && noClaimReasons.has(error.reason)) return own;
      throw error;
    }
    this.#opened = undefined;
    return keyOf(await this.#open(own)) ?? own;
  }

  /** The user's own key, where another one is written with: events say whose they are by it. */
  async loadAuthor(): Promise<KeyPair | undefined> {
    const own = await this.#options.loadKey();
    return (await this.loadKey()) === own ? undefined : own;
  }

  /** Keys that read keys may have been handed out to: the highest role's first, then all others, also those that roles had before. */
  async loadReadKeys(): Promise<readonly KeyPair[]> {
    const own = await this.#options.loadReadKeys();
    const [first] = own;
    const group = first && (await this.#open(first));
    if (group === undefined) return own;
    const highest = keyOf(group);
    const roles = highest === undefined ? [] : [highest];
    return [...new Set([...roles, ...group.keys.values(), ...group.retired, ...own])];
  }

  /**
   * What the roles' keys are, for an owner or a delegate; undefined for others. It is what was heard last: when that is a minute ago, the
   * server is asked again meanwhile, for the call after.
   */
  async loadRoleKeys(): Promise<RoleKeysNow | undefined> {
    const own = await this.#options.loadKey();
    const opened = await this.#open(own);
    const group = this.#newest ?? opened;
    const role = opened && highestRole(opened)?.role;
    if (group === undefined || role === undefined || !ownerRoles.has(role)) return undefined;
    if (performance.now() - this.#askedAt > freshMs) {
      this.#askedAt = performance.now();
      // Where it can't be had, what is known goes on to count, and it is asked for again later.
      this.#ask(own).catch(() => undefined);
    }
    const { version, changed } = group.state;
    return {
      version,
      successorOf: (fingerprint) => {
        const roleName = changed.find(
          (one) => one.fingerprint.toString('hex') === fingerprint,
        )?.roleName;
        return roleName === undefined ? undefined : roleOf(group.state, roleName).key;
      },
    };
  }

  /** Whoever wants to write with a role's key learns why it isn't, before the chain refuses the user's own. */
  #tellElsewhere(): void {
    const authServer = this.#elsewhere;
    if (authServer === undefined) return;
    this.#elsewhere = undefined;
    const { name, onNotice } = this.#options;
    const message = `who is in the group ${name} is known to ${authServer}, which was not asked: your own key is used. To act as a member, log in there, or name it (atedb: --auth; in code: auth)`;
    onNotice({ kind: 'group-elsewhere', group: name, authServer, message });
  }

  #open(own: KeyPair): Promise<OpenedGroup | undefined> {
    this.#opened ??= this.#ask(own).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #ask(own: KeyPair): Promise<OpenedGroup | undefined> {
    const { groups, name, loadReadKeys } = this.#options;
    this.#askedAt = performance.now();
    try {
      const formerKeys = (await loadReadKeys()).filter((key) => key !== own);
      const opened = await groups.open(name, own, { formerKeys });
      this.#newest = opened;
      return opened;
    } catch (error) {
      if (!(error instanceof AtedbError && noGroupReasons.has(error.reason))) throw error;
      this.#elsewhere = error.metadata.auth_server;
      return undefined;
    }
  }
}

function keyOf(group: OpenedGroup | undefined): KeyPair | undefined {
  return group && highestRole(group)?.key;
}
