import { testConfig } from './test/support/test-config.ts';

// `npm run test:slow`: what `npm test` leaves out, and the rest of the rounds that it cuts short.
export default testConfig('slow');
