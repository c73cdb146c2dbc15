import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Resolver } from '../../src/dns/index.ts';
import { machineHas } from './machine-has.ts';

// A real name server, Knot DNS, with signed zones of its own, from a root of its own down.

/** Where Debian has it, and where not everybody looks. */
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether this machine has it; says so where it hasn't. */
export const hasKnot = machineHas({
  isThere: runs('knotd', ['--version']) && runs('keymgr', ['--version']),
  what: 'Knot DNS, a name server that signs zones (knotd and keymgr)',
  remedy: 'install the package knot',
});

/** How a zone is signed. `none` has no signatures, and the root names no key of it. */
export type ZonePolicy = 'nsec' | 'nsec3' | 'opt-out' | 'rsa' | 'none';

/** One zone. The zone above it passes it on: the root, or the one that is named by what follows its first label. */
export interface TestZone {
  readonly policy: ZonePolicy;
  /** Records as zone files have them, but for SOA and NS. */
  readonly records: string;
  /** What the root names as its key, where that isn't its own. */
  readonly keyOf?: string;
  /** Data of the DS record that the root has of it instead. */
  readonly named?: string;
}

const policies = {
  nsec: { algorithm: 'ecdsap256sha256', nsec3: 'off', optOut: 'off' },
  nsec3: { algorithm: 'ed25519', nsec3: 'on', optOut: 'off' },
  'opt-out': { algorithm: 'ecdsap256sha256', nsec3: 'on', optOut: 'on' },
  rsa: { algorithm: 'rsasha256', nsec3: 'off', optOut: 'off' },
};

/** A name server on a port of 127.0.0.1 that knows a root and some zones below it. */
export class Knot implements AsyncDisposable {
  readonly address: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.address = `127.0.0.1:${port}`;
    this.#process = spawn('knotd', ['-c', join(folder, 'knot.conf')], {
      stdio: 'ignore',
      env: environment,
    });
  }

  /** @param zones by their names, without a dot at the end; @param root records of the root beside what passes these on. */
  static async start(zones: Record<string, TestZone>, root = ''): Promise<Knot> {
    const folder = mkdtempSync(join(tmpdir(), 'atedb-knot-'));
    const port = await freePort();
    writeFileSync(join(folder, 'knot.conf'), configuration(folder, port, zones));
    for (const [zone, { policy }] of [
      ['.', { policy: 'nsec' }] as const,
      ...Object.entries(zones),
    ]) {
      if (policy === 'none') continue;
      const algorithm = `algorithm=${policies[policy].algorithm}`;
      keymgr(folder, zone, 'generate', algorithm, 'ksk=yes', 'zsk=yes');
    }
    const contents: Record<string, string> = { '.': `${head('.')}\n${root}\n` };
    for (const [name, { records }] of Object.entries(zones)) {
      contents[name] = `${head(`${name}.`)}\n${records}\n`;
    }
    for (const [name, zone] of Object.entries(zones)) {
      const above = name.slice(name.indexOf('.') + 1);
      contents[name.includes('.') ? above : '.'] += passedOn(name, zone, folder);
    }
    for (const [name, text] of Object.entries(contents)) {
      writeFileSync(join(folder, `${name === '.' ? 'root' : name}.zone`), text);
    }
    const knot = new Knot(folder, port);
    await knot.#isUp();
    return knot;
  }

  /** DS records of a zone's key. */
  trustAnchors(zone = '.'): string {
    return keymgr(this.#folder, zone, 'ds');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true });
  }

  async #isUp(): Promise<void> {
    const resolver = new Resolver({
      ...{ server: this.address, validate: true, triesMs: [200] },
      trustAnchors: this.trustAnchors(),
    });
    for (let tries = 0; ; tries += 1) {
      try {
        await resolver.addressesOf('ns');
        return;
      } catch (error) {
        if (tries > 200) throw error;
        await delay(50);
      }
    }
  }
}

/** What the zone above has of a zone. */
function passedOn(name: string, zone: TestZone, folder: string): string {
  const to = `${name}. 3600 NS ns.\n`;
  if (zone.named !== undefined) return `${to}${name}. DS ${zone.named}\n`;
  if (zone.policy === 'none') return to;
  // A record of another zone's key, under this one's name.
  return to + keymgr(folder, zone.keyOf ?? name, 'ds').replace(/^\S+/gm, `${name}.`);
}

function configuration(folder: string, port: number, zones: Record<string, TestZone>): string {
  const policyText = Object.entries(policies).map(
    ([id, { algorithm, nsec3, optOut }]) => `  - id: ${id}
    manual: on
    algorithm: ${algorithm}
    nsec3: ${nsec3}
    nsec3-opt-out: ${optOut}`,
  );
  const zoneText = [['.', { policy: 'nsec' }] as const, ...Object.entries(zones)].map(
    ([name, { policy }]) => `  - domain: ${name === '.' ? '.' : `${name}.`}
    file: ${name === '.' ? 'root' : name}.zone
${policy === 'none' ? '' : `    dnssec-signing: on\n    dnssec-policy: ${policy}\n`}`,
  );
  return `server:
  rundir: "${folder}"
  listen: 127.0.0.1@${port}
  udp-max-payload: 1232
  tcp-workers: 1
  udp-workers: 1
  background-workers: 2
database:
  storage: "${folder}"
  journal-db-max-size: 10M
  kasp-db-max-size: 10M
  timer-db-max-size: 10M
policy:
${policyText.join('\n')}
template:
  - id: default
    storage: "${folder}"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
${zoneText.join('')}`;
}

function head(zone: string): string {
  const address = zone === '.' ? '\nns. 3600 A 127.0.0.1\nns. 3600 AAAA ::1' : '';
  return `${zone} 3600 SOA ns. admin. 1 3600 600 86400 60\n${zone} 3600 NS ns.${address}`;
}

function keymgr(folder: string, zone: string, ...words: string[]): string {
  const name = zone === '.' ? '.' : `${zone}.`;
  const args = ['-c', join(folder, 'knot.conf'), name, ...words];
  return execFileSync('keymgr', args, {
    ...{ encoding: 'utf8', env: environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', env: environment });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
