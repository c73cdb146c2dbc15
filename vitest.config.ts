import { testConfig } from './test/support/test-config.ts';

// `npm test`: everything but the long forms.
export default testConfig({ isLong: false });
