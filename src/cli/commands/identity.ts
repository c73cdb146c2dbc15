import type { Argv, CommandModule } from 'yargs';
import { parseFingerprintText, parseServerAddress } from '../../event/index.ts';
import { chainFlags, declareChainFlags, isOn, readPositional } from '../chain-flags.ts';
import { type ParsedArguments, readFlag } from '../flags.ts';
import { soloFlags } from '../solo-flags.ts';

const flags = { json: chainFlags.json };

function withLogsPath(program: Argv): Argv {
  return declareChainFlags(program, flags).positional('logs-path', {
    describe: "Folder of the server's logs",
    type: 'string',
    defaultDescription: 'that of /opt/ate, ~/ate and ./data which has a server',
  });
}

function withServer(program: Argv): Argv {
  return declareChainFlags(program, flags).positional('server', {
    describe: 'host[:port]',
    type: 'string',
  });
}

/** What the commands on a server's own machine share. */
function ofLogs(parsed: ParsedArguments) {
  const logsPath = readFlag(soloFlags.logsPath, parsed, process.env)?.value;
  return { logsPath, json: isOn(flags.json, parsed) };
}

/** What the commands about known servers share. */
function ofServer(parsed: ParsedArguments) {
  const { server } = readPositional('server', parsed, parseServerAddress);
  return { server, json: isOn(flags.json, parsed) };
}

const showCommand: CommandModule = {
  command: ['show [logs-path]', '$0'],
  describe:
    "Show the identity of the server whose logs are here, as its clients' addresses name it",
  builder: withLogsPath,
  handler: async (parsed) => {
    const settings = ofLogs(parsed);
    const { showIdentity } = await import('../identity.ts');
    await showIdentity(settings);
  },
};

const rotateCommand: CommandModule = {
  command: 'rotate [logs-path]',
  describe: 'Give that server another identity key, which the one before vouches for',
  builder: (program) =>
    withLogsPath(program).epilogue(
      `Stop the server first. Clients follow by themselves: they are shown a statement that both keys have
signed. The old key is deleted, and so are the keys that sign checkpoints, which the next start makes
anew. Interrupted at any point, it leaves the old identity or the new one; see docs/identity.md.`,
    ),
  handler: async (parsed) => {
    const settings = ofLogs(parsed);
    const { rotate } = await import('../identity.ts');
    await rotate(settings);
  },
};

const knownCommand: CommandModule = {
  command: 'known',
  describe: 'List the servers that this user has met, with their identities',
  builder: (program) => declareChainFlags(program, flags),
  handler: async (parsed) => {
    const json = isOn(flags.json, parsed);
    const { listKnownHosts } = await import('../known-servers.ts');
    await listKnownHosts({ json });
  },
};

const acceptCommand: CommandModule = {
  command: 'accept <server> <fingerprint>',
  describe: 'Take an identity for that of a server, whatever it was known by',
  builder: (program) =>
    withServer(program)
      .positional('fingerprint', {
        describe: 'sha256:<64 hexadecimal digits>, from the operator of the server',
        type: 'string',
      })
      .example(
        '$0 identity accept example.com sha256:9f86d081…0f00a08',
        'after example.com was set up anew',
      ),
  handler: async (parsed) => {
    const fingerprint = readPositional('fingerprint', parsed, parseFingerprintText);
    const settings = { ...ofServer(parsed), fingerprint };
    const { acceptServer } = await import('../known-servers.ts');
    await acceptServer(settings);
  },
};

const forgetCommand: CommandModule = {
  command: 'forget <server>',
  describe: 'Forget the identity of a server, which is met for the first time then',
  builder: withServer,
  handler: async (parsed) => {
    const settings = ofServer(parsed);
    const { forgetServer } = await import('../known-servers.ts');
    await forgetServer(settings);
  },
};

/** `atedb identity`: the identities of servers. */
export const identityCommand: CommandModule = {
  command: 'identity',
  describe: 'Show or rotate the identity of a server, and say which servers are known by which',
  builder: (program) =>
    program
      .command(showCommand)
      .command(rotateCommand)
      .command(knownCommand)
      .command(acceptCommand)
      .command(forgetCommand)
      .epilogue(
        'Known servers are in ~/.ate/known_hosts, or in known_hosts below ATE_HOME where that is set.',
      ),
  handler: () => undefined,
};
