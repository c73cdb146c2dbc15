import { runParallelSyncs } from '../floors/parallel-syncs.ts';
import { tellParent } from './tell-parent.ts';

// The floor of the disk for many files, as a process of its own.

const [folder, files, bytes, rounds] = process.argv.slice(2);
if (folder === undefined) throw new Error('the folder is missing');
tellParent(
  await runParallelSyncs({
    folder,
    files: Number(files),
    bytes: Number(bytes),
    rounds: Number(rounds),
  }),
);
