import type { Row } from '../row.ts';
import { manyStreams } from './many-streams.ts';
import { oneInFlight } from './one-in-flight.ts';
import { oneInFlightSdk } from './one-in-flight-sdk.ts';
import { pipelined } from './pipelined.ts';
import { pipelinedSdk } from './pipelined-sdk.ts';
import { replayReceived } from './replay-received.ts';
import { replayVerified } from './replay-verified.ts';

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [
  oneInFlight,
  oneInFlightSdk,
  pipelined,
  pipelinedSdk,
  manyStreams,
  replayReceived,
  replayVerified,
];

/** The row of a name; undefined where there is none. */
export function rowNamed(name: string): Row | undefined {
  return rows.find((row) => row.name === name);
}
