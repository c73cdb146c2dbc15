import { identityHome, type KnownHost, KnownHosts } from '../client/index.ts';
import { fingerprintText } from '../event/index.ts';
import { runWithOutput } from './output.ts';

/** Show every known server in a line. */
export async function listKnownHosts({ json }: { readonly json: boolean }): Promise<void> {
  const hosts = knownHosts();
  const all = await hosts.list();
  await runWithOutput(async (output) => {
    const width = Math.max(0, ...all.map(({ server }) => server.length));
    for (const host of all) {
      const line = `${host.server.padEnd(width)}  ${fingerprintText(host.fingerprint)}${formerWords(host)}\n`;
      output.write(json ? `${JSON.stringify(host)}\n` : line);
    }
    if (all.length === 0 && !json) {
      process.stderr.write(`no server is known yet, in ${hosts.path}\n`);
    }
  });
}

/** Take an identity for a server's, and say what it was known by. */
export async function acceptServer(settings: {
  readonly server: string;
  /** In hexadecimal. */
  readonly fingerprint: string;
  readonly json: boolean;
}): Promise<void> {
  const { server, fingerprint, json } = settings;
  const before = await knownHosts().accept(server, fingerprint);
  const was =
    before === undefined
      ? 'it was not known'
      : before.fingerprint === fingerprint
        ? 'as before'
        : `it was known by ${fingerprintText(before.fingerprint)}`;
  await runWithOutput(async (output) => {
    const shown = { server, fingerprint, before: before?.fingerprint };
    const line = `${server} is known by ${fingerprintText(fingerprint)} from now on; ${was}\n`;
    output.write(json ? `${JSON.stringify(shown)}\n` : line);
  });
}

/** Forget a server, and say what it was known by. */
export async function forgetServer(settings: {
  readonly server: string;
  readonly json: boolean;
}): Promise<void> {
  const { server, json } = settings;
  const before = await knownHosts().forget(server);
  await runWithOutput(async (output) => {
    const shown = { server, before: before?.fingerprint };
    const line =
      before === undefined
        ? `${server} was not known\n`
        : `${server} is forgotten; it was known by ${fingerprintText(before.fingerprint)}\n`;
    output.write(json ? `${JSON.stringify(shown)}\n` : line);
  });
}

function knownHosts(): KnownHosts {
  return new KnownHosts(identityHome(process.env));
}

function formerWords({ former }: KnownHost): string {
  if (former.length === 0) return '';
  return `  rotated ${former.length === 1 ? 'once' : `${former.length} times`}`;
}
