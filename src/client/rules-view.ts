import type { PublicKey } from '../crypto/index.ts';
import type { RetentionRule } from '../event/index.ts';
import type { Authority, HeldRule } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { RangeContext } from './range-context.ts';
import { primaryKeyOf, type SharedObject } from './sharing.ts';
import type { WrappedKeys } from './wrapped-keys.ts';

/** A key that a rule names. */
export interface RuleKey {
  /** 32 bytes. */
  readonly fingerprint: Buffer;
  /** Undefined: nobody has shown it in the chain. */
  readonly publicKey: PublicKey | undefined;
  /** Fingerprint of the key that counts in its place: itself, its successor, or undefined where it was revoked. */
  readonly current: Buffer | undefined;
}

/** Whom a rule allows. */
export type AllowedKeys =
  | { readonly kind: 'roots' | 'everyone' | 'nobody' }
  | { readonly kind: 'keys'; readonly keys: readonly RuleKey[] };

/** Who reads an object. */
export type AllowedReaders =
  /** It is in clear. */
  | { readonly kind: 'everyone' }
  /** The chain is confidential, and no rule names a read key yet, so that nothing can be written. */
  | { readonly kind: 'nothing yet' }
  /** Sealed with this read key, of 32 bytes, which these keys were given. */
  | { readonly kind: 'sealed'; readonly readKeyId: Buffer; readonly readers: readonly RuleKey[] };

/** The rules that count for an object, its own and those from above. */
export interface ObjectRules {
  /** 16 bytes. Undefined: the root of the chain. */
  readonly primaryKey: Buffer | undefined;
  /** 16 bytes. Undefined: it is at the root of the chain, or is that. */
  readonly parent: Buffer | undefined;
  readonly write: AllowedKeys;
  /** The object that has the rule: 16 bytes; undefined: the root of the chain. */
  readonly writeAt: Buffer | undefined;
  /** Who may besides add children to it. */
  readonly add: AllowedKeys;
  readonly read: AllowedReaders;
  /** The object that has the rule: 16 bytes; undefined: the root of the chain. */
  readonly readAt: Buffer | undefined;
}

/** Who may do what in a chain, as this client has verified it from its first event on. */
export interface RulesView {
  /** What was appended at this sequence or later has not been looked at. */
  readonly sequence: number;
  /** Whether data is sealed unless a rule says otherwise, for good. */
  readonly isConfidential: boolean;
  /** Whether only who is named by these rules, or let in besides, can open the chain. */
  readonly isPrivate: boolean;
  /** Who is let in besides roots and those whom rules of the root of the chain name. */
  readonly admitted: readonly RuleKey[];
  /** For how long data is kept; undefined: for ever. */
  readonly retention: RetentionRule | undefined;
  readonly roots: readonly PublicKey[];
  /** Those of the object that was asked for; without one, of the root of the chain. */
  readonly object: ObjectRules;
  /** Objects that have rules of their own, by primary key. */
  readonly objects: readonly ObjectRules[];
  /** Keys that count no more. */
  readonly changedKeys: readonly RuleKey[];
  /** All public keys that the chain knows. To be known gives a key no right. */
  readonly knownKeys: readonly PublicKey[];
}

/** Verify a chain up to its end, and tell who may do what in it. @throws AtedbError as reading does. */
export async function viewRules(
  context: RangeContext,
  object: SharedObject,
  options: CallOptions,
): Promise<RulesView> {
  const { genesis, verified } = context;
  await context.reach(undefined, options);
  const authority = verified.authority(genesis);
  const { keys, nodes, isConfidential, isPrivate } = authority.record();
  const rulesOf = (primaryKey: Buffer | undefined, parent?: Buffer | undefined) =>
    objectRules(authority, verified.wrapped, primaryKey, parent);
  const ruled = nodes.filter(({ rules: { write, add, read } }) =>
    [write, add, read].some((rule) => rule !== undefined),
  );
  const keyOf = keyFinder(authority);
  return {
    sequence: verified.place?.sequence ?? 0,
    isConfidential,
    isPrivate,
    admitted: authority.admitted.map((one) => keyOf(one.toString('hex'))),
    retention: authority.retention,
    roots: keys.roots,
    object: rulesOf(primaryKeyOf(object), object.parent),
    objects: ruled.map(({ key }) => rulesOf(key)).sort(byPrimaryKey),
    changedKeys: keys.changed.map(([fingerprint]) => keyOf(fingerprint)),
    knownKeys: [...keys.roots, ...keys.others],
  };
}

function objectRules(
  authority: Authority,
  wrapped: WrappedKeys,
  primaryKey: Buffer | undefined,
  parent: Buffer | undefined,
): ObjectRules {
  const rules = authority.rulesFor(primaryKey, parent);
  const keyOf = keyFinder(authority);
  const { read, writeAt, readAt } = rules;
  const allowed = (rule: HeldRule): AllowedKeys =>
    rule.kind === 'any_of'
      ? { kind: 'keys', keys: rule.fingerprints.map(keyOf) }
      : { kind: rule.kind };
  return {
    primaryKey,
    parent: rules.parent,
    write: rules.write === undefined ? { kind: 'roots' } : allowed(rules.write),
    writeAt,
    add: rules.add === undefined ? { kind: 'nobody' } : allowed(rules.add),
    read:
      read?.kind === 'read_key'
        ? {
            kind: 'sealed',
            readKeyId: read.readKeyId,
            readers: wrapped.holdersOf(read.readKeyId).map((one) => keyOf(one.toString('hex'))),
          }
        : { kind: read === undefined ? 'nothing yet' : 'everyone' },
    readAt,
  };
}

function keyFinder({ keys }: Authority): (fingerprint: string) => RuleKey {
  return (fingerprint) => {
    const current = keys.currentOf(fingerprint);
    return {
      fingerprint: Buffer.from(fingerprint, 'hex'),
      publicKey: keys.find(fingerprint),
      current: current === undefined ? undefined : Buffer.from(current, 'hex'),
    };
  };
}

function byPrimaryKey(a: ObjectRules, b: ObjectRules): number {
  return Buffer.compare(a.primaryKey as Buffer, b.primaryKey as Buffer);
}
