import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AuthoritySnapshotSchema,
  LogSegmentSchema,
  type StateSnapshot,
  StateSnapshotSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import {
  type Answer,
  type AuthorityRecord,
  decodeAuthority,
  encodeAuthority,
  type StateRecord,
  type WriterRecord,
} from '../trust/index.ts';

/** A chain's state, as the message that is stored; the log adds what it knows by itself: magic, chain id, CRC. */
export function toSnapshot(record: StateRecord, genesisSlice: Buffer): StateSnapshot {
  return create(StateSnapshotSchema, {
    nextCommit: BigInt(record.nextCommit),
    nextSequence: BigInt(record.nextSequence),
    timeUnixMs: BigInt(record.timeUnixMs),
    genesis: fromBinary(LogSegmentSchema, genesisSlice),
    writers: record.writers.map((writer) => ({
      writerId: writer.writerId,
      nextCounter: BigInt(writer.nextCounter),
      lastCommit: BigInt(writer.lastCommit),
      endSequence: BigInt(writer.endSequence),
      asOfSize: BigInt(writer.asOfSize),
      recent: writer.recent.map(({ sealHash, commitHeader }) => ({ sealHash, commitHeader })),
    })),
    authority: fromBinary(AuthoritySnapshotSchema, encodeAuthority(record.authority)),
  });
}

/** The state that a stored snapshot holds. */
export function fromSnapshot(snapshot: StateSnapshot): StateRecord {
  return {
    nextCommit: Number(snapshot.nextCommit),
    nextSequence: Number(snapshot.nextSequence),
    timeUnixMs: Number(snapshot.timeUnixMs),
    writers: snapshot.writers.map(
      (writer): WriterRecord => ({
        writerId: Buffer.from(writer.writerId),
        nextCounter: Number(writer.nextCounter),
        lastCommit: Number(writer.lastCommit),
        endSequence: Number(writer.endSequence),
        asOfSize: Number(writer.asOfSize),
        recent: writer.recent.map(
          (answer): Answer => ({
            sealHash: Buffer.from(answer.sealHash),
            commitHeader: Buffer.from(answer.commitHeader),
          }),
        ),
      }),
    ),
    authority: authorityOf(snapshot),
  };
}

function authorityOf({ authority }: StateSnapshot): AuthorityRecord {
  if (authority === undefined) {
    throw new AtedbError('CHAIN_DAMAGED', 'the snapshot does not say who may do what');
  }
  return decodeAuthority(Buffer.from(toBinary(AuthoritySnapshotSchema, authority)));
}

/** The genesis batch that a stored snapshot holds: the slice as it was, since its form is strict. */
export function genesisSliceOf(snapshot: StateSnapshot): Buffer {
  if (snapshot.genesis === undefined) return Buffer.alloc(0);
  return Buffer.from(toBinary(LogSegmentSchema, snapshot.genesis));
}
