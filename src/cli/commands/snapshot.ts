import type { CommandModule } from 'yargs';
import { isOn, readChainFlag, switchFlag, valueFlag } from '../chain-flags.ts';
import { parseAge } from '../retention-words.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const { primaryKey: _primaryKey, name: _name, parent: _parent, ...chainWriteFlags } = writeFlags;

const flags = {
  olderThan: valueFlag(
    'older-than',
    'Only commits that are so old, or older, as 30d; 7d is the least, and the default',
    parseAge,
  ),
  dryRun: switchFlag('dry-run', 'Only tell what would go'),
  ...chainWriteFlags,
};

const notes = `Whole events go of objects that were written over or removed since, and commits of which nothing else is
needed: with their headers, so that a chain of objects that change all the time stops growing. It is a signed event, of a
root of the chain; all of the chain is read and verified to make it, and readers hold the server to it. What was made by
an older head of the chain is refused from then on. The server drops what may go when it compacts the chain
(atedb compact doesn't wait for that). Proofs of what is gone stay good for those who have them.`;

/** `atedb snapshot`: say what of a chain's older part may be gone. */
export const snapshotCommand: CommandModule = {
  command: 'snapshot <address>',
  describe: 'Let whole events and commits go that no longer matter',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 snapshot ate://localhost/team/state --dry-run', 'what would go')
      .example('$0 snapshot ate://localhost/team/state', 'all that is older than 7 days')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      ...readWriteFlags(parsed),
      olderThanMs: readChainFlag(flags.olderThan, parsed),
      dryRun: isOn(flags.dryRun, parsed),
    };
    const { makeSnapshot } = await import('../snapshot.ts');
    await makeSnapshot(settings);
  },
};
