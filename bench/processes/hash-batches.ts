import { hashBatches } from '../floors/hash-batches.ts';
import { tellParent } from './tell-parent.ts';

// The floor of the processor, as a process of its own: what hashing batches costs when nothing else is done.

const [events, batches] = process.argv.slice(2);
tellParent(await hashBatches({ events: Number(events), batches: Number(batches) }));
