import type { TreeHead } from '../event/index.ts';
import { valueFlag } from './chain-flags.ts';
import { UsageError } from './errors.ts';

/** Parse a head as it is printed: its size in commits, a colon, its root in hex. */
export function parseHead(text: string): TreeHead {
  const [, size = '', root = ''] = /^([1-9][0-9]{0,15}):([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (root !== '' && Number.isSafeInteger(Number(size))) {
    return { size: Number(size), root: Buffer.from(root, 'hex') };
  }
  throw new UsageError(
    `${JSON.stringify(text)} is not a head: a number of commits, a colon and a root of 64 digits of hex, as describe prints it`,
  );
}

/** A head as it is printed, and as `parseHead` takes it. */
export function headText({ size, root }: TreeHead): string {
  return `${size}:${root.toString('hex')}`;
}

/** A head that somebody has seen of the chain. */
export const headFlag = valueFlag(
  'head',
  'SIZE:ROOT, a head of the chain that you have from elsewhere',
  parseHead,
);
