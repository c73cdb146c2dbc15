import type { PublicKey } from '../crypto/index.ts';
import {
  type Batch,
  type Confidentiality,
  type EventAuthority,
  type ParsedAuthAnswer,
  type ParsedIdentityRotation,
  type Redaction,
  readConfidentiality,
  type WriteRule,
} from '../event/index.ts';
import { hexOrAbsent } from './event-lines.ts';
import { retentionWords } from './retention-words.ts';
import { isoTime } from './safe-text.ts';

/** What an event says of rights and keys, and how its data is sealed. */
export interface DumpedAuthority {
  readonly said: EventAuthority;
  readonly confidentiality: Confidentiality | undefined;
  /** What an auth service says, where the event holds it. */
  readonly answer?: ParsedAuthAnswer | undefined;
  readonly rotation?: ParsedIdentityRotation | undefined;
}

/** Read what an event says of rights and keys. @throws AtedbError BATCH_INVALID where a file was forged. */
export function dumpedAuthority(batch: Batch, index: number): DumpedAuthority {
  const said = batch.authorityOf(index);
  return {
    said,
    confidentiality: readConfidentiality(batch.headerOf(index)),
    answer: said.authAnswer && batch.answerOf(index),
    rotation: said.serverIdentity && batch.rotationOf(index),
  };
}

/** It in words, each a clause of its own. */
export function authorityWords(authority: DumpedAuthority): string[] {
  const { said, confidentiality, answer, rotation } = authority;
  const { authorisation = {}, publicKeys = [], wrappedKeys = [], signWith = [] } = said;
  const { author, moves, roots, keyChange, label, redaction, snapshot } = said;
  const { write, add, read, admit, retain } = authorisation;
  const words: string[] = [];
  if (confidentiality !== undefined) {
    words.push(`sealed with the read key ${short(confidentiality.readKeyId)}`);
  }
  if (write !== undefined) words.push(`may write: ${ruleWords(write)}`);
  if (add !== undefined) words.push(`may add: ${ruleWords(add)}`);
  if (read !== undefined) {
    words.push(
      read.kind === 'read_key'
        ? `reads with the key ${short(read.readKeyId)}`
        : `may read: ${read.kind === 'inherit' ? 'as its parent' : 'everyone'}`,
    );
  }
  if (admit !== undefined) words.push(`may open: ${listOf(admit) || 'nobody besides'}`);
  if (retain !== undefined) words.push(`retention: ${retentionWords(retain)}`);
  if (wrappedKeys.length > 0) {
    const readers = listOf(wrappedKeys.map(({ recipient }) => recipient));
    const ids = new Set(wrappedKeys.map(({ readKeyId }) => short(readKeyId)));
    words.push(`hands it to ${readers} (read key ${[...ids].join(', ')})`);
  }
  if (publicKeys.length > 0) {
    words.push(`shows the keys ${listOf(publicKeys.map(({ fingerprint }) => fingerprint))}`);
  }
  if (signWith.length > 0) words.push(`also from ${listOf(signWith)}`);
  if (author !== undefined) words.push(`by ${short(author)}`);
  if (moves === true) words.push('moves');
  if (snapshot !== undefined) {
    words.push(`of the first ${snapshot.size} commits ${snapshot.events} events stay`);
  }
  if (roots !== undefined) {
    words.push(`roots: ${listOf(roots.map(({ fingerprint }) => fingerprint))}`);
  }
  if (keyChange !== undefined) {
    const { fingerprint, successor } = keyChange;
    const instead =
      successor === undefined ? 'revoked' : `replaced by ${short(successor.fingerprint)}`;
    words.push(`the key ${short(fingerprint)} is ${instead}`);
  }
  if (label !== undefined) words.push(`label ${label.toString('hex')}`);
  if (answer !== undefined) words.push(...answerWords(answer));
  if (rotation !== undefined) {
    const { oldIdentity, newIdentity } = rotation;
    words.push(
      `the identity ${short(oldIdentity.fingerprint)} is followed by ${short(newIdentity.fingerprint)}`,
    );
  }
  if (redaction !== undefined) words.push(redactionWords(redaction));
  return words;
}

