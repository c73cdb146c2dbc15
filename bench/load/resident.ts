import { readFile } from 'node:fs/promises';
import type { Measure } from '../measure.ts';

const kibibyte = 1024;

/** What the system says of a process's memory. */
export async function residentOf(pid: number): Promise<Measure> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytesOf = (name: string) => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return Number(kibibytes) * kibibyte;
  };
  return { residentBytes: bytesOf('VmRSS'), residentPeakBytes: bytesOf('VmHWM') };
}
