import type { CommandModule } from 'yargs';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const { coSign: _, ...flags } = writeFlags;

/** `atedb readers`: show who may read what. */
export const readersCommand: CommandModule = {
  command: 'readers <address>',
  describe: 'Show who may read a chain and its objects, or one of them',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example(
        '$0 readers ate://localhost/team/secrets',
        'the chain, and objects with other readers',
      )
      .epilogue(
        'Those who were given the read key that seals what is written now, as this client has verified\nit, by their names where the home folder knows them.',
      ),
  handler: async (parsed) => {
    const { showReaders } = await import('../rules.ts');
    await showReaders(readWriteFlags(parsed));
  },
};
