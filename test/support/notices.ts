import pino from 'pino';
import type { Notice } from '../../src/client/index.ts';

/** A logger that hands on the message of each warning. */
export function noticeLogger(onNotice: (notice: string) => void): pino.Logger {
  return pino(
    { level: 'warn' },
    { write: (line: string) => onNotice((JSON.parse(line) as { msg: string }).msg) },
  );
}

/** Keeps notices, but for that of a server that is met for the first time: without encryption there is none. */
export function noticesOf(notices: Notice[]): (notice: Notice) => void {
  return (notice) => {
    if (notice.kind !== 'server-met') notices.push(notice);
  };
}
