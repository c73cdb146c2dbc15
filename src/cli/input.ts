import { constants, fstatSync, openSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { UsageError } from './errors.ts';

/** Bytes that a command reads. */
export interface Input {
  readonly stream: Readable;
  /** Whether what comes next may take its time: a pipe or a terminal, not a file. */
  readonly live: boolean;
  readonly terminal: boolean;
  /** Of a file; undefined where nobody knows how much will come. */
  readonly bytes: number | undefined;
}

const chunkBytes = 262_144;

/**
 * Open a file, or standard input where the file is `-`.
 * @throws UsageError for a folder; the system's error for a file that cannot be read.
 */
export async function openInput(file: string): Promise<Input> {
  if (file === '-') {
    const { stdin } = process;
    const stats = fstatSync(stdin.fd);
    const isFile = stats.isFile();
    const bytes = isFile ? stats.size : undefined;
    return { stream: stdin, live: !isFile, terminal: stdin.isTTY === true, bytes };
  }
  const stats = await stat(file);
  if (stats.isDirectory()) throw new UsageError(`${file} is a folder, not a file`);
  // Opened before it is read, so that a file that this user may not read fails here and not within the stream.
  const stream = stats.isFIFO()
    ? openFifo(file)
    : (await open(file)).createReadStream({ highWaterMark: chunkBytes });
  const bytes = stats.isFile() ? stats.size : undefined;
  return { stream, live: !stats.isFile(), terminal: false, bytes };
}

/**
 * Open a named pipe, as `<(command)` of a shell is, such that it can be closed while nothing comes. A read of it as of
 * a file would hold a thread until something does, and the process with it.
 */
function openFifo(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}
