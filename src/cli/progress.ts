import type bars from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import { countOf, grouped } from './safe-text.ts';

/** What shows a line that changes; standard error, usually. */
export type Terminal = NodeJS.WriteStream;

/** What takes long, perhaps. */
export interface ProgressOptions {
  /** As `reading`. */
  readonly what: string;
  readonly unit: 'event' | 'commit' | 'byte';
  /** How many there are. Undefined: nobody knows. */
  readonly total: number | undefined;
  /** Whether the command writes something else to the terminal meanwhile, which the line would mix with. */
  readonly isBusy?: boolean;
  /** Default: standard error, if it is a terminal and not one of a machine. */
  readonly terminal?: Terminal | undefined;
}

/** What is done sooner needs no line. */
const shownAfterMs = 1_000;
const refreshMs = 100;

/** What is on the terminal now: one at most. */
let shown: Progress | undefined;

/**
 * Shows how far something is, on one line of the terminal, once it has taken a second. Counting costs an addition. To be
 * disposed of when it is over, whether well or not: the line is removed then.
 */
export class Progress implements Disposable {
  /** What it was made with. */
  readonly options: ProgressOptions;
  #timer: NodeJS.Timeout | undefined;
  #bar: SingleBar | undefined;
  #done = 0;
  #isOver = false;

  constructor(options: ProgressOptions) {
    this.options = options;
    const terminal = 'terminal' in options ? options.terminal : terminalOf(process);
    if (terminal === undefined || options.isBusy === true) return;
    this.#timer = setTimeout(() => void this.#show(terminal), shownAfterMs).unref();
  }

  /** So much more is done. */
  add(amount: number): void {
    this.#done = Math.min(this.#done + amount, this.options.total ?? Number.POSITIVE_INFINITY);
  }

  /** Few commands take so long: the others don't load the library. */
  async #show(terminal: Terminal): Promise<void> {
    const { default: library } = await import('cli-progress');
    if (this.#isOver) return;
    const refresh = () => {
      if (this.#bar !== undefined) this.#bar.update(this.#done);
      else {
        this.#bar = this.#start(library, terminal);
        shown = this;
      }
    };
    refresh();
    this.#timer = setInterval(refresh, refreshMs).unref();
  }

  /** Take the line off the terminal; it comes back by itself. */
  hide(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    if (shown === this) shown = undefined;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.hide();
  }

  #start({ SingleBar, Presets }: typeof bars, terminal: Terminal): SingleBar {
    const { total, unit } = this.options;
    const bar = new SingleBar(
      {
        stream: terminal,
        format: formatOf(this.options),
        formatValue: (value, _options, type) =>
          type === 'value' || type === 'total' ? amountOf(value, unit) : String(value),
        formatTime: timeOf,
        fps: 1000 / refreshMs,
        // So many refreshes are looked back on for the time that is left.
        etaBuffer: 50,
        barsize: 20,
        clearOnComplete: true,
        // Signals are the command's own.
        gracefulExit: false,
      },
      Presets.shades_grey,
    );
    bar.start(total ?? 0, this.#done);
    return bar;
  }
}

/** Write to standard error: not into the line that shows progress, if there is one. */
export function tellUser(text: string): void {
  shown?.hide();
  process.stderr.write(text);
}

/** Standard error, if somebody looks at it. */
export function terminalOf({
  stderr,
  env,
}: {
  readonly stderr: Terminal;
  readonly env: NodeJS.ProcessEnv;
}): Terminal | undefined {
  const isForPeople = stderr.isTTY && env.TERM !== 'dumb' && !env.CI;
  return isForPeople ? stderr : undefined;
}

function formatOf({ what, total }: ProgressOptions): string {
  return total === undefined
    ? `${what}: {value}, {duration_formatted}`
    : `${what} {bar} {percentage} % of {total}, {eta_formatted} left`;
}

/** A number of seconds, as people read it; the library says in words where it doesn't know. */
export function timeOf(seconds: number | string): string {
  if (typeof seconds === 'string' || !Number.isFinite(seconds)) return '?';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A number of events, commits or bytes, as people read it. */
export function amountOf(value: number, unit: ProgressOptions['unit']): string {
  if (unit !== 'byte') return countOf(value, unit);
  const mebibytes = value / (1024 * 1024);
  return mebibytes < 1 ? `${grouped(Math.ceil(value / 1024))} KiB` : `${mebibytes.toFixed(1)} MiB`;
}
