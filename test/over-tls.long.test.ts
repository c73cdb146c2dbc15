import { describeOverTls } from './support/use-tls.ts';

// As over-tls.slow.test.ts, with more of the tests.

describeOverTls([
  'client-read',
  'client-subscribe',
  'confidential',
  'lock',
  'private-chains',
  'subscribe',
]);
