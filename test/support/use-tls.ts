import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ServerTlsOptions } from '../../src/server/index.ts';
import { TestAuthority } from './certificates.ts';

/** What the servers and clients of tests speak TLS with. */
export interface SharedTls {
  readonly server: ServerTlsOptions;
  readonly client: { readonly ca: string };
}

let shared: SharedTls | undefined;

/** Undefined: they speak none, unless a test says so. */
export function sharedTls(): SharedTls | undefined {
  return shared;
}

/**
 * Run the tests of other files once more, with servers and clients that speak TLS, where they don't say otherwise.
 * @param files names of files in `test/`, without `.test.ts`.
 */
export function describeOverTls(files: readonly string[]): void {
  describe('over TLS', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'atedb-tls-'));
      shared = await makeTls(folder);
    });
    afterAll(async () => {
      shared = undefined;
      await rm(folder, { recursive: true, force: true });
    });
    // Another module than the one whose tests run without: files share a process, which loads each module once.
    describe.each(files)('%s', (file) => import(`../${file}.test.ts?over-tls`));
  });
}

async function makeTls(folder: string): Promise<SharedTls> {
  const authority = await TestAuthority.make();
  const { cert, key } = await authority.issue();
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  return { server: { certFile, keyFile }, client: { ca: authority.cert } };
}
