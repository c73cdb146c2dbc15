import type { OwnerAccounts, OwnerKeys, RetiredKey } from '../../src/auth/index.ts';
import type { PublicKey } from '../../src/crypto/index.ts';

/** What an account of a test has; all that is left out is empty. */
export interface TestAccount {
  readonly roots: readonly PublicKey[];
  readonly writers?: readonly PublicKey[];
  readonly admitted?: readonly Buffer[];
  readonly isUnverified?: boolean;
  readonly isRemoved?: boolean;
  /** Keys that count no more from this change on, with what has their place. */
  readonly retires?: readonly (readonly [key: PublicKey, successor: PublicKey | undefined])[];
}

/** Accounts in memory: as an auth service keeps them, without acts and without a disk. */
export class MemoryOwners implements OwnerAccounts {
  readonly #accounts = new Map<string, { keys: OwnerKeys; retired: RetiredKey[] }>();
  readonly #listeners = new Set<(owner: string) => void>();
  /** How often owners were asked about, in order. */
  readonly asked: string[] = [];
  /** What a claim does; by default there are none. */
  onClaim: (act: Buffer) => Promise<string> = async () => {
    throw new Error('this test has no claims');
  };

  /** Create an account, or change it: its version rises by one. */
  set(owner: string, account: TestAccount): void {
    const before = this.#accounts.get(owner);
    const version = before === undefined ? 0 : before.keys.version + 1;
    const retired = [...(before?.retired ?? [])];
    for (const [key, successor] of account.retires ?? []) {
      const named = { fingerprint: key.fingerprint, successor: successor?.fingerprint };
      retired.forEach((one, index) => {
        if (!one.successor?.equals(key.fingerprint)) return;
        retired[index] = { ...one, version, successor: named.successor };
      });
      retired.push({ version, ...named });
    }
    const { roots, writers = [], admitted = [] } = account;
    const { isUnverified = false, isRemoved = false } = account;
    const keys = { version, roots, writers, admitted, changed: [], isUnverified, isRemoved };
    this.#accounts.set(owner, { keys, retired });
    for (const listener of this.#listeners) listener(owner);
  }

  /** Lose an account, as a service does that was restored from before it. */
  forget(owner: string): void {
    this.#accounts.delete(owner);
  }

  async ownerKeys(owner: string, sinceVersion?: number): Promise<OwnerKeys | undefined> {
    this.asked.push(owner);
    const account = this.#accounts.get(owner);
    if (account === undefined) return undefined;
    const changed = account.retired.filter(
      ({ version }) => sinceVersion !== undefined && version > sinceVersion,
    );
    return { ...account.keys, changed };
  }

  onChange(changed: (owner: string) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  claim(act: Buffer): Promise<string> {
    return this.onClaim(act);
  }
}
