import type { TreeHead } from '../event/index.ts';
import { notProven } from './proof-error.ts';

/**
 * Check that a checkpoint, a C2SP `tlog-checkpoint` note, is about a head: its second line is the size, its third the
 * root. Its signatures aren't verified.
 *
 * @throws AtedbError VERIFICATION_FAILED.
 */
export function checkNote(note: string, { size, root }: TreeHead): void {
  const [origin = '', sizeLine, rootLine] = note.split('\n');
  const isAbout = sizeLine === String(size) && rootLine === root.toString('base64');
  if (origin === '' || !isAbout) throw notProven('its checkpoint is of another head');
}
