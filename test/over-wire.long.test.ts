import { describeOverWire } from './support/use-wire.ts';

// As over-wire.slow.test.ts, with more of the tests. All of those that start servers of their own: ATEDB_TEST_WIRE=128 npm test.

describeOverWire(192, [
  'append',
  'checkpoints',
  'client-checkpoints',
  'client-read',
  'client-subscribe',
  'confidential',
  'delete-protocol',
  'exactly-once',
  'lock',
  'private-chains',
  'read-events',
  'ticket-protocol',
]);
