import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './log-level.ts';
import { safeLines, safeText } from './safe-text.ts';

/** A logger to standard error: lines for people on a terminal, and JSON for everything else. */
export function createLogger(level: LogLevel): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const { stderr } = process;
  if (!stderr.isTTY) return pino(options, destination({ dest: stderr.fd, sync: true }));
  const terminal: DestinationStream = {
    write: (line) => {
      stderr.write(formatLogLine(line, stderr.hasColors() && !process.env.NO_COLOR));
    },
  };
  return pino(options, terminal);
}

const colors: Record<string, string> = {
  fatal: '31',
  error: '31',
  warn: '33',
  info: '32',
  debug: '36',
};

/**
 * Turn a log line in JSON into one line for people: the time of day, the level, the message, the rest. What a peer has
 * sent may be in it, and must not drive the terminal.
 */
export function formatLogLine(json: string, color: boolean): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const label = String(level).toUpperCase().padEnd(5);
  const shownLabel = color ? `\u001b[${colors[String(level)] ?? '90'}m${label}\u001b[0m` : label;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${shownValue(value)}`);
  const parts = [
    String(time).slice(11, 23),
    shownLabel,
    ...(msg ? [safeText(String(msg))] : []),
    ...fields,
  ];
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const trace = stack ?? message;
  return `${parts.join(' ')}\n${trace === undefined ? '' : `${safeLines(trace).replaceAll(/^/gm, '    ')}\n`}`;
}

function shownValue(value: unknown): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) && value !== ''
    ? safeText(value)
    : JSON.stringify(value);
}
