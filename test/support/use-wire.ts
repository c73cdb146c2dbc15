import { afterAll, beforeAll, describe } from 'vitest';
import type { KeyBits } from '../../src/wire/index.ts';

/** What the servers of tests require and their clients insist on, by a variable, for a whole run. */
const everywhere = keyBitsOf(process.env.ATEDB_TEST_WIRE);

let shared: KeyBits | undefined = everywhere;

/** The size of keys that servers and clients of tests encrypt with, where they don't say otherwise; undefined: they don't encrypt. */
export function sharedWire(): KeyBits | undefined {
  return shared;
}

/**
 * Run the tests of other files once more, with servers and clients that encrypt, where they don't say otherwise.
 * @param files names of files in `test/`, without `.test.ts`.
 */
export function describeOverWire(keyBits: KeyBits, files: readonly string[]): void {
  describe(`through the tunnel, with keys of ${keyBits} bits`, () => {
    beforeAll(() => {
      shared = keyBits;
    });
    afterAll(() => {
      shared = everywhere;
    });
    // Another module than the one whose tests run without: files share a process, which loads each module once.
    describe.each(files)('%s', (file) => import(`../${file}.test.ts?over-wire-${keyBits}`));
  });
}

function keyBitsOf(text: string | undefined): KeyBits | undefined {
  return text === undefined || text === '' ? undefined : (Number(text) as KeyBits);
}
