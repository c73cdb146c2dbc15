import type { Argv, CommandModule } from 'yargs';
import { isOn, switchFlag } from '../chain-flags.ts';
import { argumentText, type ParsedArguments } from '../flags.ts';
import type { FlagTable } from '../program.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const shareFlags = {
  new: switchFlag(
    'new',
    'Seal what is written from now on for these alone, and you: also what was in clear before',
  ),
  ...writeFlags,
};

function withKeys(program: Argv, flags: FlagTable): Argv {
  return declareServerFlags(program, flags)
    .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
    .positional('keys', {
      describe: 'Names in the home folder, fingerprints, or files as atedb key public prints them',
      type: 'string',
      array: true,
      demandOption: true,
    });
}

function keysOf(parsed: ParsedArguments): string[] {
  return (parsed.keys as unknown[]).map(argumentText).flatMap((text) => text.split(','));
}

/** `atedb share`: let others read sealed data. */
export const shareCommand: CommandModule = {
  command: 'share <address> <keys..>',
  describe: 'Let others read what is sealed, of a chain or an object',
  builder: (program) =>
    withKeys(program, shareFlags)
      .example('$0 share ate://localhost/team/secrets alice.pub', 'what is sealed now, and later')
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
    await shareWith({ ...settings, anew: isOn(shareFlags.new, parsed) });
  },
};

/** `atedb unshare`: take readers off. */
export const unshareCommand: CommandModule = {
  command: 'unshare <address> <keys..>',
  describe: 'Seal what is written from now on for all its readers but these',
  builder: (program) =>
    withKeys(program, writeFlags)
      .example('$0 unshare ate://localhost/team/secrets alice', 'a new read key, not for alice')
      .epilogue('What was written before they can still read: who has read it has it.'),
  handler: async (parsed) => {
    const settings = { ...readWriteFlags(parsed), keys: keysOf(parsed) };
    const { unshareWith } = await import('../share.ts');
    await unshareWith(settings);
  },
};
