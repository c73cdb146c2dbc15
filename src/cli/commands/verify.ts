import type { CommandModule } from 'yargs';
import { parseChainAddress } from '../../event/index.ts';
import {
  chainFlags,
  isOn,
  readChainFlag,
  readPositional,
  readTrustMode,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { parseText } from '../flag-values.ts';
import { argumentText, type ParsedArguments } from '../flags.ts';
import { headFlag } from '../head-flag.ts';
import { openingKeyFlag, readOpeningKey } from '../opening-key.ts';
import { readServerWays } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  chainId: {
    ...chainFlags.chainId,
    describe: 'The chain must have this id; another one is a violation',
  },
  head: { ...headFlag, describe: 'SIZE:ROOT, a head from elsewhere, which must be in it' },
  known: switchFlag(
    'known',
    'Of a folder: the heads that you have read of this chain from any server must be in it',
  ),
  allSignatures: switchFlag(
    'all-signatures',
    'Verify each signature; by default one of each writer in each slice, which covers those before',
  ),
  evidence: valueFlag(
    'evidence',
    'Instead, check whether this file of evidence proves that a server has signed two histories; "-" is standard input',
    parseText,
  ),
  key: openingKeyFlag,
  json: switchFlag('json', 'Print what was found as one JSON object'),
};

const notes = `It replays the whole chain, and checks encoding, hashes, signatures, counters, conditions, order,
times and heads; of a folder also all files. A copy of a chain's folder is enough, without a server
or any key; nothing is changed, and a server may be at work there. It goes on behind what doesn't
verify, names up to 100 violations, and then ends with 9.

Evidence is what a client keeps when a server contradicts itself (HEAD_CONFLICT). --evidence needs
neither a server nor anything of the chain; a file that proves nothing ends the command with 9.`;

/** `atedb verify`: verify a whole chain. */
export const verifyCommand: CommandModule = {
  command: 'verify [chain]',
  describe: 'Verify a whole chain, of a server or in a folder, or evidence against a server',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('chain', {
        describe: "ate://host[:port]/chain-key, or a chain's folder",
        type: 'string',
      })
      .example('$0 verify ate://localhost/team/logs', 'what a server has')
      .example('$0 verify data/team/logs.chain --json', 'a folder, or a copy of it')
      .example('$0 verify --evidence conflict.json', 'for anyone, anywhere')
      .example('$0 verify backup/logs.chain --known', 'and that it has all that you have seen')
      .epilogue(notes),
  handler: async (parsed) => {
    const file = readChainFlag(flags.evidence, parsed);
    if (file === undefined) await verify(parsed);
    else await checkEvidence(file, parsed);
  },
};

async function verify(parsed: ParsedArguments): Promise<void> {
  if (parsed.chain === undefined) throw new UsageError('name a chain or a folder, or --evidence');
  const settings = {
    target: targetOf(parsed),
    ways: readServerWays(parsed),
    chainId: readChainFlag(flags.chainId, parsed),
    trustMode: readTrustMode(parsed),
    head: readChainFlag(flags.head, parsed),
    known: isOn(flags.known, parsed),
    allSignatures: isOn(flags.allSignatures, parsed),
    ...readOpeningKey(parsed),
    json: isOn(flags.json, parsed),
  };
  if (settings.known && !('folder' in settings.target)) {
    throw new UsageError(
      '--known is for folders: what a server sends is compared with what you have read of it anyway',
    );
  }
  const { verifyChain } = await import('../verify.ts');
  await verifyChain(settings);
}

async function checkEvidence(file: string, parsed: ParsedArguments): Promise<void> {
  const others = ['chain', 'head', 'known', 'all-signatures', 'key'];
  const other = others.find((name) => parsed[name] !== undefined);
  if (other !== undefined) {
    throw new UsageError(`--evidence takes the file alone, and --chain-id: leave ${other} out`);
  }
  const settings = {
    file,
    chainId: readChainFlag(flags.chainId, parsed),
    json: isOn(flags.json, parsed),
  };
  const { checkEvidenceFile } = await import('../check-evidence-file.ts');
  await checkEvidenceFile(settings);
}

function targetOf(parsed: ParsedArguments) {
  const text = argumentText(parsed.chain);
  if (/^[a-z]+:\/\//i.test(text)) return readPositional('chain', parsed, parseChainAddress);
  return { folder: text };
}
