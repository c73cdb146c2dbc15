import type { CommandModule } from 'yargs';
import {
  chainFlags,
  isOn,
  parseSequence,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { parseInteger, parseText } from '../flag-values.ts';
import { argumentText, type ParsedArguments } from '../flags.ts';
import { headFlag } from '../head-flag.ts';
import { openingKeyFlag, readOpeningKey } from '../opening-key.ts';
import { declareServerFlags } from '../tls-flags.ts';

const parseSize = parseInteger('a number of commits', 1, Number.MAX_SAFE_INTEGER);

const flags = {
  from: valueFlag(
    'from',
    'Also, or only, prove that the chain extends its tree of so many commits',
    parseSize,
  ),
  size: valueFlag('size', 'Prove against the tree of so many commits', parseSize, 'the head'),
  withData: switchFlag('with-data', "The proof holds the event's data, too"),
  output: valueFlag(
    'output',
    'A new file to write the proof to; without it, it goes to standard output',
    parseText,
  ),
  check: valueFlag(
    'check',
    'Check the proof in this file instead, without a server; "-" is standard input',
    parseText,
  ),
  head: headFlag,
  chainId: chainFlags.chainId,
  key: openingKeyFlag,
  json: switchFlag('json', 'Print what the proof shows as JSON; the proof itself on one line'),
};

const notes = `A proof is a JSON file that holds all that is needed to check it: docs/proofs.md has its
fields. Check one with --check; that needs neither a server nor anything of the chain, and says what
the proof shows and what it doesn't. One that doesn't verify ends the command with 9.`;

/** `atedb proof`: get a proof, or check one. */
export const proofCommand: CommandModule = {
  command: 'proof [address] [sequence]',
  describe: 'Prove that an event is in a chain, or check such a proof offline',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .positional('sequence', { describe: 'Sequence of the event', type: 'string' })
      .example('$0 proof ate://localhost/team/logs 17 --output 17.json', 'event 17 is in it')
      .example('$0 proof --check 17.json', 'for anyone, anywhere')
      .example('$0 proof ate://localhost/team/logs --from 40', 'it extends what it was')
      .epilogue(notes),
  handler: async (parsed) => {
    const file = readChainFlag(flags.check, parsed);
    if (file === undefined) await get(parsed);
    else await check(file, parsed);
  },
};

async function get(parsed: ParsedArguments): Promise<void> {
  if (parsed.address === undefined) throw new UsageError('name a chain, or --check a proof');
  const sequence =
    parsed.sequence === undefined ? undefined : parseSequence(argumentText(parsed.sequence));
  const fromSize = readChainFlag(flags.from, parsed);
  if (sequence === undefined && fromSize === undefined) {
    throw new UsageError('say what to prove: the sequence of an event, or --from, or both');
  }
  const settings = {
    ...readChainTarget(parsed),
    sequence,
    fromSize,
    size: readChainFlag(flags.size, parsed),
    withData: isOn(flags.withData, parsed),
    head: readChainFlag(flags.head, parsed),
    file: readChainFlag(flags.output, parsed),
    ...readOpeningKey(parsed),
    json: isOn(flags.json, parsed),
  };
  const { writeProof } = await import('../proof.ts');
  await writeProof(settings);
}

async function check(file: string, parsed: ParsedArguments): Promise<void> {
  const others = ['address', 'sequence', 'from', 'size', 'with-data', 'output'];
  const other = others.find((name) => parsed[name] !== undefined);
  if (other !== undefined) {
    throw new UsageError(`--check takes the file alone, --head and --chain-id: leave ${other} out`);
  }
  const settings = {
    file,
    chainId: readChainFlag(flags.chainId, parsed),
    head: readChainFlag(flags.head, parsed),
    json: isOn(flags.json, parsed),
  };
  const { checkProofFile } = await import('../check-proof-file.ts');
  await checkProofFile(settings);
}
