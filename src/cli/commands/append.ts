import type { CommandModule } from 'yargs';
import { batchEventsMax, typeNameBytesMax } from '../../bytes/index.ts';
import { parseChainAddress, primaryKeyBytes } from '../../event/index.ts';
import { recordBytesMax } from '../batcher.ts';
import {
  chainFlags,
  isOn,
  parseHex,
  parseSequence,
  readChainFlag,
  readPassphraseFlag,
  readPositional,
  readTrustMode,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { collectionFlags, readCollection } from '../collection-flags.ts';
import { UsageError } from '../errors.ts';
import { parseChoice, parseInteger, parseText } from '../flag-values.ts';
import { argumentText, type ParsedArguments } from '../flags.ts';
import { objectFlags, readObjectAt } from '../object-flags.ts';
import type { SplitRule } from '../record-splitter.ts';
import {
  readAll,
  readRules,
  ruleFlags,
  type SaidRules,
  sealingFlags,
  signerFlags,
} from '../rule-flags.ts';
import { readServer } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

function parseType(text: string): string {
  if (Buffer.byteLength(text) <= typeNameBytesMax) return parseText(text);
  throw new UsageError(`the value is longer than ${typeNameBytesMax} bytes`);
}

const flags = {
  zeros: switchFlag('null', 'An event ends with a zero byte, as find -print0 writes', ['0']),
  size: valueFlag(
    'size',
    'An event is so many bytes of the input, whatever they are',
    parseInteger('a number of bytes', 1, recordBytesMax),
  ),
  type: valueFlag('type', 'What the data is, in your terms; at most 255 bytes', parseType),
  ...objectFlags,
  primaryKey: { ...objectFlags.primaryKey, defaultText: 'another random one for each event' },
  ...collectionFlags,
  moves: switchFlag(
    'moves',
    'The object comes from elsewhere to --parent, or to the root of the chain',
  ),
  ...ruleFlags,
  ...sealingFlags,
  batch: valueFlag(
    'batch',
    'Events in a batch, which is durable as a whole or not at all',
    parseInteger('a number of events', 1, batchEventsMax),
    '1000',
  ),
  unchangedSince: valueFlag(
    'unchanged-since',
    'Refuse if another writer has appended at this sequence or above',
    parseSequence,
  ),
  landsBefore: valueFlag(
    'lands-before',
    'Refuse unless every event gets a sequence below this',
    parseInteger('a sequence', 1, Number.MAX_SAFE_INTEGER),
  ),
  objectUnchangedSince: valueFlag(
    'object-unchanged-since',
    'With --primary-key or --name: refuse if another writer has changed it at this sequence or above',
    parseSequence,
  ),
  lockToken: valueFlag(
    'lock-token',
    'Refuse unless the lock on the object is held by this token; see: atedb lock',
    parseInteger('a token', 1, Number.MAX_SAFE_INTEGER),
  ),
  lockKey: valueFlag(
    'lock-key',
    'With --lock-token: primary key of the locked object, where it is not the appended one',
    parseHex('a primary key', primaryKeyBytes),
  ),
  wait: valueFlag(
    'wait',
    'A batch is done when it is durable, or when the server has also signed a tree that it is in: durable or attested',
    parseChoice(['durable', 'attested']),
    'durable',
  ),
  key: chainFlags.key,
  ...signerFlags,
  sign: switchFlag(
    'sign',
    'Sign each batch, also in a centralized chain, where the key is otherwise proven once',
  ),
  chainId: chainFlags.chainId,
  print: switchFlag('print', 'Send nothing; print each request as JSON, for grpcurl or buf curl'),
  json: chainFlags.json,
};

const notes = `Without a file, or with "-", it reads standard input, and appends what comes from a pipe
within 20 ms. The first append of all makes a key, and the first one to a chain makes the chain.
Without --json it ends with a line on standard error that says what was appended.`;

/** `atedb append`: append lines or other pieces of a file. */
export const appendCommand: CommandModule = {
  command: 'append <address> [file]',
  describe: 'Append a file to a chain, an event a line; makes the chain if there is none',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .positional('file', {
        describe: 'File to append; "-" is standard input',
        type: 'string',
        default: '-',
      })
      .example('$0 append ate://localhost/example.com/me/syslog /var/log/syslog', 'a line an event')
      .example('tail -F app.log | $0 append ate://localhost/team/logs --type app', 'as they come')
      .example('$0 append ate://localhost/team/files --size 65536 backup.tar', 'in pieces')
      .example(
        '$0 append ate://localhost/team/logs --print note.txt | head -1',
        'the request, not sent',
      )
      .example(
        'echo psst | $0 append ate://localhost/team/secrets --read alice,bob.pub',
        'a new chain, for them and you to read',
      )
      .epilogue(notes),
  handler: async (parsed) => {
    const address = readPositional('address', parsed, parseChainAddress);
    const object = readObjectAt(parsed);
    const { primaryKey } = object;
    const rules = readAppendRules(parsed, primaryKey);
    const settings = {
      address: address.text,
      server: readServer(address, parsed),
      file: argumentText(parsed.file),
      rule: readRule(parsed),
      event: {
        type: readChainFlag(flags.type, parsed),
        ...object,
        collection: readCollection(parsed),
      },
      moves: isOn(flags.moves, parsed),
      rules,
      confidential: isOn(flags.confidential, parsed),
      private: isOn(flags.private, parsed),
      pad: isOn(flags.pad, parsed),
      coSign: readAll(flags.coSign, parsed),
      author: readChainFlag(flags.author, parsed),
      eventsMax: readChainFlag(flags.batch, parsed) ?? 1000,
      append: {
        unchangedSince: readChainFlag(flags.unchangedSince, parsed),
        landsBefore: readChainFlag(flags.landsBefore, parsed),
        objectsUnchangedSince: readObjectCondition(parsed, primaryKey),
        lease: readLease(parsed, primaryKey),
        wait: readChainFlag(flags.wait, parsed),
      },
      key: readChainFlag(flags.key, parsed),
      sign: isOn(flags.sign, parsed),
      chainId: readChainFlag(flags.chainId, parsed),
      trustMode: readTrustMode(parsed),
      passphraseFile: readPassphraseFlag(parsed),
      json: isOn(flags.json, parsed),
      print: isOn(flags.print, parsed),
    };
    const { appendInput } = await import('../append.ts');
    await appendInput(settings);
  },
};

/** Rules are for the object that is named; only readers may be those of a whole chain, which is made then. */
function readAppendRules(parsed: ParsedArguments, primaryKey: Buffer | undefined): SaidRules {
  const rules = readRules(parsed);
  const { write, add, read } = rules;
  const ofObject = {
    '--write': write,
    '--add': add,
    '--read': read?.kind === 'keys' ? undefined : read,
    '--moves': isOn(flags.moves, parsed) || undefined,
  };
  for (const [name, value] of Object.entries(ofObject)) {
    if (value === undefined || primaryKey !== undefined) continue;
    throw new UsageError(
      `${name} is about an object: say --primary-key or --name; rules of a whole chain are set by: atedb rules`,
    );
  }
  const confidential = isOn(flags.confidential, parsed);
  if (confidential && read !== undefined && read.kind !== 'keys') {
    throw new UsageError(`--confidential and --read ${read.kind} contradict each other`);
  }
  if (isOn(flags.print, parsed) && (confidential || read?.kind === 'keys')) {
    throw new UsageError(
      '--print makes requests in clear, so it goes with no readers; leave it out',
    );
  }
  return rules;
}

function readRule(parsed: ParsedArguments): SplitRule {
  const bytes = readChainFlag(flags.size, parsed);
  const zeros = isOn(flags.zeros, parsed);
  if (bytes === undefined) return { kind: 'separator', byte: zeros ? 0 : 0x0a };
  if (zeros) throw new UsageError('--null and --size contradict each other; leave one out');
  return { kind: 'size', bytes };
}

function readObjectCondition(parsed: ParsedArguments, primaryKey: Buffer | undefined) {
  const sequence = readChainFlag(flags.objectUnchangedSince, parsed);
  if (sequence === undefined) return undefined;
  if (primaryKey !== undefined) return [{ primaryKey, sequence }];
  throw new UsageError('--object-unchanged-since is about an object: say --primary-key or --name');
}

function readLease(parsed: ParsedArguments, primaryKey: Buffer | undefined) {
  const token = readChainFlag(flags.lockToken, parsed);
  const locked = readChainFlag(flags.lockKey, parsed);
  if (token === undefined && locked !== undefined) {
    throw new UsageError('--lock-key is about a lock: say its --lock-token');
  }
  if (token === undefined) return undefined;
  const key = locked ?? primaryKey;
  if (key !== undefined) return { primaryKey: key, token };
  throw new UsageError(
    '--lock-token is of the lock on an object: say --lock-key, --primary-key or --name',
  );
}
