import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A busy process makes and drops so many bytes of small buffers between two that are kept. */
const churnBytes = 20_000;

/** How many bytes of buffers are kept by what `act` does so many times, while other buffers come and go. */
export function bytesKept(times: number, act: (index: number) => void): number {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  // What was dropped while a collection was under way is found by the next one.
  const collect = () => {
    gc();
    gc();
  };
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < times; index += 1) {
    act(index);
    Buffer.allocUnsafe(churnBytes);
  }
  collect();
  return process.memoryUsage().arrayBuffers - before;
}
