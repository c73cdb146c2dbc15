/** Levels of the log, as pino calls them. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

const byVerbosity: readonly LogLevel[] = ['warn', 'info', 'debug', 'trace'];
const levels = new Map<string, LogLevel>([
  ['off', 'silent'],
  ['error', 'error'],
  ['warn', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
]);

/**
 * Which lines are logged: `-v` says (once: warnings … four times: everything), without it `RUST_LOG`, without
 * that information; `-d` adds details to whatever they say.
 */
export function chooseLogLevel(settings: {
  verbosity: number;
  debug: boolean;
  rustLog: string | undefined;
}): LogLevel {
  const { verbosity, debug, rustLog } = settings;
  const chosen =
    verbosity > 0
      ? (byVerbosity[verbosity - 1] ?? 'trace')
      : (rustLogLevel(rustLog ?? '') ?? 'info');
  return debug && chosen !== 'trace' ? 'debug' : chosen;
}

/**
 * What `RUST_LOG` says of atedb: a level, or a list of `module=level` with commas between, of which the one for
 * `atedb` counts before one for everything. A part that cannot be read is passed over, as in the original.
 */
function rustLogLevel(text: string): LogLevel | undefined {
  let general: LogLevel | undefined;
  let own: LogLevel | undefined;
  // What follows a slash is a filter of the texts, which isn't ours to apply.
  for (const directive of (text.split('/')[0] ?? '').split(',')) {
    const [name = '', level] = directive.trim().toLowerCase().split('=');
    if (level === undefined && name === 'atedb') own = 'trace';
    else if (level === undefined) general = levels.get(name) ?? general;
    else if (name === 'atedb') own = levels.get(level) ?? own;
  }
  return own ?? general;
}
