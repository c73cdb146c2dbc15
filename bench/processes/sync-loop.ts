import { runSyncLoop } from '../floors/sync-loop.ts';

// The floor of the disk, as a process of its own: what it measured is its one message.

const [path, bytes, count] = process.argv.slice(2);
if (path === undefined) throw new Error('the path is missing');
process.send?.(
  runSyncLoop({ path, bytes: Number(bytes), count: Number(count) }),
  undefined,
  undefined,
  () => {
    process.disconnect?.();
  },
);
