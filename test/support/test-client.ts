import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AtedbClient, type ConnectOptions, connect, KeyPair } from '../../src/client/index.ts';
import { sharedTls } from './use-tls.ts';
import { sharedWire } from './use-wire.ts';

/** The key that tests write with: making one takes longer than most tests. */
export const testKey = KeyPair.generate();

/** An empty home folder that goes when the test ends. */
export async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'atedb-home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

/** A client that remembers nothing, unless it is given a home. */
export function testClient(server: string, options: ConnectOptions = {}): Promise<AtedbClient> {
  const encryption = sharedWire() ?? 'plain';
  return connect(server, { home: null, encryption, tls: sharedTls()?.client, ...options });
}

/** The first so many values of an iteration. */
export async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}

/** All values of an iteration. */
export function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  return take(values, Number.POSITIVE_INFINITY);
}
