import { testConfig } from './test/support/test-config.ts';

// `npm run test:long`: everything, in as many rounds as a release deserves.
export default testConfig('long');
