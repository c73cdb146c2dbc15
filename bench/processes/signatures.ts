import { signatures } from '../floors/signatures.ts';
import { tellParent } from './tell-parent.ts';

// The floor of signed batches, as a process of its own: what one core signs, or verifies, when nothing else is done.

const [what, count, eventsPer] = process.argv.slice(2);
tellParent(
  await signatures({
    what: what === 'verify' ? 'verify' : 'sign',
    count: Number(count),
    eventsPer: Number(eventsPer),
  }),
);
