import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineHas } from './machine-has.ts';

/** What other people's code makes of a note; see `note-reader/main.go`. */
export interface ReadNote {
  readonly error?: string;
  readonly origin?: string;
  readonly size?: number;
  /** In base64. */
  readonly root?: string;
  readonly verified?: readonly string[];
  readonly unknown?: number;
  readonly time?: number;
}

/** A note, and the keys to verify it with. */
export interface NoteQuestion {
  readonly note: string;
  readonly verifierKeys: readonly string[];
}

/** The Go that has ML-DSA in its library. */
const environment = { ...process.env, GOTOOLCHAIN: 'go1.27.3' };
const source = join(import.meta.dirname, 'note-reader');

function whatIsMissing(): string | undefined {
  const go = (...args: string[]) => spawnSync('go', args, { cwd: source, env: environment });
  const { error, status } = go('version');
  if (error !== undefined) return 'Go is not installed';
  if (status !== 0) return 'Go 1.27.3 can not be had';
  return go('mod', 'download').status === 0 ? undefined : 'its packages can not be had';
}

/** Verifies notes with published Go packages. */
export class NoteReader implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'atedb-note-reader-'));
  readonly #program: string;

  /** Whether one can be had here. */
  static machineHasOne(): boolean {
    const missing = whatIsMissing();
    return machineHas({
      isThere: missing === undefined,
      what: `Go with the packages that read notes (${missing})`,
      remedy:
        'install Go 1.21 or newer (.ci/run does so as root), and let it get Go 1.27.3 and the packages of test/support/note-reader from a proxy of Go modules, as GOPROXY names one',
    });
  }

  constructor() {
    this.#program = join(this.#folder, 'note-reader');
    execFileSync('go', ['build', '-o', this.#program, '.'], { cwd: source, env: environment });
  }

  read(questions: readonly NoteQuestion[]): ReadNote[] {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
    const output = execFileSync(this.#program, { input, encoding: 'utf8' });
    return output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ReadNote);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
