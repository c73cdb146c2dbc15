import { FieldWriter, frame } from '../../src/bytes/index.ts';
import { dataStates, parseBatch, runFields } from '../../src/event/index.ts';

/** What becomes of one event's data; `data` and `salt` are left in it, where they are to be. */
export interface GoneData {
  readonly state: keyof typeof dataStates;
  readonly redaction?: number;
  readonly data?: Buffer;
  readonly salt?: Buffer;
}

/** The run of a batch as a server would send it, of which events have lost their data. Nothing is checked. */
export function withoutData(run: Buffer, goneOf: (index: number) => GoneData | undefined): Buffer {
  const batch = parseBatch(run);
  const events = batch.events.map(({ headerBytes, data, salt, dataState, redactedBy }, index) => {
    const gone = goneOf(index);
    const writer = new FieldWriter().bytes(1, headerBytes);
    if (gone === undefined) {
      writer.bytes(2, data.length === 0 ? undefined : data).bytes(3, salt);
      return frame(
        runFields.event,
        writer
          .varint(4, dataState)
          .varint(5, redactedBy ?? 0)
          .finish(),
      );
    }
    writer.bytes(2, gone.data).bytes(3, gone.salt);
    writer.varint(4, dataStates[gone.state]).varint(5, gone.redaction ?? 0);
    return frame(runFields.event, writer.finish());
  });
  return Buffer.concat([...events, frame(runFields.seal, batch.seal.bytes)]);
}
