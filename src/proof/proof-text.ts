import { signersMax } from '../bytes/index.ts';
import { parseJson } from './compact-json.ts';
import type { EventProof, OlderTree, Proof, ProofCheckpoint } from './proof.ts';
import { notProven } from './proof-error.ts';
import { Fields } from './proof-fields.ts';
import { readRotations, rotationFields } from './stored-checkpoint.ts';

/** Names the schema of docs/proofs.md, and its version. */
export const proofFormat = 'atedb-proof-1';

/** Longer than any proof can be: the data of an event is at most 3.75 MiB. */
export const proofCharactersMax = 8 * 1024 * 1024;

/**
 * Write a proof as JSON.
 *
 * @param indent spaces a level; 0: all on one line.
 */
export function proofText(proof: Proof, indent = 2): string {
  const { genesis, head, last, checkpoint, event, older, newer } = proof;
  const ending = {
    commitHeader: last.commitHeader.toString('base64'),
    inclusion: hexes(last.inclusion),
  };
  const value = {
    format: proofFormat,
    genesis: {
      batch: genesis.run.toString('base64'),
      commitHeader: genesis.commitHeader.toString('base64'),
      inclusion: hexes(genesis.inclusion),
    },
    head: {
      size: head.size,
      root: head.root.toString('hex'),
      ...(newer === undefined ? ending : {}),
    },
    newer: newer && {
      size: newer.head.size,
      root: newer.head.root.toString('hex'),
      consistency: hexes(newer.consistency),
      ...ending,
    },
    // `undefined` is left out by JSON.stringify.
    checkpoint: checkpoint && {
      note: checkpoint.note,
      keys: checkpoint.keys.toString('base64'),
      identity: checkpoint.identity.toString('base64'),
      ...rotationFields(checkpoint.rotations),
    },
    event: event && {
      sequence: event.sequence,
      header: event.header.toString('base64'),
      salt: event.content?.salt?.toString('base64'),
      data: event.content?.data.toString('base64'),
      path: hexes(event.path),
      seal: event.seal.toString('base64'),
      keys: event.keys.length === 0 ? undefined : event.keys.map((key) => key.toString('base64')),
      commitHeader: event.commitHeader.toString('base64'),
      inclusion: hexes(event.inclusion),
    },
    older: older && {
      size: older.head.size,
      root: older.head.root.toString('hex'),
      consistency: hexes(older.consistency),
    },
  };
  return `${JSON.stringify(value, null, indent)}\n`;
}

/**
 * Read a proof that was written as JSON. Spaces and line ends between its parts, and the order of fields, don't matter; what
 * is unknown, missing, there twice or not written in the one way that there is for it is refused.
 *
 * @throws AtedbError VERIFICATION_FAILED, naming the field. What the proof says isn't verified: see `checkProof`.
 */
export function parseProof(text: string): Proof {
  if (text.length > proofCharactersMax) {
    throw notProven(
      `it is ${text.length} characters, and no proof has more than ${proofCharactersMax}`,
    );
  }
  const fields = new Fields('', parseJson(text, notProven));
  const format = fields.text('format');
  if (format !== proofFormat) {
    throw notProven(
      `its format is ${JSON.stringify(format)}, and this version reads ${proofFormat}`,
    );
  }
  const genesis = fields.object('genesis');
  const head = fields.object('head');
  const event = fields.optional('event', () => readEvent(fields.object('event')));
  const older = fields.optional('older', () => readTree(fields.object('older')));
  const newerFields = fields.optional('newer', () => fields.object('newer'));
  const ending = newerFields ?? head;
  const last = {
    commitHeader: ending.base64('commitHeader'),
    inclusion: ending.hashes('inclusion'),
  };
  const proof: Proof = {
    genesis: {
      run: genesis.base64('batch'),
      commitHeader: genesis.base64('commitHeader'),
      inclusion: genesis.hashes('inclusion'),
    },
    head: { size: head.count('size'), root: head.hash('root') },
    last,
    checkpoint: fields.optional('checkpoint', () => readCheckpoint(fields.object('checkpoint'))),
    event,
    older,
    newer: newerFields && readTree(newerFields),
  };
  for (const part of [fields, genesis, head]) part.end();
  return proof;
}

function readEvent(fields: Fields): EventProof {
  const salt = fields.optional('salt', () => fields.base64('salt'));
  const data = fields.optional('data', () => fields.base64('data'));
  if (salt !== undefined && data === undefined) {
    throw notProven('its event has a salt and no data');
  }
  if (salt !== undefined && salt.length !== 16)
    throw notProven('the salt of its event is not 16 bytes');
  const event: EventProof = {
    sequence: fields.count('sequence'),
    header: fields.base64('header'),
    content: data && { salt, data },
    path: fields.hashes('path'),
    seal: fields.base64('seal'),
    keys: fields.optional('keys', () => fields.base64s('keys', signersMax)) ?? [],
    commitHeader: fields.base64('commitHeader'),
    inclusion: fields.hashes('inclusion'),
  };
  fields.end();
  return event;
}

function readCheckpoint(fields: Fields): ProofCheckpoint {
  const checkpoint: ProofCheckpoint = {
    note: fields.text('note'),
    keys: fields.base64('keys'),
    identity: fields.base64('identity'),
    rotations: readRotations(fields),
  };
  fields.end();
  return checkpoint;
}

function readTree(fields: Fields): OlderTree {
  const tree: OlderTree = {
    head: { size: fields.count('size'), root: fields.hash('root') },
    consistency: fields.hashes('consistency'),
  };
  fields.end();
  return tree;
}

function hexes(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex'));
}
