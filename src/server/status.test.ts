import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type ServiceError, status } from '@grpc/grpc-js';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError, reasons } from '../bytes/index.ts';
import { statusByReason, toServiceError } from './status.ts';

/** A logger whose lines can be looked at. */
function recordingLogger(level: string) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

const silent = pino({ level: 'silent' });

function detailsOf(error: ServiceError) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = fromBinary(StatusSchema, bytes as Buffer);
  const [info, badRequest] = details.details;
  return {
    code: details.code,
    message: details.message,
    info: info && anyUnpack(info, ErrorInfoSchema),
    badRequest: badRequest && anyUnpack(badRequest, BadRequestSchema),
  };
}

describe('the status of each reason', () => {
  /** The first word of each reason's comment in the schema. */
  function schemaStatuses(): Map<string, string> {
    const proto = readFileSync(
      new URL('../../proto/atedb/v1/errors.proto', import.meta.url),
      'utf8',
    );
    const body = proto.slice(proto.indexOf('enum ErrorReason {'));
    const found = new Map<string, string>();
    for (const [, comment = '', name = ''] of body.matchAll(
      /((?: *\/\/.*\n)+) *ERROR_REASON_(\w+) = \d+;/g,
    )) {
      found.set(name, /\/\/ (.*?)\./.exec(comment)?.[1] ?? '');
    }
    found.delete('UNSPECIFIED');
    return found;
  }

  test('is the one that the schema says', () => {
    const schema = schemaStatuses();
    expect([...schema.keys()].sort()).toEqual([...reasons].sort());
    for (const reason of reasons) {
      const said = schema.get(reason);
      const expected = said === 'Made by clients' ? 'INTERNAL' : said;
      expect(`${reason} ${status[statusByReason[reason]]}`).toBe(`${reason} ${expected}`);
    }
  });
});

describe('toServiceError', () => {
  test('carries reason, domain and metadata', () => {
    const error = toServiceError(
      new AtedbError('CHAIN_NOT_FOUND', 'there is no chain a/b', {
        metadata: { chain_key: 'a/b' },
      }),
      silent,
    );
    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.details).toBe('there is no chain a/b');
    const details = detailsOf(error);
    expect(details.code).toBe(status.NOT_FOUND);
    expect(details.message).toBe('there is no chain a/b');
    expect(details.info).toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
      domain: 'atedb',
      metadata: { chain_key: 'a/b' },
    });
    expect(details.badRequest).toBeUndefined();
  });

  test('names the wrong field', () => {
    const error = toServiceError(
      new AtedbError('REQUEST_INVALID', 'page_size is too large', {
        metadata: { field: 'page_size' },
      }),
      silent,
    );
    expect(detailsOf(error).badRequest?.fieldViolations).toMatchObject([
      { field: 'page_size', description: 'page_size is too large' },
    ]);
  });

  test('tells the peer nothing of a defect, and the log everything', () => {
    const { logger, lines } = recordingLogger('info');
    const error = toServiceError(new TypeError('the secret is 42'), logger);
    expect(error.code).toBe(status.INTERNAL);
    expect(detailsOf(error).info?.reason).toBe('INTERNAL');
    expect(`${error.details}${JSON.stringify(error.metadata)}`).not.toContain('42');
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines[0])).toContain('the secret is 42');
  });

  test('keeps a cause from the peer, and gives it to the log', () => {
    const { logger, lines } = recordingLogger('info');
    const cause = new Error('EIO on /dev/sdb');
    const error = toServiceError(
      new AtedbError('STORAGE_FAILED', 'a sync failed', { cause }),
      logger,
    );
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(`${error.details}${JSON.stringify(error.metadata)}`).not.toContain('sdb');
    expect(JSON.stringify(lines)).toContain('EIO on /dev/sdb');
  });

  test('logs what callers do wrong at debug only', () => {
    const refusal = new AtedbError('COUNTER_GAP', 'counter 5 was sent, and 4 comes next');
    const info = recordingLogger('info');
    toServiceError(refusal, info.logger);
    expect(info.lines).toHaveLength(0);
    const debug = recordingLogger('debug');
    toServiceError(refusal, debug.logger);
    expect(debug.lines).toMatchObject([{ reason: 'COUNTER_GAP' }]);
  });

  test('makes messages that can be sent, whatever is in them', () => {
    const error = toServiceError(
      new AtedbError('REQUEST_INVALID', `${'x'.repeat(999)}😀 and more`, {
        metadata: { value: `\ud800${'é'.repeat(5_000)}` },
      }),
      silent,
    );
    expect(() => encodeURI(error.details)).not.toThrow();
    expect(error.details).toHaveLength(1_000);
    expect(detailsOf(error).info?.metadata.value).toHaveLength(500);
  });
});
