import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { InterruptedError } from './errors.ts';
import { Output, runWithOutput } from './output.ts';

/** A stream that keeps what it gets, and takes its time. */
function slowStream(delayMs = 0): { stream: Writable; chunks: Buffer[]; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    highWaterMark: 1000,
    write: (chunk, _encoding, done) => {
      chunks.push(chunk);
      setTimeout(done, delayMs);
    },
  });
  return { stream, chunks, text: () => Buffer.concat(chunks).toString() };
}

function failingStream(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => {
      setImmediate(() => done(Object.assign(new Error(code), { code })));
    },
  });
}

test('keeps the order, and puts small writes together', async () => {
  const { stream, chunks, text } = slowStream();
  await runWithOutput(async (output) => {
    for (let n = 0; n < 1000; n += 1) await output.write(`${n}\n`);
  }, stream);
  expect(text()).toBe(Array.from({ length: 1000 }, (_, n) => `${n}\n`).join(''));
  expect(chunks.length).toBeLessThan(20);
});

test('what stands alone is sent at once', async () => {
  const { stream, text } = slowStream();
  const output = new Output(stream);
  output.write('one');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(text()).toBe('one');
});

test('asks to wait while the reader is slow', async () => {
  const { stream, text } = slowStream(5);
  const output = new Output(stream);
  const block = Buffer.alloc(65_536, 'x');
  let waits = 0;
  for (let n = 0; n < 5; n += 1) {
    const room = output.write(block);
    if (room !== undefined) waits += 1;
    await room;
    expect(stream.writableLength).toBeLessThanOrEqual(block.length);
  }
  await output.end();
  expect(waits).toBe(5);
  await new Promise((resolve) => stream.end(resolve));
  expect(text().length).toBe(5 * block.length);
});

test('a reader that has gone ends the command without an error', async () => {
  let written = 0;
  await runWithOutput(async (output, signal) => {
    while (!signal.aborted) {
      await output.write(Buffer.alloc(65_536));
      written += 1;
    }
    throw new Error('the effect of the signal');
  }, failingStream('EPIPE'));
  expect(written).toBeGreaterThan(0);
});

test('a full disk is an error', async () => {
  const run = runWithOutput(async (output, signal) => {
    while (!signal.aborted) await output.write(Buffer.alloc(65_536));
  }, failingStream('ENOSPC'));
  await expect(run).rejects.toThrow('ENOSPC');
});

test('what was printed before a failure still arrives, and the failure is told', async () => {
  const { stream, text } = slowStream();
  const run = runWithOutput(async (output) => {
    output.write('before');
    throw new Error('later');
  }, stream);
  await expect(run).rejects.toThrow('later');
  expect(text()).toBe('before');
});

test('a signal ends the command, after what it has printed; a repeated one is the same request', async () => {
  const listeners = process.listenerCount('SIGINT');
  const { stream, text } = slowStream();
  const run = runWithOutput(async (output, signal) => {
    output.write('before');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    output.write(' after');
    signal.throwIfAborted();
  }, stream);
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGINT', 'SIGINT');
  const error = await run.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InterruptedError);
  expect((error as InterruptedError).exitCode).toBe(130);
  expect(text()).toBe('before after');
  expect(process.listenerCount('SIGINT')).toBe(listeners);
});
