import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { machineHas } from './machine-has.ts';

// File systems of a test's own, where the system lets it: on Linux, as root.

function mount(...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function unmount(path: string): void {
  // Lazily: a test that failed may have left something open.
  spawnSync('umount', ['--lazy', path]);
}

/** Whether file systems can be mounted here. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount();

/** Whether the tests that mount something can run here. */
export function machineMounts(): boolean {
  return machineHas({
    isThere: canMount,
    what: 'file systems of their own',
    remedy:
      'run them on Linux as root, in a container with what mount needs (docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined)',
  });
}

function tryMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'atedb-mount-'));
  try {
    mount('-t', 'tmpfs', 'tmpfs', path);
    unmount(path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** A small file system in memory that goes when the test ends. */
export function smallFileSystem(bytes: number): string {
  const path = mkdtempSync(join(tmpdir(), 'atedb-mount-'));
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path);
  onTestFinished(() => {
    unmount(path);
    rmSync(path, { recursive: true });
  });
  return path;
}

/** Let nobody write to a mounted file system, root neither, or let them again. */
export function makeReadOnly(path: string, isReadOnly: boolean): void {
  mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path);
}
