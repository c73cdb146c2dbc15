import { AtedbError } from '../bytes/index.ts';
import type { KeyBits } from '../client/index.ts';
import { parseAuthAddress, type ServerAddress } from '../event/index.ts';
import { type DnsSettings, dnsFlags, readDnsFlags } from './dns-flags.ts';
import { NotBuiltYetError, UsageError } from './errors.ts';
import { parseChoice, parseInteger, parseSwitch, parseText } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  isOnCommandLine,
  type ParsedArguments,
  readFlag,
} from './flags.ts';
import type { TlsSettings } from './tls-flags.ts';
import { tokenFlag } from './token-flag.ts';
import { readServerEncryption, wireFlags } from './wire-flags.ts';

/** The flags that may stand with every command. */
export const globalFlags = {
  verbose: {
    name: 'verbose',
    aliases: ['v'],
    describe: 'Log more: -v warnings, -vv information, -vvv details, -vvvv everything',
    defaultText: 'what RUST_LOG says, else information',
    kind: 'count',
    parse: parseInteger('a level of verbosity', 0, 9),
  },
  debug: {
    name: 'debug',
    aliases: ['d'],
    describe: 'Log details, as -vvv does',
    kind: 'switch',
    parse: parseSwitch,
  },
  auth: {
    name: 'auth',
    aliases: ['a'],
    describe:
      'Address of the auth server that says who owns chains, as ate://auth.example.com or ws://localhost:5001/auth; the port is 5001 unless named',
    defaultText: 'this server itself',
    kind: 'value',
    parse: parseAuthServer,
  },
  authTls: {
    name: 'auth-tls',
    describe:
      'Speak TLS to the server that --auth names, within which it is spoken to through the encrypted tunnel as always',
    defaultText: 'on where --auth-tls-ca is given',
    kind: 'switch',
    parse: parseSwitch,
  },
  authTlsCa: {
    name: 'auth-tls-ca',
    describe: 'File of the authorities that it is to be trusted by, in PEM form',
    defaultText: 'those that this machine trusts',
    kind: 'value',
    parse: parseText,
  },
  noAuth: {
    name: 'no-auth',
    describe: 'Ask no auth server: whoever creates a chain owns it, first come, first served',
    kind: 'switch',
    parse: parseSwitch,
  },
  ...wireFlags,
  trust: {
    name: 'trust',
    aliases: ['t'],
    describe:
      'Trust mode of the chains that a server creates: centralized or distributed; for other commands, the ' +
      'mode that the chain must have',
    defaultText: 'centralized',
    kind: 'value',
    parse: parseChoice(['centralized', 'distributed']),
  },
  passphraseFile: {
    name: 'passphrase-file',
    describe:
      'File with the passphrase of a key that is sealed with one, for where nobody can be asked',
    defaultText: 'the terminal is asked',
    kind: 'value',
    parse: parseText,
  },
  token: tokenFlag,
  ...dnsFlags,
} satisfies Record<string, Flag<unknown>>;

/** Who says whose keys count in chains that a server creates: an auth server elsewhere, the server itself, or nobody. */
export type AuthChoice =
  | {
      readonly kind: 'remote';
      readonly address: ServerAddress;
      /** Undefined: without TLS. */
      readonly tls: TlsSettings | undefined;
    }
  | { readonly kind: 'embedded' }
  | { readonly kind: 'none' };

/** What the global flags say. */
export interface GlobalSettings {
  trustMode: 'centralized' | 'distributed';
  /** What a server requires, in bits; undefined: no encryption. */
  wireEncryption: KeyBits | undefined;
  /** How names of servers are resolved; undefined: as the system does. */
  dns: DnsSettings | undefined;
  /** How often -v was given. */
  verbosity: number;
  debug: boolean;
  /** Who says whose keys count in chains that a server creates. */
  auth: AuthChoice;
}

/**
 * Read the global flags. Every text is checked, whether or not what it asks for is built.
 * @throws UsageError for wrong or contradictory flags; NotBuiltYetError for those whose capability isn't there.
 */
export function readGlobalFlags(parsed: ParsedArguments, environment: Environment): GlobalSettings {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  const verbosity = read(globalFlags.verbose)?.value ?? 0;
  const debug = read(globalFlags.debug)?.value ?? false;
  const trustMode = read(globalFlags.trust)?.value ?? 'centralized';
  const [auth, noAuth] = settleContraries(read(globalFlags.auth), read(globalFlags.noAuth));
  const wireEncryption = readServerEncryption(parsed, environment, trustMode);
  const dns = readDnsFlags(parsed, environment);

  return {
    ...{ trustMode, wireEncryption, dns, verbosity, debug },
    auth: authChoice(trustMode, { address: auth?.value, tls: readAuthTls(read, auth) }, noAuth),
  };
}

/** In distributed mode no auth server is asked, and the flags have no effect: so says the manual. */
function authChoice(
  trustMode: GlobalSettings['trustMode'],
  {
    address,
    tls,
  }: { readonly address: ServerAddress | undefined; readonly tls: TlsSettings | undefined },
  isOff: boolean,
): AuthChoice {
  if (trustMode === 'distributed' || isOff) return { kind: 'none' };
  return address === undefined ? { kind: 'embedded' } : { kind: 'remote', address, tls };
}

/** How TLS is spoken to the auth server; undefined: not at all. @throws UsageError for flags without the one that names it. */
function readAuthTls(
  read: <T>(flag: Flag<T>) => Given<T> | undefined,
  auth: Given<ServerAddress> | undefined,
): TlsSettings | undefined {
  const [tls, ca] = [read(globalFlags.authTls), read(globalFlags.authTlsCa)];
  const given = ca ?? (tls?.value === true ? tls : undefined);
  if (given === undefined || tls?.value === false) return undefined;
  // In a variable it waits for a command that is told of one.
  if (auth === undefined && isOnCommandLine(given)) {
    throw new UsageError(`${given.source} is about --auth, which is not given; give both`);
  }
  return { caFile: ca?.value, pair: undefined, serverName: undefined };
}

/** Parse the address of an auth server. @throws UsageError. */
function parseAuthServer(text: string): ServerAddress {
  try {
    return parseAuthAddress(text);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new UsageError(
      `${JSON.stringify(text)} is not the address of an auth server, as ate://auth.example.com or ws://localhost:5001/auth`,
    );
  }
}

/**
 * Of a flag and the switch that turns it off, only one can count: the one on the command line before the one in
 * a variable, and two in the same place contradict each other.
 */
function settleContraries<T>(
  flag: Given<T> | undefined,
  off: Given<boolean> | undefined,
): [Given<T> | undefined, boolean] {
  if (off?.value !== true) return [flag, false];
  if (flag === undefined) return [undefined, true];
  const flagOnCommandLine = isOnCommandLine(flag);
  if (flagOnCommandLine === isOnCommandLine(off)) {
    throw new UsageError(`${flag.source} and ${off.source} contradict each other; leave one out`);
  }
  return flagOnCommandLine ? [flag, false] : [undefined, true];
}

/** The error for a flag whose capability isn't there: never ignored, since its user counts on what it does. */
export function notBuiltYet(
  given: Given<unknown>,
  what: string,
  instead: string,
): NotBuiltYetError {
  const shown = given.value === true ? given.source : `${given.source} ${given.text}`;
  return new NotBuiltYetError(
    `${shown}: ${what} isn't built yet, so nothing was started; ${instead}`,
  );
}
