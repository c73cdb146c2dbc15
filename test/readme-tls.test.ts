import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFolder, run } from './command.ts';
import { TestAuthority, TestFiles } from './support/certificates.ts';
import { atedbProgram } from './support/cli-fixture.ts';
import { machineHas } from './support/machine-has.ts';
import { startTlsServer, type TlsServer } from './support/tls-server.ts';

const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
const operations = readFileSync(join(projectFolder, 'docs', 'operations.md'), 'utf8');

/** The README's lines about TLS that call this, without their comments. */
function linesOf(program: string): string[] {
  const block = /\n## TLS\n\n```\n(.*?)```/s.exec(readme)?.[1] ?? '';
  return block
    .split('\n')
    .filter((line) => line.startsWith(program))
    .map((line) => line.replace(/ +#.*/, ''));
}

/** Run a line of the documents as it stands there, but for the server's port, and where the files lie. */
async function runLine(line: string, { server, files }: TlsServer) {
  const buf = join(projectFolder, 'node_modules', '.bin', 'buf');
  const programs = `atedb() { "${process.execPath}" "${atedbProgram}" "$@"; }; buf() { "${buf}" "$@"; };`;
  const at = `localhost:${server.running.port}`;
  const here = line
    .replaceAll(/localhost:5000/g, at)
    .replace('ate://localhost/', `ate://${at}/`)
    .replace('ca.pem', join(files.folder, 'ca.pem'))
    .replace(/ FILE$/, ` ${join(files.folder, 'events.txt')}`);
  return run('sh', ['-c', `${programs} ${here}`], {
    environment: { ATE_HOME: join(files.folder, 'home') },
  });
}

async function ownServer(): Promise<TlsServer> {
  const started = await startTlsServer();
  await started.files.write('ca.pem', started.authority.cert);
  await started.files.write('events.txt', 'first\nsecond\n');
  return started;
}

test('a certificate of your own authority is trusted by the README’s line', async () => {
  const lines = linesOf('atedb append --tls-ca');
  expect(lines).toHaveLength(1);
  const started = await ownServer();
  const { code, stderr } = await runLine(lines[0] ?? '', started);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const read = await runLine(
    'atedb read --tls-ca ca.pem ate://localhost/example.com/me/log',
    started,
  );
  expect(read.stdout).toBe('first\nsecond\n');
});

test('buf curl lists the methods through TLS, and not where it trusts another authority', async () => {
  const lines = linesOf('buf curl');
  expect(lines).toHaveLength(1);
  const started = await ownServer();
  const listed = await runLine(lines[0] ?? '', started);
  expect(listed.stdout).toContain('atedb.v1.ChainService/Append\n');
  await started.files.write('ca.pem', (await TestAuthority.make('another')).cert);
  expect((await runLine(lines[0] ?? '', started)).code).not.toBe(0);
});

const hasGrpcurl = machineHas({
  isThere: isInstalled('grpcurl'),
  what: 'grpcurl, which calls a server without its schema',
  remedy: 'run: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3',
});

describe.runIf(hasGrpcurl)('grpcurl', () => {
  test('lists the services through TLS', async () => {
    const lines = linesOf('grpcurl');
    expect(lines).toHaveLength(1);
    const { code, stdout } = await runLine(lines[0] ?? '', await ownServer());
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain('atedb.v1.ChainService\n');
  });
});

const hasOpenssl = machineHas({
  isThere: isInstalled('openssl'),
  what: 'OpenSSL, which makes the certificate of the documents',
  remedy: 'install the package openssl',
});

describe.runIf(hasOpenssl)('the certificate that docs/operations.md makes', () => {
  test('is one that a server shows and a client trusts', async () => {
    const line = /^openssl req .*?[^\\]$/ms.exec(operations)?.[0];
    expect(line).toBeDefined();
    const files = await TestFiles.make();
    const made = await run('sh', ['-c', line ?? ''], { folder: files.folder });
    expect(made.code).toBe(0);
    const certFile = join(files.folder, 'server.pem');
    const started = await startTlsServer({
      tls: { certFile, keyFile: join(files.folder, 'server.key') },
    });
    const address = `localhost:${started.server.running.port}`;
    const args = [atedbProgram, 'chains', '--tls-ca', certFile, address];
    expect(await run(process.execPath, args)).toMatchObject({ code: 0 });
  });
});

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
