// Loaded before a server's process, with `--expose-gc`: it tells what it uses when its parent asks.
import { readdirSync } from 'node:fs';

process.on('message', (message) => {
  if (message !== 'resources') return;
  // Twice: what the first frees natively is let go of by the second.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.send?.({
      residentBytes: process.memoryUsage.rss(),
      descriptors: readdirSync('/proc/self/fd').length,
    });
  });
});