/** It for JSON; what is absent is undefined. */
export function authorityFields(authority: DumpedAuthority): object {
  const { said, confidentiality, answer, rotation } = authority;
  const { authorisation, publicKeys = [], wrappedKeys = [], signWith = [] } = said;
  const { author, moves, roots, keyChange, label, redaction } = said;
  const { write, add, read, admit, retain } = authorisation ?? {};
  return {
    sealed: confidentiality && { readKeyId: confidentiality.readKeyId.toString('hex') },
    write: write && ruleFields(write),
    add: add && ruleFields(add),
    read: read && {
      rule: read.kind,
      readKeyId: 'readKeyId' in read ? hex(read.readKeyId) : undefined,
    },
    admit: admit?.map(hex),
    retain,
    wrappedKeys: orAbsent(
      wrappedKeys.map(({ readKeyId, recipient }) => ({
        readKeyId: hex(readKeyId),
        recipient: hex(recipient),
      })),
    ),
    publicKeys: orAbsent(publicKeys.map(({ fingerprintHex }) => fingerprintHex)),
    signWith: orAbsent(signWith.map(hex)),
    author: hexOrAbsent(author),
    moves: moves === true ? true : undefined,
    roots: roots?.map(({ fingerprintHex }) => fingerprintHex),
    keyChange: keyChange && {
      fingerprint: hex(keyChange.fingerprint),
      successor: keyChange.successor?.fingerprintHex,
    },
    label: hexOrAbsent(label),
    answer: answer && answerFields(answer),
    serverIdentity: rotation && {
      from: rotation.oldIdentity.fingerprintHex,
      to: rotation.newIdentity.fingerprintHex,
    },
    redaction,
  };
}

/** What an auth service says, in words. */
export function answerWords(answer: ParsedAuthAnswer): string[] {
  const { owner, version, expiresUnixMs, roots, writers, admitted, changed } = answer;
  const keys = (list: readonly PublicKey[]) => listOf(list.map(({ fingerprint }) => fingerprint));
  const words = [
    `owner ${owner.text}${answer.isUnverified ? ' (claimed)' : ''}, version ${version}, until ${isoTime(expiresUnixMs)}`,
    `by the auth service ${short(answer.identity.fingerprint)}`,
    `roots: ${keys(roots)}`,
  ];
  if (writers.length > 0) words.push(`writers: ${keys(writers)}`);
  if (admitted.length > 0) words.push(`may open: ${listOf(admitted)}`);
  for (const { fingerprint, successor } of changed) {
    const instead = successor === undefined ? 'revoked' : `replaced by ${short(successor)}`;
    words.push(`the key ${short(fingerprint)} is ${instead}`);
  }
  if (answer.isRemoved) words.push('removed');
  return words;
}

/** The same for JSON. */
export function answerFields(answer: ParsedAuthAnswer): object {
  const { owner, version, issuedUnixMs, expiresUnixMs, isUnverified, isRemoved } = answer;
  return {
    owner: owner.text,
    version,
    issued: isoTime(issuedUnixMs),
    expires: isoTime(expiresUnixMs),
    authIdentity: answer.identity.fingerprintHex,
    roots: answer.roots.map(({ fingerprintHex }) => fingerprintHex),
    writers: orAbsent(answer.writers.map(({ fingerprintHex }) => fingerprintHex)),
    admitted: orAbsent(answer.admitted.map(hex)),
    changed: orAbsent(
      answer.changed.map(({ fingerprint, successor }) => ({
        fingerprint: hex(fingerprint),
        successor: successor && hex(successor),
      })),
    ),
    unverified: isUnverified ? true : undefined,
    removed: isRemoved ? true : undefined,
  };
}

function redactionWords({ sequences, beforeSequence }: Redaction): string {
  return sequences === undefined
    ? `erases all data of its object before ${beforeSequence}`
    : `erases the data of ${sequences.join(', ')}`;
}

function ruleWords(rule: WriteRule): string {
  if (rule.kind === 'any_of') return listOf(rule.fingerprints);
  return rule.kind === 'inherit' ? 'as its parent' : rule.kind;
}

function ruleFields(rule: WriteRule): object {
  return {
    rule: rule.kind,
    fingerprints: rule.kind === 'any_of' ? rule.fingerprints.map(hex) : undefined,
  };
}

function listOf(fingerprints: readonly Buffer[]): string {
  return fingerprints.map(short).join(', ');
}

function orAbsent<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}

/** Enough of an id for people to tell it from others. */
export function short(id: Uint8Array): string {
  return Buffer.from(id.subarray(0, 6)).toString('hex');
}
