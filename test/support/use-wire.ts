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
    describe.each(files)('%s', (file) => modules[keyBits](file));
  });
}

/**
 * Other modules than the one whose tests run without: files share a process, which loads each module once. What tells them apart
 * is to be written out, or it isn't found.
 */
const modules: Readonly<Record<KeyBits, (file: string) => Promise<void>>> = {
  128: (file) => import(`../${file}.test.ts?over-wire-128`),
  192: (file) => import(`../${file}.test.ts?over-wire-192`),
  256: (file) => import(`../${file}.test.ts?over-wire-256`),
};

function keyBitsOf(text: string | undefined): KeyBits | undefined {
  return text === undefined || text === '' ? undefined : (Number(text) as KeyBits);
}
