import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TestServer } from './support/test-server.ts';

test('after a client is closed nothing keeps its process: no timer, no socket', async () => {
  await using server = await TestServer.start();
  const program = join(import.meta.dirname, 'support', 'exiting-client.ts');
  const child = fork(program, [server.address], { execArgv: [] });
  const exited = once(child, 'exit');
  const [message] = await Promise.race([once(child, 'message'), exited]);
  expect(message).toBe('closed');
  const closedMs = performance.now();
  const [code] = await exited;
  expect(code).toBe(0);
  expect(performance.now() - closedMs).toBeLessThan(1_000);
});
