import { testConfig } from './test/support/test-config.ts';

// `npm test`: every behaviour once, in less time than one likes to wait.
export default testConfig('quick');
