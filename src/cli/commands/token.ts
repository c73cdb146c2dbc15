import type { CommandModule } from 'yargs';
import { parseChainAddress } from '../../event/index.ts';
import { accountFlags, readAccountTarget } from '../account-flags.ts';
import {
  chainFlags,
  declareChainFlags,
  isOn,
  readChainFlag,
  readPassphraseFlag,
  readTrustMode,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { parseText } from '../flag-values.ts';
import { argumentText, argumentTexts, type ParsedArguments } from '../flags.ts';
import { readServer } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { parseSaidTime } from '../token-time.ts';

const newFlags = {
  write: switchFlag('write', 'It appends data and removes objects'),
  read: switchFlag('read', 'It opens private chains'),
  expires: valueFlag(
    'expires',
    'Until when it counts: so long from now, as 12h or 30d, or a time',
    parseSaidTime,
    '7d, or as long as that of --from',
  ),
  notBefore: valueFlag('not-before', 'From when on it counts', parseSaidTime, 'now'),
  key: { ...chainFlags.key, describe: 'Name of the key that gives it; see: atedb key' },
  server: {
    ...accountFlags.server,
    describe: 'Server that keeps the group whose chains they are, host[:port]',
  },
  from: valueFlag('from', 'File with a token of yours, some of which it gives on', parseText),
  output: {
    ...valueFlag('output', 'Write it to this new file, for its owner alone to read', parseText),
    aliases: ['o'],
  },
  public: valueFlag(
    'public',
    'Write its public key to this new file, to share what is sealed with it',
    parseText,
  ),
  json: chainFlags.json,
};

const newCommand: CommandModule = {
  command: 'new <chains..>',
  describe:
    'Make a token: it gives some of what a key of yours may do, in some chains, for a while',
  builder: (program) =>
    declareServerFlags(program, newFlags)
      .positional('chains', {
        describe: 'Keys of chains, or owner/* for all of an owner',
        type: 'string',
        array: true,
        default: undefined,
        demandOption: true,
      })
      .example('$0 token new example.com/me/log --write --output ci.token', 'for a job that logs')
      .example(
        "$0 token new 'team/*' --write --read --expires 12h",
        'all chains of a group, until tonight',
      )
      .example(
        '$0 token new team/log --write --from ci.token',
        'less than a token gives, for somebody else',
      )
      .epilogue(
        'A token changes no rules and makes no chain. Nothing is sent: it counts wherever the key does that\ngives it. For chains of a group that is the key of your role, which is asked for, and ends when that does.',
      ),
  handler: async (parsed) => {
    const { newToken } = await import('../tokens.ts');
    await newToken({
      chains: argumentTexts(parsed.chains),
      write: isOn(newFlags.write, parsed),
      read: isOn(newFlags.read, parsed),
      expires: readChainFlag(newFlags.expires, parsed),
      notBefore: readChainFlag(newFlags.notBefore, parsed),
      key: readChainFlag(newFlags.key, parsed),
      target: readAccountTarget(parsed),
      from: readChainFlag(newFlags.from, parsed),
      file: readChainFlag(newFlags.output, parsed),
      publicFile: readChainFlag(newFlags.public, parsed),
      passphraseFile: readPassphraseFlag(parsed),
      json: isOn(newFlags.json, parsed),
    });
  },
};

const jsonFlags = { json: chainFlags.json };

const listCommand: CommandModule = {
  command: 'list',
  describe: 'List the tokens that were made with this home folder, without their secrets',
  builder: (program) => declareChainFlags(program, jsonFlags),
  handler: async (parsed) => {
    const { listTokens } = await import('../tokens.ts');
    await listTokens({ json: isOn(jsonFlags.json, parsed) });
  },
};

const showCommand: CommandModule = {
  command: 'show <file>',
  describe: 'Say what the token in a file gives, without its secret',
  builder: (program) =>
    declareChainFlags(program, jsonFlags).positional('file', {
      describe: 'File that has the token',
      type: 'string',
    }),
  handler: async (parsed) => {
    const { showToken } = await import('../tokens.ts');
    await showToken({ file: argumentText(parsed.file), json: isOn(jsonFlags.json, parsed) });
  },
};

const revokeFlags = {
  owner: valueFlag(
    'owner',
    'End it in all chains of this owner, name@domain or a group, also in those to come',
    parseText,
  ),
  key: chainFlags.key,
  chainId: chainFlags.chainId,
  server: { ...accountFlags.server, describe: 'With --owner: server that keeps it, host[:port]' },
  passwordFile: accountFlags.passwordFile,
  totp: accountFlags.totp,
  json: chainFlags.json,
};

const revokeCommand: CommandModule = {
  command: 'revoke <which> [addresses..]',
  describe: 'End a token in chains, or in all chains of an owner, for good',
  builder: (program) =>
    declareServerFlags(program, revokeFlags)
      .positional('which', {
        describe: 'Its fingerprint, 8 digits of that or more, or a file that has it',
        type: 'string',
      })
      .positional('addresses', {
        describe: 'ate://host[:port]/chain-key, of each chain',
        type: 'string',
        array: true,
        default: undefined,
      })
      .example('$0 token revoke 3f9a12bc --owner me@example.com', 'in all of your chains')
      .example('$0 token revoke 3f9a12bc ate://localhost/example.com/me/log', 'in one chain')
      .epilogue(
        `Whoever has given it may end it, a root of the chain, and whoever has it. What it wrote stays. It takes
each chain that the token is for, also those that it wasn't used in yet. With --owner the owner's auth
service is told instead, by the user's key, or by an owner or a delegate of the group: chains learn of it
from that, those that are open at once where the service is inside their server, else within a minute.`,
      ),
  handler: async (parsed) => {
    const owner = readChainFlag(revokeFlags.owner, parsed);
    const token = argumentText(parsed.which);
    const addresses = argumentTexts(parsed.addresses);
    if (owner !== undefined) {
      if (addresses.length > 0) {
        throw new UsageError('--owner is for all chains of an owner; name no addresses beside it');
      }
      const { revokeEverywhere } = await import('../revoke-everywhere.ts');
      await revokeEverywhere({
        ...{ token, owner, target: readAccountTarget(parsed) },
        key: readChainFlag(revokeFlags.key, parsed),
        passwordFile: readChainFlag(revokeFlags.passwordFile, parsed),
        totp: readChainFlag(revokeFlags.totp, parsed),
        passphraseFile: readPassphraseFlag(parsed),
      });
      return;
    }
    if (addresses.length === 0) {
      throw new UsageError(
        'say where it is to end: in chains, by their addresses, or with --owner in all chains of an owner',
      );
    }
    const settings = {
      token,
      chains: addresses.map((text) => targetOf(text, parsed)),
      key: readChainFlag(revokeFlags.key, parsed),
      passphraseFile: readPassphraseFlag(parsed),
      json: isOn(revokeFlags.json, parsed),
    };
    const { revokeToken } = await import('../revoke-token.ts');
    await revokeToken(settings);
  },
};

function targetOf(text: string, parsed: ParsedArguments) {
  const address = parseChainAddress(text);
  return {
    address: address.text,
    server: readServer(address, parsed),
    chainId: readChainFlag(revokeFlags.chainId, parsed),
    trustMode: readTrustMode(parsed),
  };
}

/** `atedb token`: delegated keys. */
export const tokenCommand: CommandModule = {
  command: 'token',
  describe: 'Make, list, show and end tokens, by which programs act with some of your rights',
  builder: (program) =>
    program
      .command(newCommand)
      .command(listCommand)
      .command(showCommand)
      .command(revokeCommand)
      .demandCommand(1, 'after token comes new, list, show or revoke')
      .epilogue('Commands act by a token with --token FILE, or with the token in ATEDB_TOKEN.'),
  handler: () => undefined,
};
