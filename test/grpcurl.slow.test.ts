import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServerOptions } from '../src/server/index.ts';
import { projectFolder } from './command.ts';
import { TestAuthority, TestFiles } from './support/certificates.ts';
import { blocksOf, patternOf, runInShell, stepsOf } from './support/console-tour.ts';
import { machineHas } from './support/machine-has.ts';
import { TestServer } from './support/test-server.ts';

// docs/grpcurl.md, run as it stands there.

const page = readFileSync(join(projectFolder, 'docs', 'grpcurl.md'), 'utf8');

const hasGrpcurl = machineHas({
  isThere: isInstalled('grpcurl'),
  what: 'grpcurl, which calls a server without its schema',
  remedy: 'run: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3',
});

describe.runIf(hasGrpcurl)('the tour with grpcurl and buf curl', () => {
  test('is as docs/grpcurl.md shows it', async () => {
    const files = await TestFiles.make();
    const authority = await TestAuthority.make();
    await files.write('ca.pem', authority.cert);
    const tls = await files.writePair(await authority.issue());
    const inClear = { trustMode: 'centralized', listen: ['localhost'] } as const;
    const server = await TestServer.start({
      ...inClear,
      tls: undefined,
      wireEncryption: undefined,
    });
    onTestFinished(() => server[Symbol.asyncDispose]());
    /** What the text of a section says of its server, where that is another than before. */
    const others: Record<string, Partial<ServerOptions>> = {
      'A server that wants its tunnel': { wireEncryption: 128 },
      'Through TLS': { tls, wireEncryption: undefined },
    };
    let steps = 0;
    for (const section of page.split(/^## /m)) {
      const [title = ''] = section.split('\n');
      const other = others[title];
      if (other !== undefined) await server.restart(undefined, { ...inClear, ...other });
      const at = `localhost:${server.running.port}`;
      for (const { command, expected } of blocksOf(section, 'console').flatMap(stepsOf)) {
        const here = command
          .replaceAll('localhost:5000', at)
          .replaceAll('ate://localhost/', `ate://${at}/`);
        const output = await runInShell(here, {
          folder: files.folder,
          home: join(files.folder, 'home'),
        });
        expect(output, `$ ${command}`).toMatch(patternOf(expected));
        steps += 1;
      }
    }
    expect(steps).toBeGreaterThan(25);
  }, 240_000);
});

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
