import type { DumpPart } from '../log/index.ts';
import { short } from './dump-authority.ts';
import { batchFields, batchWords } from './dump-batch.ts';
import { hexOrAbsent } from './event-lines.ts';
import { countOf, isoTime, safeText, spanOf } from './safe-text.ts';

/** A part of a log as one line of JSON. */
export function dumpJson(part: DumpPart): string {
  const { file, kind } = part;
  return JSON.stringify({ part: kind, file, ...fieldsOf(part) });
}

function fieldsOf(part: DumpPart): object {
  switch (part.kind) {
    case 'manifest': {
      const { chainId, closed, active, compacted } = part.manifest;
      const segments = closed.map(({ generation, originalSha256, ...entry }) => ({
        ...entry,
        sha256: entry.sha256.toString('hex'),
        ...(generation === 0 ? {} : { generation, originalSha256: originalSha256.toString('hex') }),
      }));
      return { chainId: chainId.toString('hex'), closed: segments, active, compacted };
    }
    case 'snapshot': {
      const { chainId, nextCommit, nextSequence, timeUnixMs, writers } = part.snapshot;
      return {
        chainId: Buffer.from(chainId).toString('hex'),
        nextCommit: Number(nextCommit),
        nextSequence: Number(nextSequence),
        time: isoTime(Number(timeUnixMs)),
        writers: writers.map((writer) => ({
          writer: Buffer.from(writer.writerId).toString('hex'),
          nextCounter: Number(writer.nextCounter),
          lastCommit: Number(writer.lastCommit),
          endSequence: Number(writer.endSequence),
          recentAnswers: writer.recent.length,
        })),
      };
    }
    case 'header': {
      const { header, offset, bytes } = part;
      return {
        offset,
        bytes,
        ...header,
        chainId: header.chainId.toString('hex'),
        frontier: header.frontier.map((hash) => hash.toString('hex')),
        previousSha256: hexOrAbsent(header.previousSha256),
        rewritten: undefined,
        generation: header.rewritten?.generation,
        originalSha256: hexOrAbsent(header.rewritten?.originalSha256),
      };
    }
    case 'batch':
      return batchFields(part);
    case 'gap':
      return { offset: part.offset, bytes: part.bytes, ...part.gap };
    case 'footer': {
      const { offset, bytes, footer } = part;
      const { nextCommit, nextSequence, treeRoot } = footer;
      return { offset, bytes, nextCommit, nextSequence, treeRoot: treeRoot.toString('hex') };
    }
    case 'fault':
      return { offset: part.offset, bytes: part.bytes, what: part.what, torn: part.torn };
    case 'index':
      return { entries: part.entries, endOffset: part.endOffset };
    case 'keys':
      return { keys: part.keys, writers: part.writers };
    case 'tiles':
      return { hashes: part.hashes };
    case 'other':
      return { bytes: part.bytes };
  }
}

/** A part of a log in words, ended by a newline. */
export function dumpWords(part: DumpPart): string {
  switch (part.kind) {
    case 'manifest': {
      const { chainId, closed, active } = part.manifest;
      const lines = closed.map(
        ({ segment, generation, firstCommit, firstSequence, bytes, sha256 }) =>
          `  segment ${segment}${rewrittenWords(generation)}: from commit ${firstCommit}, sequence ${firstSequence}; ` +
          `${countOf(bytes, 'byte')}, SHA-256 ${sha256.toString('hex')}\n`,
      );
      const { segment, firstCommit, firstSequence } = active;
      return (
        `  chain id ${chainId.toString('hex')}\n${lines.join('')}` +
        `  segment ${segment}: from commit ${firstCommit}, sequence ${firstSequence}; active\n`
      );
    }
    case 'snapshot': {
      const { nextCommit, nextSequence, timeUnixMs, writers } = part.snapshot;
      const lines = writers.map(
        ({ writerId, nextCounter, lastCommit, recent }) =>
          `  writer ${short(writerId)}: ${nextCounter} batches, the last one in commit ${lastCommit}; ` +
          `${countOf(recent.length, 'answer')} kept\n`,
      );
      const place = `before commit ${nextCommit}, sequence ${nextSequence}`;
      return `  state ${place}, at ${isoTime(Number(timeUnixMs))}\n${lines.join('')}`;
    }
    case 'header': {
      const { segment, firstCommit, firstSequence, chainId, previousSha256, rewritten } =
        part.header;
      const original =
        rewritten === undefined
          ? ''
          : `  it was closed as a file with SHA-256 ${rewritten.originalSha256.toString('hex')}\n`;
      const before =
        previousSha256 === undefined
          ? ''
          : `  the file before it has SHA-256 ${previousSha256.toString('hex')}\n`;
      return (
        `  header of segment ${segment}${rewrittenWords(rewritten?.generation ?? 0)}, ${countOf(part.bytes, 'byte')}: from commit ${firstCommit}, sequence ` +
        `${firstSequence}, of chain id ${chainId.toString('hex')}\n${original}${before}`
      );
    }
    case 'batch':
      return batchWords(part);
    case 'gap': {
      const { firstCommit, lastCommit, firstSequence, lastSequence, snapshot } = part.gap;
      return (
        `  gap: commits ${spanOf(firstCommit, lastCommit)}, sequences ` +
        `${spanOf(firstSequence, lastSequence)} are gone by the snapshot at ${snapshot}, ${placeOf(part)}\n`
      );
    }
    case 'footer': {
      const { nextCommit, nextSequence, treeRoot } = part.footer;
      return (
        `  footer, ${placeOf(part)}: closed in good order before commit ${nextCommit}, sequence ` +
        `${nextSequence}; tree root ${treeRoot.toString('hex')}\n`
      );
    }
    case 'fault': {
      const passed = part.bytes === 0 ? '' : `; ${countOf(part.bytes, 'byte')} passed over`;
      const kind = part.torn ? 'TORN' : 'DAMAGED';
      return `  ${kind} at ${part.offset}: ${safeText(part.what)}${passed}\n`;
    }
    case 'index':
      return `  ${countOf(part.entries, 'place')} of batches up to ${part.endOffset}\n`;
    case 'keys':
      return `  ${countOf(part.keys, 'primary key')} of ${countOf(part.writers, 'writer')}\n`;
    case 'tiles':
      return `  ${part.hashes} tree hashes\n`;
    case 'other':
      return `  ${countOf(part.bytes, 'byte')}, not looked into\n`;
  }
}

function rewrittenWords(generation: number): string {
  return generation === 0 ? '' : `, rewritten ${generation === 1 ? 'once' : `${generation} times`}`;
}

function placeOf({ offset, bytes }: { offset: number; bytes: number }): string {
  return `${countOf(bytes, 'byte')} at ${offset}`;
}
