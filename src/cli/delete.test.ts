import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from './delete.ts';

const chain = { chainKey: 'team/old', nextSequence: 1_234 };
const never = new AbortController().signal;

function typed(text: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  const confirmed = confirm(chain, { input, output, signal: never });
  input.write(`${text}\n`);
  return { confirmed, asked: () => String(output.read()) };
}

test('the chain key is asked for, with what goes with it', async () => {
  const { confirmed, asked } = typed(' team/old ');
  await confirmed;
  expect(asked()).toContain('team/old with 1,234 events, for good');
});

test.each(['', 'yes', 'team/older', 'team/ol'])('%j deletes nothing', async (text) => {
  await expect(typed(text).confirmed).rejects.toThrow('nothing was deleted');
});

test('a signal ends the asking', async () => {
  const stop = new AbortController();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const confirmed = confirm(chain, { input, output, signal: stop.signal });
  stop.abort();
  await expect(confirmed).rejects.toThrow();
});
