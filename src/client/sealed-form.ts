import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import {
  CallHeadersSchema,
  CallOpenSchema,
  CallStatusSchema,
  type MetadataEntry,
  WireService,
} from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { type ClientCallCrypto, type ClientSession, frameTypes } from '../wire/index.ts';
import type { BegunCall, CallForm, Received } from './call-form.ts';

const { call: outerMethod } = WireService.method;
const outerPath = `/${outerMethod.parent.typeName}/${outerMethod.name}`;
const detailsKey = 'grpc-status-details-bin';
const nothing = Buffer.alloc(0);

/** A call within `WireService.Call`, every message of it sealed. */
export class SealedForm implements CallForm {
  readonly session: ClientSession;
  readonly outer: BegunCall;
  readonly opening: Buffer;
  readonly hasOwnStatus = true;
  readonly #frames: ClientCallCrypto;
  readonly #onClose: () => void;
  #isClosed = false;

  /**
   * @param onClose called once, when the call is over.
   * @throws AtedbError WIRE_SESSION_UNKNOWN where the session isn't usable any more.
   */
  constructor(session: ClientSession, call: BegunCall, onClose: () => void) {
    this.session = session;
    this.#onClose = onClose;
    this.#frames = session.openCall();
    // What is called, with what, and for how long, nobody on the way is told.
    this.outer = {
      path: outerPath,
      metadata: new Metadata(),
      deadline: Number.POSITIVE_INFINITY,
    };
    this.opening = this.#frames.seal(frameTypes.open, openingBytes(call));
  }

  get exporter(): Buffer {
    return this.#frames.exporter;
  }

  seal(message: Buffer): Buffer {
    return this.#frames.seal(frameTypes.message, message);
  }

  sealHalfClose(): Buffer {
    return this.#frames.seal(frameTypes.halfClose, nothing);
  }

  open(received: Buffer): Received {
    const { type, payload } = this.#frames.open(received);
    switch (type) {
      case frameTypes.message:
        return { kind: 'message', message: payload };
      case frameTypes.status:
        return { kind: 'status', status: readable(() => statusOf(payload)) };
      default:
        return {
          kind: 'metadata',
          metadata: readable(() => metadataOf(fromBinary(CallHeadersSchema, payload).metadata)),
        };
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#frames.wipe();
    this.#onClose();
  }
}

function openingBytes({ path, metadata, deadline }: BegunCall): Buffer {
  const leftMs = Number(deadline) - Date.now();
  const bytes = toBinary(
    CallOpenSchema,
    create(CallOpenSchema, {
      method: path,
      metadata: entriesOf(metadata),
      ...(Number.isFinite(leftMs) && { timeoutMs: BigInt(Math.max(0, Math.ceil(leftMs))) }),
    }),
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function entriesOf(metadata: Metadata): { name: string; value: Buffer }[] {
  return Object.keys(metadata.getMap()).flatMap((name) =>
    metadata.get(name).map((value) => ({ name, value: Buffer.from(value) })),
  );
}

function metadataOf(entries: readonly MetadataEntry[]): Metadata {
  const metadata = new Metadata();
  for (const { name, value } of entries) {
    const bytes = Buffer.from(value);
    metadata.add(name, name.endsWith('-bin') ? bytes : bytes.toString('latin1'));
  }
  return metadata;
}

function statusOf(payload: Buffer): StatusObject {
  const { code, message, details, trailers } = fromBinary(CallStatusSchema, payload);
  const metadata = metadataOf(trailers);
  if (details.length > 0) metadata.set(detailsKey, Buffer.from(details));
  return { code, details: message, metadata };
}

/** What the server has sealed, and can't be read all the same. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const message = "a frame of the server's opens, and what is in it can't be read";
    throw new AtedbError('VERIFICATION_FAILED', message, { cause });
  }
}
