import type { CommandModule } from 'yargs';
import { primaryKeyBytes, primaryKeyFromName } from '../../event/index.ts';
import {
  chainFlags,
  isOn,
  parseHex,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { parseInteger } from '../flag-values.ts';
import { argumentText, argumentTexts, type ParsedArguments } from '../flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  noWait: switchFlag('no-wait', 'End with 3 if somebody else holds the lock'),
  wait: valueFlag(
    'wait',
    'End with 3 if the lock can not be had in so many seconds',
    parseInteger('a number of seconds', 1, 2_000_000),
    'as long as it takes',
  ),
  ttl: valueFlag(
    'ttl',
    'The lock outlives a connection on which nothing comes any more by so many seconds',
    parseInteger('a number of seconds', 1, 600),
    '15',
  ),
  key: chainFlags.key,
  chainId: chainFlags.chainId,
  json: switchFlag('json', 'Print errors as JSON'),
};

const notes = `The command is told the token of the lock, which is larger than that of whoever held it before, in
ATEDB_LOCK_TOKEN, and the primary key of the object in ATEDB_LOCK_KEY; see append --lock-token.
The exit code is the command's, 128 + n when signal n ended it. If the lock is lost meanwhile, the
command gets a SIGTERM, and ten seconds later a SIGKILL, and the exit code is 3. SIGINT, SIGTERM and
SIGHUP are passed on to the command.`;

const hexKey = parseHex('a primary key', primaryKeyBytes);

/** 32 digits of hex are a primary key; anything else is a name. */
function parseObject(text: string): Buffer {
  if (text === '') throw new UsageError('<object> is empty; say a name or a primary key');
  return /^[0-9a-fA-F]{32}$/.test(text) ? hexKey(text) : primaryKeyFromName(text);
}

/** `atedb lock`: run a command while an object is locked. */
export const lockCommand: CommandModule = {
  command: 'lock <address> <object> [command..]',
  describe: 'Run a command while it holds the lock on an object',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .positional('object', {
        describe: 'Name of the object, or its primary key: 32 digits of hex',
        type: 'string',
      })
      .positional('command', {
        describe: 'What to run, behind --; its flags are its own',
        type: 'string',
        array: true,
        default: undefined,
      })
      .example('$0 lock ate://localhost/team/jobs nightly -- ./backup.sh', 'one at a time')
      .example(
        '$0 lock ate://localhost/team/jobs nightly --no-wait -- ./backup.sh',
        'or not at all',
      )
      .epilogue(notes),
  handler: async (parsed) => {
    const waitSeconds = readChainFlag(flags.wait, parsed);
    const noWait = isOn(flags.noWait, parsed);
    if (noWait && waitSeconds !== undefined) {
      throw new UsageError('--no-wait and --wait contradict each other; leave one out');
    }
    const ttlSeconds = readChainFlag(flags.ttl, parsed);
    const settings = {
      ...readChainTarget(parsed),
      primaryKey: parseObject(argumentText(parsed.object)),
      command: readCommand(parsed),
      wait: !noWait,
      timeoutMs: waitSeconds === undefined ? undefined : waitSeconds * 1_000,
      ttlMs: ttlSeconds === undefined ? undefined : ttlSeconds * 1_000,
      key: readChainFlag(flags.key, parsed),
      json: isOn(flags.json, parsed),
    };
    const { runLocked } = await import('../lock.ts');
    await runLocked(settings);
  },
};

/** All that is behind `--`; without that, all words behind the object. */
function readCommand(parsed: ParsedArguments): readonly string[] {
  const [, ...behind] = parsed._ as unknown[];
  const command = [...argumentTexts(parsed.command), ...behind.map(argumentText)];
  if (command.length > 0) return command;
  throw new UsageError('say what to run, behind --: atedb lock ADDRESS OBJECT -- COMMAND');
}
