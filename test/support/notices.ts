import pino from 'pino';

/** A logger that hands on the message of each warning. */
export function noticeLogger(onNotice: (notice: string) => void): pino.Logger {
  return pino(
    { level: 'warn' },
    { write: (line: string) => onNotice((JSON.parse(line) as { msg: string }).msg) },
  );
}
