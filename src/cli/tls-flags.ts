import type { Argv } from 'yargs';
import { declareChainFlags } from './chain-flags.ts';
import { UsageError } from './errors.ts';
import { parseSwitch, parseText } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  isOnCommandLine,
  type ParsedArguments,
  readFlag,
} from './flags.ts';
import { declareFlags, type FlagTable } from './program.ts';
import { plainFlag } from './wire-flags.ts';

/**
 * How the commands speak to a server. Variables stand in for these: how a server is reached is the same for all that is done there.
 * In `atedb solo`, `--tls-cert` and `--tls-key` are the server's own.
 */
export const tlsFlags = {
  tls: {
    name: 'tls',
    describe:
      'Speak TLS, to a server whose certificate is signed by an authority that this machine trusts; --tls=false turns off what ' +
      'variables say',
    defaultText: 'on where another of these is given',
    kind: 'switch',
    parse: parseSwitch,
  },
  tlsCa: {
    name: 'tls-ca',
    describe: 'File of the authorities to trust instead, in PEM form',
    kind: 'value',
    parse: parseText,
  },
  tlsCert: {
    name: 'tls-cert',
    describe: 'File of your own certificate, in PEM form, for a server that asks for one',
    kind: 'value',
    parse: parseText,
  },
  tlsKey: {
    name: 'tls-key',
    describe: 'File of its key, in PEM form, which only its owner may read',
    kind: 'value',
    parse: parseText,
  },
  tlsServerName: {
    name: 'tls-server-name',
    describe: "Name or IP address that the server's certificate must be for",
    defaultText: 'the host of the address',
    kind: 'value',
    parse: parseText,
  },
} satisfies Record<string, Flag<unknown>>;

/** How to speak TLS to a server: paths of files, and a name. */
export interface TlsSettings {
  readonly caFile: string | undefined;
  /** Both or none. */
  readonly pair: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly serverName: string | undefined;
}

/** Tell yargs of the flags of a command that speaks to a server. */
export function declareServerFlags<A>(program: Argv<A>, flags: FlagTable): Argv<A> {
  const ofConnections = { plain: plainFlag, ...tlsFlags };
  declareFlags(declareChainFlags(program, flags) as Argv, ofConnections, 'Options of connections:');
  return program;
}

/**
 * How to speak TLS; undefined: not at all.
 * @throws UsageError where flags contradict each other, or one is missing beside another.
 */
export function readTlsFlags(
  parsed: ParsedArguments,
  environment: Environment = process.env,
): TlsSettings | undefined {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  const tls = read(tlsFlags.tls);
  const ca = read(tlsFlags.tlsCa);
  const cert = read(tlsFlags.tlsCert);
  const key = read(tlsFlags.tlsKey);
  const serverName = read(tlsFlags.tlsServerName);
  const given = [ca, cert, key, serverName].filter((one) => one !== undefined);
  if (tls?.value === false && !isOverruled(tls, given)) return undefined;
  if (tls === undefined && given.length === 0) return undefined;
  return {
    caFile: ca?.value,
    pair: readPair(cert, key),
    serverName: serverName?.value,
  };
}

/** Whether what turns TLS off counts less than what says how to speak it: it is in a variable, and the other typed. */
function isOverruled(off: Given<boolean>, given: readonly Given<string>[]): boolean {
  const typed = given.find(isOnCommandLine);
  if (typed === undefined) return false;
  if (!isOnCommandLine(off)) return true;
  throw new UsageError(
    `${off.source}=false and ${typed.source} contradict each other; leave one out`,
  );
}

/**
 * A certificate and its key; undefined where neither is given.
 * @throws UsageError where one is without the other.
 */
export function readPair(
  cert: Given<string> | undefined,
  key: Given<string> | undefined,
): TlsSettings['pair'] {
  if (cert !== undefined && key !== undefined) return { certFile: cert.value, keyFile: key.value };
  const [there, missing] = cert === undefined ? [key, '--tls-cert'] : [cert, '--tls-key'];
  if (there === undefined) return undefined;
  throw new UsageError(`${there.source} is given without ${missing}; give both, or none`);
}
