import { AtedbError } from '../bytes/index.ts';
import { hashBytes, PublicKey } from '../crypto/index.ts';
import type {
  AddRule,
  EventAuthority,
  ReadRule,
  Redaction,
  RetentionRule,
  Snapshot,
  WrappedKey,
  WriteRule,
} from '../event/index.ts';

/** A key: itself, or its fingerprint, 32 bytes. One that is given itself is shown to the chain, which then knows it. */
export type NamedKey = PublicKey | Buffer;

/** Who may add children to an object: everyone, nobody besides those who may write it, or some keys. */
export type AddRuleInput = 'everyone' | 'nobody' | readonly NamedKey[];

/** Who may write an object: everyone, nobody for ever, whoever may write its parent, or some keys. */
export type WriteRuleInput = AddRuleInput | 'inherit';

/** What an event says of rights and keys. */
export interface AuthorityInput {
  /** Who may write the object from now on, change its rules and remove it, and its children that inherit. Default: as it is. */
  readonly write?: WriteRuleInput | undefined;
  /** Who may besides add children to the object. Default: as it is. */
  readonly add?: AddRuleInput | undefined;
  /** Whether the data is in clear, as the parent's, or sealed with a read key, by its id of 32 bytes. Default: as it is. */
  readonly read?: 'everyone' | 'inherit' | Buffer | undefined;
  /**
   * Without an object, in a private chain: who may open it besides its roots and the keys that rules of the root of the chain name; all of
   * them, at most 1,024. Default: as it is.
   */
  readonly admit?: readonly NamedKey[] | undefined;
  /**
   * Without an object: for how long the chain's data is kept, by age or by count, at least 1 each; `{}` keeps everything. What is older, or not
   * among the newest so many events, the server may drop; see docs/trust.md. Default: as it is.
   */
  readonly retain?: RetentionRule | undefined;
  /** Read keys for readers, each sealed for its reader. */
  readonly wrappedKeys?: readonly WrappedKey[] | undefined;
  /** Whether the object comes from another parent, or from the root of the chain, to the one that the event names. */
  readonly moves?: boolean | undefined;
  /** The key whose owner the event is from: it signs the batch too. Default: the writer's. */
  readonly author?: NamedKey | undefined;
  /** Keys that the chain is to know besides. */
  readonly publicKeys?: readonly PublicKey[] | undefined;
  /** With `kind` roots: the keys that own the chain from now on. More than half of those before sign the batch. */
  readonly roots?: readonly PublicKey[] | undefined;
  /** With `kind` key_change: a key that counts no more, and the one that has its place in every rule. */
  readonly keyChange?:
    | { readonly key: NamedKey; readonly successor?: PublicKey | undefined }
    | undefined;
  /** With `kind` redaction: which earlier events of the object are to lose their data, for good. */
  readonly redaction?: Redaction | undefined;
  /** With `kind` snapshot: what may be gone from now on. */
  readonly snapshot?: Snapshot | undefined;
}

/**
 * What an event says of rights and keys, as it is stored; undefined where it says nothing.
 *
 * @param signWith fingerprints of keys that the right comes from, besides the writer's.
 */
export function authorityOf(
  input: AuthorityInput,
  signWith: readonly Buffer[],
  label: Buffer | undefined,
): EventAuthority | undefined {
  const { write, add, read, admit, wrappedKeys, moves, author, roots, keyChange } = input;
  const { redaction, retain, snapshot } = input;
  const publicKeys = shownKeys(input);
  const says = [
    write,
    add,
    read,
    admit,
    retain,
    wrappedKeys,
    author,
    roots,
    keyChange,
    label,
    redaction,
    snapshot,
  ].some((part) => part !== undefined);
  if (!says && moves !== true && signWith.length === 0 && publicKeys.length === 0) return undefined;
  const hasRules = [write, add, read, admit, retain].some((rule) => rule !== undefined);
  return {
    authorisation: hasRules
      ? {
          write: ruleOf(write),
          add: ruleOf(add) as AddRule,
          read: readRuleOf(read),
          admit: admit && sorted(admit.map(fingerprintOf)),
          retain: retain && checkedRetention(retain),
        }
      : undefined,
    wrappedKeys,
    publicKeys,
    signWith: sorted(signWith),
    author: author && fingerprintOf(author),
    moves,
    roots: roots && [...roots].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint)),
    keyChange: keyChange && {
      fingerprint: fingerprintOf(keyChange.key),
      successor: keyChange.successor,
    },
    label,
    redaction,
    snapshot,
  };
}

/** Whether an event changes what anybody may do, or which keys are known: such batches are signed in every chain. */
export function bearsAuthority(input: AuthorityInput): boolean {
  const { write, add, read, admit, wrappedKeys, moves, roots, keyChange, redaction } = input;
  const said = [write, add, read, admit, input.retain, wrappedKeys, roots, keyChange, redaction];
  const changes = [...said, input.snapshot].some((part) => part !== undefined);
  return changes || moves === true || shownKeys(input).length > 0;
}

function checkedRetention(rule: RetentionRule): RetentionRule {
  const { ageMs, count } = rule;
  for (const [name, value] of Object.entries({ ageMs, count })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw invalid(`retain.${name} is ${value}, and must be a whole number from 1 on`);
  }
  return { ageMs, count };
}

function shownKeys({ write, add, author, publicKeys = [] }: AuthorityInput): PublicKey[] {
  const named = [write, add].flatMap((rule) => (isKeys(rule) ? rule : []));
  const all = [...publicKeys, ...named, ...(author === undefined ? [] : [author])];
  const shown = all.filter((key): key is PublicKey => key instanceof PublicKey);
  return [...new Map(shown.map((key) => [key.fingerprintHex, key])).values()];
}

function ruleOf(rule: WriteRuleInput | undefined): WriteRule | undefined {
  if (rule === undefined) return undefined;
  if (!isKeys(rule)) return { kind: rule };
  if (rule.length === 0) throw invalid('a rule names no key; say "nobody" if that is meant');
  return { kind: 'any_of', fingerprints: sorted(rule.map(fingerprintOf)) };
}

/** A rule for reading as events have it. */
export function readRuleOf(rule: AuthorityInput['read']): ReadRule | undefined {
  if (rule === undefined) return undefined;
  return typeof rule === 'string' ? { kind: rule } : { kind: 'read_key', readKeyId: rule };
}

function isKeys(rule: WriteRuleInput | undefined): rule is readonly NamedKey[] {
  return Array.isArray(rule);
}

function fingerprintOf(key: NamedKey): Buffer {
  if (key instanceof PublicKey) return key.fingerprint;
  if (key.length === hashBytes) return key;
  throw invalid(`a fingerprint is ${hashBytes} bytes, and this has ${key.length}`);
}

/** Sorted, once each. */
function sorted(fingerprints: readonly Buffer[]): Buffer[] {
  return [...new Set(fingerprints.map((one) => one.toString('hex')))]
    .sort()
    .map((hex) => Buffer.from(hex, 'hex'));
}

function invalid(why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', why, { metadata: { field: 'rules' } });
}
