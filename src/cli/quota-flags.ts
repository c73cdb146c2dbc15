import { AtedbError } from '../bytes/index.ts';
import type { QuotaSettings } from '../chain/index.ts';
import { parseOwner } from '../event/index.ts';
import { UsageError } from './errors.ts';
import { parseInteger } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type ParsedArguments,
  readFlag,
  readFlagValues,
} from './flags.ts';

const mebibyte = 1024 * 1024;
/** A pebibyte: more than a log can have. */
const parseMiB = parseInteger('a number of MiB', 0, 1024 ** 3);

/** The flags that say how much chains and owners may have on a server. */
export const quotaFlags = {
  quotaChain: {
    name: 'quota-chain',
    describe:
      'MiB that the log of each chain may take: beyond it, nothing is appended but what makes room; 0 for no such limit',
    defaultText: '0',
    kind: 'value',
    parse: parseMiB,
  },
  quotaOwner: {
    name: 'quota-owner',
    describe:
      'MiB that the logs of all chains of one owner may take together, where an auth service says who that is; 0 for no such limit',
    defaultText: '0',
    kind: 'value',
    parse: parseMiB,
  },
  quotaOf: {
    name: 'quota-of',
    describe:
      'OWNER=MIB: the same for one owner, as me@example.com=2048 or team=0, in place of --quota-owner; may be given several times',
    kind: 'values',
    parse: parseOwnerQuota,
  },
} satisfies Record<string, Flag<unknown>>;

function parseOwnerQuota(text: string): readonly [owner: string, bytes: number] {
  const at = text.lastIndexOf('=');
  if (at < 0) {
    throw new UsageError(
      `${JSON.stringify(text)} is no quota of an owner: OWNER=MIB, as me@example.com=2048`,
    );
  }
  return [ownerIn(text.slice(0, at)), parseMiB(text.slice(at + 1)) * mebibyte];
}

function ownerIn(text: string): string {
  try {
    return parseOwner(text).text;
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(error.message);
    throw error;
  }
}

/** What the flags say of quotas. @throws UsageError for wrong ones, and for two of one owner. */
export function readQuotaFlags(parsed: ParsedArguments, environment: Environment): QuotaSettings {
  const bytesOf = (flag: Flag<number>) =>
    (readFlag(flag, parsed, environment)?.value ?? 0) * mebibyte;
  const ownerBytesOf = new Map<string, number>();
  for (const { value, source } of readFlagValues(quotaFlags.quotaOf, parsed, environment)) {
    const [owner, bytes] = value;
    if (ownerBytesOf.has(owner)) throw new UsageError(`${source} names ${owner} twice`);
    ownerBytesOf.set(owner, bytes);
  }
  return {
    chainBytes: bytesOf(quotaFlags.quotaChain),
    ownerBytes: bytesOf(quotaFlags.quotaOwner),
    ownerBytesOf,
  };
}
