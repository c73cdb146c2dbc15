import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { AtedbError } from '../bytes/index.ts';
import { fingerprintText, parseIdentityRotation } from '../event/index.ts';
import {
  identityPaths,
  readIdentity,
  rotateIdentity,
  type StoredIdentity,
} from '../server/index.ts';
import { lockLogs } from './lock-logs.ts';
import { defaultLogsPath, expandHome } from './logs-path.ts';
import { runWithOutput } from './output.ts';

/** Which server's identity, and how to print it. */
export interface IdentitySettings {
  /** Undefined: where servers keep their logs unless told otherwise. */
  readonly logsPath: string | undefined;
  readonly json: boolean;
}

/** Show the identity of a server, which may be at work. @throws AtedbError REQUEST_INVALID where there is none; as `readIdentity`. */
export async function showIdentity({ logsPath, json }: IdentitySettings): Promise<void> {
  const system = await systemFolder(logsPath);
  const identity = await readIdentity(identityPaths(system));
  if (identity === undefined) throw noServer(system);
  await runWithOutput(async (output) => {
    output.write(json ? `${JSON.stringify(fieldsOf(identity))}\n` : wordsOf(identity));
  });
}

/**
 * Give a server another identity, and show it.
 *
 * @throws AtedbError REQUEST_INVALID where a server is at work there, or none was yet; as `rotateIdentity`.
 */
export async function rotate({ logsPath, json }: IdentitySettings): Promise<void> {
  const system = await systemFolder(logsPath);
  await using _ = await lockLogs([resolve(system, '..')], { mayWrite: true });
  const paths = identityPaths(system);
  if ((await readIdentity(paths)) === undefined) throw noServer(system);
  await rotateIdentity(system, { now: Date.now, logger: pino({ level: 'silent' }) });
  const identity = (await readIdentity(paths)) as StoredIdentity;
  await runWithOutput(async (output) => {
    output.write(json ? `${JSON.stringify(fieldsOf(identity))}\n` : wordsOf(identity));
  });
}

function fieldsOf({ line, created, path }: StoredIdentity) {
  return {
    fingerprint: line.identity.fingerprintHex,
    created: created.toISOString(),
    path,
    rotations: line.rotations.map(parseIdentityRotation).map((rotation) => ({
      from: rotation.oldIdentity.fingerprintHex,
      to: rotation.newIdentity.fingerprintHex,
      time: new Date(rotation.timeUnixMs).toISOString(),
    })),
  };
}

function wordsOf(identity: StoredIdentity): string {
  const { fingerprint, created, path, rotations } = fieldsOf(identity);
  const lines = [
    `identity  ${fingerprintText(fingerprint)}`,
    `made      ${created}`,
    `file      ${path}`,
    ...rotations
      .reverse()
      .map(({ from, time }) => `before    ${fingerprintText(from)}, until ${time}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The folder in which the server of a logs path has its own files. Nothing is made. */
async function systemFolder(logsPath: string | undefined): Promise<string> {
  const candidates =
    logsPath === undefined ? [defaultLogsPath, expandHome('~/ate')] : [expandHome(logsPath)];
  const found = candidates.find((path) => existsSync(join(path, '_sys')));
  if (found === undefined) throw noServer(candidates.join(' and '));
  return join(await realpath(found), '_sys');
}

function noServer(where: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `no server has an identity in ${where}: name the folder of its logs, or start one with atedb solo; atedb identity --help lists what else there is`,
    { metadata: { field: 'logs_path' } },
  );
}
