import { existsSync } from 'node:fs';
import { machineHas } from './machine-has.ts';

/** Whether the system tells in `/proc` which files a process has open, and what memory it has, as Linux does. */
export function machineHasProc(): boolean {
  return machineHas({
    isThere: existsSync('/proc/self/fd'),
    what: 'a count of open files, from /proc',
    remedy: 'run the tests on Linux, with /proc mounted',
  });
}
