import { AtedbError } from '../bytes/index.ts';

/** Older ones know no ML-DSA, or ignore its context. */
const needed = [24, 8, 0] as const;

/** Refuse a Node whose cryptography can't do what is needed. @throws AtedbError UNSUPPORTED. */
export function checkNode(version: string = process.versions.node): void {
  const found = version.split('.').map(Number);
  for (const [place, least] of needed.entries()) {
    const number = found[place] ?? 0;
    if (number > least) return;
    if (number < least) {
      throw new AtedbError(
        'UNSUPPORTED',
        `atedb/client needs Node.js ${needed.join('.')} or newer, and this is ${version}. Run it on a newer one`,
        { metadata: { needed: needed.join('.'), found: version } },
      );
    }
  }
}
