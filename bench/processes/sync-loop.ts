import { runSyncLoop } from '../floors/sync-loop.ts';
import { tellParent } from './tell-parent.ts';

// The floor of the disk, as a process of its own: what it measured is its one message.

const [path, bytes, count] = process.argv.slice(2);
if (path === undefined) throw new Error('the path is missing');
tellParent(runSyncLoop({ path, bytes: Number(bytes), count: Number(count) }));
