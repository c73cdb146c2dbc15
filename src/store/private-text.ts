import { AtedbError } from '../bytes/index.ts';
import { readLimitedText } from './limited-text.ts';

/** What is read, and how much of it at most. */
export interface PrivateText {
  /** For errors. */
  readonly what: 'key file' | 'passphrase file' | 'password file' | 'TLS key file' | 'token file';
  readonly bytesMax: number;
}

/**
 * Read a file that only its owner may read.
 *
 * @throws AtedbError REQUEST_INVALID when others than the file's owner may read it, or it is too large; STORAGE_FAILED
 *   with the system's error as cause, whose code is `ENOENT` when there is no such file.
 */
export function readPrivateText(path: string, { what, bytesMax }: PrivateText): Promise<string> {
  return readLimitedText(path, {
    what,
    bytesMax,
    check: ({ mode, uid }) => {
      // As ssh does: a file of another owner was made readable for us on purpose, by whoever runs the machine.
      if (uid !== process.getuid?.() || (mode & 0o077) === 0) return;
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      throw new AtedbError(
        'REQUEST_INVALID',
        `${path} is open to other users (mode ${found}), so it is no secret. If nobody has read it, ` +
          `close it with: chmod 600 ${path}`,
        { metadata: { path, mode: found } },
      );
    },
  });
}
