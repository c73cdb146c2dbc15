import type { Row } from '../row.ts';
import { attestedSdk } from './attested-sdk.ts';
import { compaction, compactionAppends } from './compaction.ts';
import { distributedOneSdk, distributedSdk } from './distributed-sdk.ts';
import { getEventRow } from './get-event.ts';
import { indexed } from './indexed.ts';
import { live } from './live.ts';
import { logins } from './logins.ts';
import { manyChains } from './many-chains.ts';
import {
  manyStreams,
  manyStreamsDeep,
  manyStreamsSigned,
  manyStreamsStock,
} from './many-streams.ts';
import { memory } from './memory.ts';
import { oneInFlight, oneInFlightSigned, oneInFlightUnix } from './one-in-flight.ts';
import { oneInFlightSdk } from './one-in-flight-sdk.ts';
import { openedMemory } from './opened-memory.ts';
import { opening } from './opening.ts';
import { openWithoutAuth, ownerQueries } from './owners.ts';
import { pipelined, pipelinedSigned, pipelinedThousand } from './pipelined.ts';
import { pipelinedSdk, pipelinedThousandSdk } from './pipelined-sdk.ts';
import { recoveryAppend, recoveryRead } from './recovery.ts';
import { replayReceived } from './replay-received.ts';
import { replaySigned, replayVerified } from './replay-verified.ts';
import { ruled } from './ruled.ts';
import { openingData, sealingData } from './sealed-data.ts';
import { slowDisk, slowDiskDeep } from './slow-disk.ts';
import { slowDiskReplay } from './slow-disk-replay.ts';
import { verifyFolderRow } from './verify-folder.ts';
import { wireHandshakes128, wireHandshakes256 } from './wire-handshakes.ts';
import { wirePipelined128, wirePipelined256 } from './wire-pipelined.ts';
import { wireReplay128, wireReplay256 } from './wire-replay.ts';
import { wireSessions } from './wire-sessions.ts';

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [
  oneInFlight,
  oneInFlightUnix,
  oneInFlightSigned,
  oneInFlightSdk,
  manyStreams,
  manyStreamsDeep,
  manyStreamsStock,
  manyStreamsSigned,
  pipelined,
  pipelinedThousand,
  pipelinedSigned,
  pipelinedSdk,
  pipelinedThousandSdk,
  attestedSdk,
  ruled,
  distributedSdk,
  distributedOneSdk,
  sealingData,
  openingData,
  replayReceived,
  replayVerified,
  replaySigned,
  verifyFolderRow,
  indexed,
  compaction,
  compactionAppends,
  wirePipelined128,
  wirePipelined256,
  wireReplay128,
  wireReplay256,
  wireHandshakes128,
  wireHandshakes256,
  wireSessions,
  manyChains,
  ownerQueries,
  openWithoutAuth,
  logins,
  slowDisk,
  slowDiskDeep,
  slowDiskReplay,
  live,
  recoveryRead,
  recoveryAppend,
  opening,
  openedMemory,
  getEventRow,
  memory,
];

/** The row of a name; undefined where there is none. */
export function rowNamed(name: string): Row | undefined {
  return rows.find((row) => row.name === name);
}
