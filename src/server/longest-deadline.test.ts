import http2 from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import { describeRequest, path, start } from '../../test/support/fake-service.ts';

test.each([
  ['99999999H', '0'],
  ['2147484S', '0'],
  ['2147483S', '0'],
  ['10m', '4'],
])('a call with the timeout %s, answered after 50 ms, has the status %s', async (timeout, due) => {
  const { grpc } = await start({
    describe: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return {};
    },
  });
  const session = http2.connect(`http://${grpc.addresses[0]}`);
  onTestFinished(() => session.destroy());
  const request = session.request({
    ':method': 'POST',
    ':path': path('DescribeChain'),
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': timeout,
  });
  const message = describeRequest('g/db');
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  request.end(Buffer.concat([head, message]));
  request.resume();
  const status = await new Promise((resolve) => {
    request.once('trailers', (trailers) => resolve(trailers['grpc-status']));
    // A status without an answer comes with the headers.
    request.once('response', (headers) => {
      if (headers['grpc-status'] !== undefined) resolve(headers['grpc-status']);
    });
  });
  expect(status).toBe(due);
});
