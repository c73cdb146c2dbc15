import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  CallOpenSchema,
  CallStatusSchema,
  type MetadataEntry,
} from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError } from '../bytes/index.ts';

/** What a sealed call begins with. */
export interface SealedOpening {
  /** `/atedb.v1.ChainService/Append`. */
  readonly path: string;
  readonly metadata: Metadata;
  /** Undefined: without limit. */
  readonly timeoutMs: number | undefined;
}

/** What a call may say before its messages: as much as grpc-js takes of headers. */
const openingBytesMax = 16_384;

const detailsKey = 'grpc-status-details-bin';

/** Read what a sealed call begins with. @throws AtedbError REQUEST_INVALID. */
export function parseOpening(bytes: Buffer): SealedOpening {
  if (bytes.length > openingBytesMax) {
    throw invalid(`it has ${bytes.length} bytes, and may have ${openingBytesMax}`);
  }
  try {
    const { method, metadata, timeoutMs } = fromBinary(CallOpenSchema, bytes);
    return {
      path: method,
      metadata: metadataOf(metadata),
      timeoutMs: timeoutMs === undefined ? undefined : Number(timeoutMs),
    };
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
}

/** The payload of the frame that ends a sealed call. */
export function statusBytes(
  outcome: Pick<ServiceError, 'code' | 'details'> & { readonly metadata?: Metadata | undefined },
): Buffer {
  const { code, details, metadata } = outcome;
  const trailers: { name: string; value: Buffer }[] = [];
  let statusDetails: Buffer | undefined;
  for (const [name, values] of Object.entries(metadata?.toHttp2Headers() ?? {})) {
    for (const text of Array.isArray(values) ? values : [String(values)]) {
      const value = name.endsWith('-bin') ? Buffer.from(text, 'base64') : Buffer.from(text);
      if (name === detailsKey) statusDetails = value;
      else trailers.push({ name, value });
    }
  }
  const message = {
    code,
    message: details,
    trailers,
    ...(statusDetails && { details: statusDetails }),
  };
  const bytes = toBinary(CallStatusSchema, create(CallStatusSchema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function metadataOf(entries: readonly MetadataEntry[]): Metadata {
  const metadata = new Metadata();
  for (const { name, value } of entries) {
    const bytes = Buffer.from(value);
    // Refuses names and values that HTTP/2 would not carry.
    metadata.add(name, name.endsWith('-bin') ? bytes : bytes.toString('latin1'));
  }
  return metadata;
}

function invalid(what: string, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', `the opening of a sealed call can't be read: ${what}`, {
    metadata: { field: 'open' },
    cause,
  });
}
