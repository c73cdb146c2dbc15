import type { TreeHead } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import { parseJson } from './compact-json.ts';
import { unproven } from './proof-error.ts';
import { Fields } from './proof-fields.ts';
import {
  checkpointFields,
  readStoredCheckpoint,
  type StoredCheckpoint,
} from './stored-checkpoint.ts';

/** Names the fields of docs/checkpoints.md, and their version. */
const evidenceFormat = 'atedb-evidence-1';

/** More than a file of evidence can have: what a server has sent as its proof is kept whole, and is at most 4 MiB. */
export const evidenceCharactersMax = 16 * 1024 * 1024;

/** Two heads that a server has shown and that can't both be true, as a client has them. */
export interface Evidence {
  /** When it was met, by the client's clock. */
  readonly time: Date;
  /** `host:port`. */
  readonly server: string;
  readonly chainKey: string;
  readonly why: string;
  /** Header bytes of the genesis; absent where the server shows none. */
  readonly genesisHeader: Buffer | undefined;
  readonly rememberedHead: TreeHead;
  /** Absent: the server shows none. */
  readonly servedHead: TreeHead | undefined;
  /** The proof that the server gave that the one extends the other. */
  readonly consistency: readonly Buffer[];
  /** The newest checkpoint that the server had signed before. */
  readonly rememberedCheckpoint?: SignedHead | undefined;
  /** The server's checkpoint of what it serves. */
  readonly servedCheckpoint?: SignedHead | undefined;
}

/** What of a file of evidence can be checked. All else in it is the word of whoever wrote it. Not verified. */
export interface WrittenEvidence {
  readonly genesisHeader: Buffer | undefined;
  readonly rememberedCheckpoint: StoredCheckpoint | undefined;
  readonly servedCheckpoint: StoredCheckpoint | undefined;
}

/** Write evidence as JSON. */
export function evidenceText(evidence: Evidence): string {
  const { time, server, chainKey, why, genesisHeader, rememberedHead, servedHead } = evidence;
  const { consistency, rememberedCheckpoint, servedCheckpoint } = evidence;
  // `undefined` is left out by JSON.stringify.
  const value = {
    format: evidenceFormat,
    time: time.toISOString(),
    server,
    chainKey,
    why,
    genesisHeader: genesisHeader?.toString('base64'),
    rememberedHead: headFields(rememberedHead),
    servedHead: servedHead && headFields(servedHead),
    consistency: consistency.map((hash) => hash.toString('hex')),
    rememberedCheckpoint: rememberedCheckpoint && checkpointFields(rememberedCheckpoint),
    servedCheckpoint: servedCheckpoint && checkpointFields(servedCheckpoint),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Read evidence that was written as JSON.
 *
 * @throws AtedbError VERIFICATION_FAILED, naming the field. What the file says isn't verified: see `checkEvidence`.
 */
export function parseEvidence(text: string): WrittenEvidence {
  if (text.length > evidenceCharactersMax) {
    throw unproven(`it is ${text.length} characters, and may have ${evidenceCharactersMax}`);
  }
  const fields = new Fields('', parseJson(text, unproven), unproven);
  const format = fields.text('format');
  if (format !== evidenceFormat) {
    throw unproven(
      `its format is ${JSON.stringify(format)}, and this version reads ${evidenceFormat}`,
    );
  }
  // Nothing signs these; and a server that sends nonsense as its proof is not to make the file useless by that.
  for (const name of ['time', 'server', 'chainKey', 'why', 'rememberedHead', 'consistency']) {
    fields.pass(name);
  }
  fields.optional('servedHead', () => fields.pass('servedHead'));
  const checkpoint = (name: string) =>
    fields.optional(name, () => readStoredCheckpoint(fields.object(name)));
  const evidence = {
    genesisHeader: fields.optional('genesisHeader', () => fields.base64('genesisHeader')),
    rememberedCheckpoint: checkpoint('rememberedCheckpoint'),
    servedCheckpoint: checkpoint('servedCheckpoint'),
  };
  fields.end();
  return evidence;
}

function headFields({ size, root }: TreeHead): object {
  return { size, root: root.toString('hex') };
}
