import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnvironment } from '../command.ts';
import { atedbProgram } from './cli-fixture.ts';
import { machineHas } from './machine-has.ts';

/** Whether commands can be run on a terminal here: by the `script` of util-linux, which makes one. */
export function machineMakesTerminals(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return machineHas({
    isThere: stdout?.includes('util-linux') === true,
    what: 'terminals, made by the command script of util-linux',
    remedy: 'install it (on Debian, the package bsdutils)',
  });
}

/** A question of a command, and the keys that answer it. Keys may depend on what was shown so far. */
export type Answer = readonly [question: string, keys: string | ((shown: string) => string)];

/** Run `atedb` on a terminal on which each question, when it is asked, is answered so; what it shows. */
export async function runOnTerminal(
  args: string,
  answers: readonly Answer[],
  options: { readonly home: string; readonly before?: string },
): Promise<{ code: number; shown: string }> {
  const { home, before = '' } = options;
  const program = `${before}'${process.execPath}' '${atedbProgram}' ${args}`;
  const environment = cleanEnvironment({ ATE_HOME: home, TERM: 'xterm' });
  const child = spawn('script', ['-qec', program, '/dev/null'], { env: environment });
  const left = [...answers];
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text;
    const [question, keys] = left[0] ?? [];
    if (question === undefined || keys === undefined || !shown.endsWith(question)) return;
    left.shift();
    child.stdin.write(typeof keys === 'string' ? keys : keys(shown));
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, shown };
}
