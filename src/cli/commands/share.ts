import type { Argv, CommandModule } from 'yargs';
import { isOn, readChainFlag, switchFlag } from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { argumentTexts, type ParsedArguments } from '../flags.ts';
import type { FlagTable } from '../program.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const shareFlags = {
  new: switchFlag(
    'new',
    'Seal what is written from now on for these alone, and you: also what was in clear before',
  ),
  group: {
    name: 'group',
    kind: 'value',
    describe: 'A group, of which you are a member: share with the role that --role names',
    parse: (text: string) => text,
  },
  role: {
    name: 'role',
    kind: 'value',
    describe: 'A role of the group',
    defaultText: 'observer',
    parse: (text: string) => text,
  },
  ...writeFlags,
} as const satisfies FlagTable;

function withKeys(program: Argv, flags: FlagTable, areKeysDue: boolean): Argv {
  return declareServerFlags(program, flags)
    .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
    .positional('keys', {
      describe: 'Names in the home folder, fingerprints, or files as atedb key public prints them',
      type: 'string',
      array: true,
      default: undefined,
      ...(areKeysDue ? { demandOption: true } : {}),
    });
}

function keysOf(parsed: ParsedArguments): string[] {
  return argumentTexts(parsed.keys).flatMap((text) => text.split(','));
}

/** `atedb share`: let others read sealed data. */
export const shareCommand: CommandModule = {
  command: 'share <address> [keys..]',
  describe: 'Let others read what is sealed, of a chain or an object',
  builder: (program) =>
    withKeys(program, shareFlags, false)
      .example('$0 share ate://localhost/team/secrets alice.pub', 'what is sealed now, and later')
      .example(
        '$0 share ate://localhost/team/secrets --group team --role observer',
        'with whoever is an observer of the group, and what is above that',
      )
      .example(
        '$0 share ate://localhost/team/notes --name mine --new bob',
        'an object, from now on',
      )
      .epilogue(
        'They read what was written since the readers were set last, and what comes. With --new the\nreaders are set anew, with another read key: what was written before stays as it was.',
      ),
  handler: async (parsed) => {
    const settings = { ...readWriteFlags(parsed), keys: keysOf(parsed) };
    const { shareWith } = await import('../share.ts');
    const group = readChainFlag(shareFlags.group, parsed);
    const role = readChainFlag(shareFlags.role, parsed);
    if (group === undefined && (role !== undefined || settings.keys.length === 0)) {
      throw new UsageError(
        role === undefined
          ? 'say with whom: keys, or --group with the name of a group'
          : '--role is of a group: say --group NAME as well',
      );
    }
    const anew = isOn(shareFlags.new, parsed);
    await shareWith({ ...settings, group, role: role ?? 'observer', anew });
  },
};

/** `atedb unshare`: take readers off. */
export const unshareCommand: CommandModule = {
  command: 'unshare <address> <keys..>',
  describe: 'Seal what is written from now on for all its readers but these',
  builder: (program) =>
    withKeys(program, writeFlags, true)
      .example('$0 unshare ate://localhost/team/secrets alice', 'a new read key, not for alice')
      .epilogue('What was written before they can still read: who has read it has it.'),
  handler: async (parsed) => {
    const settings = { ...readWriteFlags(parsed), keys: keysOf(parsed) };
    const { unshareWith } = await import('../share.ts');
    await unshareWith(settings);
  },
};
