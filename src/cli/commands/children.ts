import type { CommandModule } from 'yargs';
import { readChainTarget } from '../chain-target.ts';
import { collectionFlags, readCollection } from '../collection-flags.ts';
import { UsageError } from '../errors.ts';
import { objectFlags, readObject } from '../object-flags.ts';
import { printFlags, printNotes, readPrintFlags } from '../print-flags.ts';
import { readerFlags, readReaderFlags } from '../reader-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  primaryKey: {
    ...objectFlags.primaryKey,
    describe: 'The object whose children are listed: its primary key, 32 digits of hex',
    defaultText: 'the root of the chain, and then a collection is required',
  },
  name: {
    ...objectFlags.name,
    describe: 'The object whose children are listed, by the name that its primary key stands for',
  },
  parent: objectFlags.parent,
  ...collectionFlags,
  ...readerFlags,
  ...printFlags,
};

const notes = `It prints the newest event of each child, verified and proven to be in the chain; that none is
left out, and that there is nothing newer, is the server's word: atedb read shows all events.
Children in no collection come first, then those of each collection, by their primary keys.
${printNotes}`;

/** `atedb children`: print the children of an object. */
export const childrenCommand: CommandModule = {
  command: 'children <address>',
  describe: "Print the newest events of an object's children",
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 children ate://localhost/team/wiki --name page-1', 'what is below it')
      .example(
        '$0 children ate://localhost/team/wiki --collection-name drafts --json',
        'objects without a parent that are in a collection',
      )
      .epilogue(notes),
  handler: async (parsed) => {
    const primaryKey = readObject(parsed);
    const collection = readCollection(parsed);
    if (primaryKey === undefined && collection === undefined) {
      throw new UsageError(
        'say whose children: --primary-key or --name, or a collection of the root of the chain',
      );
    }
    const settings = {
      ...readChainTarget(parsed),
      of: { primaryKey, collection },
      ...readReaderFlags(parsed),
      ...readPrintFlags(parsed),
    };
    const { printChildren } = await import('../children.ts');
    await printChildren(settings);
  },
};
