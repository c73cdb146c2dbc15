import type { Reason } from '../bytes/index.ts';

/** The server isn't what it was: these say more than that an outcome is unknown. */
export const alarmReasons: ReadonlySet<Reason> = new Set([
  'WRITER_AHEAD',
  'HEAD_CONFLICT',
  'CHAIN_ID_MISMATCH',
  'SERVER_IDENTITY_MISMATCH',
  'SERVER_IDENTITY_CHANGED',
  'VERIFICATION_FAILED',
]);
