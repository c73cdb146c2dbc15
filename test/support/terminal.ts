import { spawnSync } from 'node:child_process';
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
