import { AtedbError } from '../bytes/index.ts';
import { parseOwner, parseServerAddress, serverAddressText } from '../event/index.ts';
import { chainFlags, readChainFlag, switchFlag, valueFlag } from './chain-flags.ts';
import { UsageError } from './errors.ts';
import { parseText } from './flag-values.ts';
import type { ParsedArguments } from './flags.ts';
import { readGlobalFlags } from './global-flags.ts';
import { readServer, type ServerTarget } from './server-target.ts';

/** Flags of the commands about accounts. */
export const accountFlags = {
  server: valueFlag(
    'server',
    'Server that keeps the account, host[:port]',
    parseText,
    'what --auth says, else the one that you are logged in at, else localhost',
  ),
  passwordFile: valueFlag(
    'password-file',
    'File with the password, which only its owner may read; or set ATEDB_PASSWORD',
    parseText,
    'the terminal is asked',
  ),
  newPasswordFile: valueFlag(
    'new-password-file',
    'File with the new password; or set ATEDB_NEW_PASSWORD',
    parseText,
    'the terminal is asked',
  ),
  recoveryCodeFile: valueFlag(
    'recovery-code-file',
    'File with the recovery code; or set ATEDB_RECOVERY_CODE',
    parseText,
    'the terminal is asked',
  ),
  totp: valueFlag(
    'totp',
    'One-time code of the second factor, six digits',
    parseText,
    'the terminal is asked, where one is needed',
  ),
  code: valueFlag(
    'code',
    'Code that was sent to the account',
    parseText,
    'the terminal is asked, where one was sent',
  ),
  secondFactor: switchFlag(
    'second-factor',
    'Have a second factor: one-time codes of an authenticator app',
  ),
  acceptTerms: switchFlag('accept-terms', 'Accept the terms of the server, unseen'),
  key: {
    ...chainFlags.key,
    describe: 'Name of the key to have the account with; see: atedb key',
    defaultText: 'the one that has claimed the name, else a new one',
  },
  send: switchFlag('send', 'Have another code sent first'),
  yes: switchFlag('yes', 'Do it without being asked'),
  json: chainFlags.json,
};

/** An account, and where it is kept. */
export interface AccountTarget {
  /** `name@domain`; undefined: whoever is logged in. */
  readonly account: string | undefined;
  /** Undefined: where whoever is logged in has it, else this machine. */
  readonly server: ServerTarget | undefined;
  /** For the server, where it is not named: how to speak to it. */
  serverAt(address: string): ServerTarget;
  readonly json: boolean;
}

/** Read which account a command is about. @throws UsageError for a name or an address that can't be. */
export function readAccountTarget(parsed: ParsedArguments): AccountTarget {
  const name = parsed.account === undefined ? undefined : String(parsed.account);
  if (name !== undefined && asUsage(() => parseOwner(name)).kind !== 'user') {
    throw new UsageError(`${name} is a group; a user is name@domain`);
  }
  const server = readChainFlag(accountFlags.server, parsed) ?? authOf(parsed);
  const serverAt = (address: string): ServerTarget => {
    const server = asUsage(() => parseServerAddress(address));
    const target = readServer(server, parsed);
    const { accounts } = target;
    // The one that --auth names is spoken to as is said of it.
    const isNamed = accounts.kind === 'named' && accounts.address === address;
    const tls = isNamed ? (accounts.tls ?? target.tls) : target.tls;
    return { ...target, tls, accounts: { kind: 'itself' } };
  };
  return {
    account: name,
    server: server === undefined ? undefined : serverAt(server),
    serverAt,
    json: readChainFlag(accountFlags.json, parsed) === true,
  };
}

/** The auth server that servers of chains are told by the same flag. */
function authOf(parsed: ParsedArguments): string | undefined {
  const { auth } = readGlobalFlags(parsed, process.env);
  return auth.kind === 'remote' ? serverAddressText(auth.address) : undefined;
}

function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(error.message);
    throw error;
  }
}
