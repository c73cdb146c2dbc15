import type { MessageForm } from '../bytes/index.ts';
import { hash32, required } from './form-fields.ts';

// The strict forms of what snapshots say, and of what stands for what is gone by them.

export const snapshotForm: MessageForm = {
  name: 'Snapshot',
  fields: [
    { number: 1, name: 'size', kind: 'varint', required: true },
    required(hash32(2, 'tree_root')),
    { number: 3, name: 'events', kind: 'varint', required: true },
    required(hash32(4, 'gone')),
    { number: 5, name: 'writers', kind: 'varint', required: true },
    required(hash32(6, 'writers_hash')),
  ],
};

/** The most hashes that stand for events of a batch: two for each level of its tree. */
const goneHashesMax = 28;

export const goneEventsForm: MessageForm = {
  name: 'GoneEvents',
  fields: [
    { number: 1, name: 'events', kind: 'uint32', required: true },
    { number: 2, name: 'hashes', kind: 'bytes', lengthMax: 32 * goneHashesMax, required: true },
  ],
};

/** An Event that stands for others, and holds nothing else. */
export const goneEventForm: MessageForm = {
  name: 'Event',
  fields: [{ number: 6, name: 'gone', kind: 'message', form: goneEventsForm, required: true }],
};

/** The most hashes that stand for commits of a chain: two for each level of its tree. */
const gapHashesMax = 106;

export const gapForm: MessageForm = {
  name: 'Gap',
  fields: [
    { number: 1, name: 'commits', kind: 'varint' },
    { number: 2, name: 'events', kind: 'varint' },
    { number: 3, name: 'hashes', kind: 'bytes', lengthMax: 32 * gapHashesMax },
    { number: 4, name: 'snapshot', kind: 'varint', required: true },
    { number: 5, name: 'size', kind: 'varint', required: true },
    hash32(6, 'before'),
    { number: 7, name: 'gone_from', kind: 'varint' },
    { number: 8, name: 'last_from', kind: 'varint' },
    { number: 9, name: 'last_end', kind: 'varint' },
  ],
};
