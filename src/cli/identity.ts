import { resolve } from 'node:path';
import pino from 'pino';
import { fingerprintText, parseIdentityRotation } from '../event/index.ts';
import {
  identityPaths,
  readIdentity,
  rotateIdentity,
  type StoredIdentity,
} from '../server/index.ts';
import { lockLogs } from './lock-logs.ts';
import { runWithOutput } from './output.ts';
import { noServer, systemFolder } from './system-folder.ts';

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
