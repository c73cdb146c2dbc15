import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError, reasons } from '../bytes/index.ts';
import { errorDomain, statusByReason } from '../server/index.ts';
import { errorFromStatus, isPassing } from './errors-from-grpc.ts';

const server = 'localhost:5000';

function bare(code: status, details: string): StatusObject {
  return { code, details, metadata: new Metadata() };
}

/** A status with the details that servers of any version give. */
function detailed(reason: string, message: string, code: status): StatusObject {
  const info = create(ErrorInfoSchema, { reason, domain: errorDomain, metadata: { limit: '1' } });
  const details = [anyPack(ErrorInfoSchema, info)];
  const metadata = new Metadata();
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code, message, details }));
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code, details: message, metadata };
}

test('every reason of the server comes out as it went in', () => {
  for (const reason of reasons) {
    const message = `about ${reason} – ü`;
    const error = errorFromStatus(detailed(reason, message, statusByReason[reason]), server);
    expect(error).toMatchObject({ reason, message, metadata: { limit: '1' } });
  }
});

test('a reason of a newer server, and details that are none, do no harm', () => {
  const newer = detailed('SOMETHING_NEW', 'new', status.UNIMPLEMENTED);
  expect(errorFromStatus(newer, server)).toMatchObject({
    reason: 'INTERNAL',
    message: 'new',
    metadata: { server_reason: 'SOMETHING_NEW' },
  });
  newer.metadata.set('grpc-status-details-bin', Buffer.from([255, 255]));
  expect(errorFromStatus(newer, server).reason).toBe('UNSUPPORTED');
});

test('what the transport says is put into words with the address and what to try', () => {
  const refused = bare(
    status.UNAVAILABLE,
    'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:5000 (2026-01-01T00:00:00.000Z)',
  );
  const error = errorFromStatus(refused, server);
  expect(error).toMatchObject({ reason: 'CONNECTION_FAILED', metadata: { server } });
  expect(error.message).toMatch(/^localhost:5000 can't be reached: connect ECONNREFUSED/);
  expect(error.message).not.toContain('2026');
  expect(error.message).toContain('atedb solo');
  const lost = errorFromStatus(bare(status.UNAVAILABLE, 'Connection dropped'), server);
  expect(lost.message).toContain('was lost');
  const reasonOf = (code: status) => errorFromStatus(bare(code, 'x'), server).reason;
  expect(reasonOf(status.DEADLINE_EXCEEDED)).toBe('DEADLINE_EXCEEDED');
  // As the transport tells of a stream that was reset with ENHANCE_YOUR_CALM, and of messages beyond its own limits.
  expect(reasonOf(status.RESOURCE_EXHAUSTED)).toBe('READER_TOO_SLOW');
  const tooLarge = bare(status.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs 4)');
  expect(errorFromStatus(tooLarge, server).reason).toBe('DATA_TOO_LARGE');
  expect(reasonOf(status.UNIMPLEMENTED)).toBe('UNSUPPORTED');
  expect(reasonOf(status.INTERNAL)).toBe('CONNECTION_FAILED');
});

test('only what may pass by itself is tried again', () => {
  const passing = reasons.filter((reason) => isPassing(new AtedbError(reason, '')));
  expect(passing).toEqual([
    'TOO_MANY_STREAMS',
    'TOO_MANY_CHAINS',
    'TOO_MANY_UPLOADS',
    'READER_TOO_SLOW',
    'REQUEST_TOO_SLOW',
    'TOO_MANY_HANDSHAKES',
    'SERVER_DRAINING',
    'WIRE_SESSION_UNKNOWN',
    'WIRE_CALL_REPLAYED',
    'WIRE_FRAME_INVALID',
    'WIRE_TRUNCATED',
    'CONNECTION_FAILED',
    'DNS_FAILED',
    'DNS_NAME_NOT_FOUND',
  ]);
});
