import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  LogSegmentSchema,
  type StateSnapshot,
  StateSnapshotSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { Pace, type StoredState, type TakenState } from '../log/index.ts';
import {
  type Answer,
  type AuthorityRecord,
  type AuthorityRecording,
  type ChainState,
  decodeAuthority,
  type StateRecord,
  type WriterRecord,
} from '../trust/index.ts';

/** Objects that are gone through between two looks at the clock. */
const objectsAtOnce = 256;

/**
 * Take a chain's state, as it is stored; the log adds what it knows by itself: magic, chain id, CRC. Its objects are gone through
 * in small pieces, and as they are now, whatever comes meanwhile.
 */
export function takeState(state: ChainState, genesisSlice: Buffer): TakenState {
  const recording = state.beginRecording();
  return {
    snapshot: toSnapshot(recording, genesisSlice),
    authority: complete(recording.authority),
  };
}

async function complete(recording: AuthorityRecording): Promise<readonly Buffer[]> {
  const pace = new Pace();
  while (!recording.step(objectsAtOnce)) if (pace.isDue) await pace.rest();
  return recording.finish();
}

function toSnapshot(record: Omit<StateRecord, 'authority'>, genesisSlice: Buffer): StateSnapshot {
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
  });
}

/** The state that a stored snapshot holds. @throws AtedbError CHAIN_DAMAGED where it doesn't say who may do what. */
export function fromSnapshot({ snapshot, authority }: StoredState): StateRecord {
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
    authority: authorityOf(authority),
  };
}

function authorityOf(stored: Buffer | undefined): AuthorityRecord {
  const what = 'the snapshot does not say who may do what';
  if (stored === undefined) throw new AtedbError('CHAIN_DAMAGED', what);
  try {
    return decodeAuthority(stored);
  } catch (cause) {
    if (!(cause instanceof AtedbError)) throw cause;
    throw new AtedbError('CHAIN_DAMAGED', `${what}: ${cause.message}`, { cause });
  }
}

/** The genesis batch that a stored snapshot holds: the slice as it was, since its form is strict. */
export function genesisSliceOf(snapshot: StateSnapshot): Buffer {
  if (snapshot.genesis === undefined) return Buffer.alloc(0);
  return Buffer.from(toBinary(LogSegmentSchema, snapshot.genesis));
}
