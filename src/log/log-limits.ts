import assert from 'node:assert/strict';
import { batchBytesMax } from '../bytes/index.ts';

/**
 * What one group commit writes at most. Part of the format: no more than this can ever be in a segment and not be
 * durable, so a fault with more behind it isn't a torn write.
 */
export const groupBytesMax = 8 * 1024 * 1024;

/** More than this behind a fault can't be what a crash left, however the last group was torn. */
export const unsyncedBytesMax = groupBytesMax + batchBytesMax;

/** The size at which a segment is closed and the next begun. Opening a chain scans at most about this much. */
export const segmentBytesDefault = 64 * 1024 * 1024;

/**
 * What opening may take to go through a segment, in events of large batches: so many take a quarter to a third of a second of
 * processor time. Twice as many would be half as many segments to look for an object in, and twice as long to open.
 */
export const segmentReplayDefault = 262_144;

/** Batches are found by an entry about every so many bytes, and a walk from there. */
export const indexSpacingBytes = 16 * 1024;

/** What the readers at the tail of a chain share. */
export const tailBytesDefault = 4 * 1024 * 1024;

/** Files of records are read whole; a larger one is none of ours. */
export const recordBytesMax = 1024 * 1024 * 1024;

/** Published heads whose roots are kept at hand. */
export const recentHeadsMax = 4096;

assert(groupBytesMax >= batchBytesMax, 'a group must hold any batch');
