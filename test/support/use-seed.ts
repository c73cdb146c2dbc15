// Runs before each file of tests. fast-check prints the seed of a property that fails; ATEDB_TEST_SEED sets it.
import { givenSeed } from './seed.ts';

if (givenSeed !== undefined) {
  // Loaded only then: most files do without it.
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ seed: givenSeed });
}
