import type { CommandModule } from 'yargs';
import {
  chainFlags,
  isOn,
  parseSequence,
  readChainFlag,
  readPassphraseFlag,
  switchFlag,
} from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { argumentTexts, type ParsedArguments } from '../flags.ts';
import { objectFlags, readObject } from '../object-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  ...objectFlags,
  yes: switchFlag('yes', "Don't ask", ['y']),
  noWait: switchFlag('no-wait', "Don't wait until the data is erased from the server's files"),
  key: chainFlags.key,
  chainId: chainFlags.chainId,
  json: chainFlags.json,
};

const notes = `The data is erased from every file of the server, and can't be had back from it; headers, which prove
that there was an event, stay. Copies that readers or backups have are theirs to erase. Only a root, or who
may write the object, may do this, and every reader sees which key has.`;

/** `atedb redact`: have data erased. */
export const redactCommand: CommandModule = {
  command: 'redact <address> [sequence..]',
  describe: 'Erase the data of earlier events, for good',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .positional('sequence', {
        describe: 'Sequences of events',
        type: 'string',
        array: true,
        default: undefined,
      })
      .example('$0 redact ate://localhost/team/logs 17 18', 'these two events')
      .example(
        '$0 redact ate://localhost/team/people --name bob',
        'all that was said of the object',
      )
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      ...readChainTarget(parsed),
      target: readTarget(parsed),
      yes: isOn(flags.yes, parsed),
      noWait: isOn(flags.noWait, parsed),
      key: readChainFlag(flags.key, parsed),
      passphraseFile: readPassphraseFlag(parsed),
      json: isOn(flags.json, parsed),
    };
    const { redactData } = await import('../redact.ts');
    await redactData(settings);
  },
};

function readTarget(parsed: ParsedArguments) {
  const primaryKey = readObject(parsed);
  const sequences = argumentTexts(parsed.sequence).map(parseSequence);
  if (sequences.length > 0 === (primaryKey !== undefined)) {
    throw new UsageError(
      'say which events, by their sequences, or which object: --primary-key or --name',
    );
  }
  return primaryKey === undefined ? { sequences } : { primaryKey };
}
