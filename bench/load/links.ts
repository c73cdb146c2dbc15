import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyBits } from '../../src/client/index.ts';
import { TestAuthority } from '../../test/support/certificates.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { RowContext } from '../row.ts';
import { StockClient } from './stock-client.ts';

/** The same client of grpc-js over connections of three kinds. */
export interface LinkedClients {
  /** Of the server without TLS, which requires no encryption and has the tunnel for who wants it. */
  readonly open: ServerProcess;
  readonly plain: StockClient;
  readonly tunnel: StockClient;
  /** Of a server that speaks TLS 1.3. */
  readonly secured: ServerProcess;
  readonly tls: StockClient;
  /** The certificate of who signed that of the second server, in PEM form. */
  readonly authority: string;
  close(): void;
}

/** What rows of the tunnel are compared with. */
export const linkFloors = ['ours without encryption', "ours over grpc-js's TLS 1.3"];

/** Start a server of each kind. */
export async function linkedClients(
  { folder, processes }: RowContext,
  keyBits: KeyBits,
): Promise<LinkedClients> {
  await mkdir(folder, { recursive: true });
  const authority = await TestAuthority.make();
  const { cert, key } = await authority.issue();
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  const [open, secured] = await Promise.all([
    processes.startServer({ logsPath: join(folder, 'logs') }),
    processes.startServer({ logsPath: join(folder, 'tls-logs'), tls: { certFile, keyFile } }),
  ]);
  const plain = new StockClient(open.address);
  const tunnel = new StockClient(open.address, { keyBits });
  const tls = new StockClient(secured.address, { ca: authority.cert });
  return {
    ...{ open, plain, tunnel, secured, tls, authority: authority.cert },
    close: () => {
      for (const client of [plain, tunnel, tls]) client.close();
    },
  };
}
