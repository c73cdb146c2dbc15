import type { KeyBits } from '../client/index.ts';
import { UsageError } from './errors.ts';
import { parseChoice, parseSwitch } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  isOnCommandLine,
  type ParsedArguments,
  readFlag,
} from './flags.ts';

/** The flags of wire encryption that stand with every command. */
export const wireFlags = {
  wireEncryption: {
    name: 'wire-encryption',
    describe:
      'Encrypt connections with keys of at least 128, 192 or 256 bits: of a server, what it requires; of other commands, what they ' +
      'insist on',
    defaultText:
      'a server: 128 when centralized, none when distributed; other commands: what the server requires',
    kind: 'value',
    parse: parseChoice(['128', '192', '256']),
  },
  noWireEncryption: {
    name: 'no-wire-encryption',
    describe:
      'Of a server: require no encryption; --wire-encryption counts before it. Has no effect on other commands: see --plain',
    kind: 'switch',
    parse: parseSwitch,
  },
} satisfies Record<string, Flag<unknown>>;

/** Insists on no encryption; of the commands that speak to a server. */
export const plainFlag = {
  name: 'plain',
  describe: 'Speak to the server without wire encryption, or not at all; says so each time',
  kind: 'switch',
  parse: parseSwitch,
} satisfies Flag<boolean>;

/** What a command insists on; `auto`: what the server requires. */
export type ClientEncryption = 'auto' | 'plain' | KeyBits;

/**
 * What a server requires: what `--wire-encryption` says, else nothing with `--no-wire-encryption`, else 128 bits where its chains are
 * centralized, and nothing where they are distributed.
 *
 * @returns undefined: no encryption.
 * @throws UsageError as `readFlag`.
 */
export function readServerEncryption(
  parsed: ParsedArguments,
  environment: Environment,
  trustMode: 'centralized' | 'distributed',
): KeyBits | undefined {
  const asked = readFlag(wireFlags.wireEncryption, parsed, environment);
  if (asked !== undefined) return keyBitsOf(asked);
  const off = readFlag(wireFlags.noWireEncryption, parsed, environment);
  return off?.value === true || trustMode === 'distributed' ? undefined : 128;
}

/**
 * What a command insists on. Of `--plain` and `--wire-encryption`, one that is typed counts before one in a variable.
 *
 * @throws UsageError as `readFlag`; where both are typed, or both are in variables.
 */
export function readClientEncryption(
  parsed: ParsedArguments,
  environment: Environment = process.env,
): ClientEncryption {
  const asked = readFlag(wireFlags.wireEncryption, parsed, environment);
  const plain = readFlag(plainFlag, parsed, environment);
  if (plain?.value !== true) return asked === undefined ? 'auto' : keyBitsOf(asked);
  if (asked === undefined) return 'plain';
  const isAskedTyped = isOnCommandLine(asked);
  if (isAskedTyped !== isOnCommandLine(plain)) return isAskedTyped ? keyBitsOf(asked) : 'plain';
  throw new UsageError(`${asked.source} and ${plain.source} contradict each other; leave one out`);
}

function keyBitsOf({ value }: Given<string>): KeyBits {
  return Number(value) as KeyBits;
}
