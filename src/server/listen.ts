import { lookup } from 'node:dns/promises';
import { lstat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { AtedbError } from '../bytes/index.ts';

/** What a server listens on. */
export interface Listeners {
  /** `host:port` of each, IPv6 hosts in brackets; `unix:/path` for Unix sockets. */
  readonly addresses: string[];
  /** The TCP port, the same for all; 0 when all are Unix sockets. */
  readonly port: number;
  /** Take no more connections. Resolves when those that there are have ended. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /**
   * IP addresses, host names, `localhost` (both loopback addresses), `unix:/path`. `::` takes IPv4 too, and
   * becomes `0.0.0.0` where the machine has no IPv6.
   */
  readonly listen: readonly string[];
  /** The TCP port for all; 0: one that is free. */
  readonly port: number;
  /** Finds the IP addresses of a host name. Absent: as the system does. */
  readonly resolveHost?: ResolveHost | undefined;
  readonly onConnection: OnConnection;
}

/** Finds the IP addresses of a host name. What it throws, where that is an AtedbError, is what listening fails with. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** Takes a connection. @param over what it came. */
export type OnConnection = (socket: Socket, over: 'tcp' | 'unix') => void;

/** One thing to bind. */
export interface Endpoint {
  /** An IP address; or the path of a socket. */
  readonly host?: string;
  readonly path?: string;
  /** Bound instead, where this machine has no address of this kind; `null`: left out. Absent: that is an error. */
  readonly fallback?: Endpoint | null;
}

/** Tries to find one port that is free on every address. */
const freePortAttempts = 10;

const noSuchAddress: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/**
 * Listen on all of the addresses, or on none; a connection that came in before one failed is the caller's to end.
 * @throws AtedbError REQUEST_INVALID, saying which address could not be bound, why, and what to do.
 */
export async function listen(options: ListenOptions): Promise<Listeners> {
  const { listen: names, port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw refusal(`the port must be from 0 to 65535, not ${port}`, { field: 'port' });
  }
  if (names.length === 0) throw refusal('there is no address to listen on', { field: 'listen' });
  const { resolveHost = lookUpAsSystem } = options;
  const found = await Promise.all(names.map((name) => resolve(name, resolveHost)));
  const endpoints = withoutCovered(found.flat());
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnAll(endpoints, port, options.onConnection);
    } catch (error) {
      // A port that the system chose for the first address may be taken on the second.
      const again = port === 0 && attempt < freePortAttempts && isPortInUse(error);
      if (!again) throw error;
    }
  }
}

async function lookUpAsSystem(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Whether a server could listen there: what `listen` would throw is thrown before anything was made.
 * @throws AtedbError as `listen`.
 */
export async function checkListen(options: Omit<ListenOptions, 'onConnection'>): Promise<void> {
  const listeners = await listen({ ...options, onConnection: (socket) => socket.destroy() });
  await listeners.close();
}

async function resolve(name: string, resolveHost: ResolveHost): Promise<Endpoint[]> {
  if (name.startsWith('unix:')) return [{ path: name.slice('unix:'.length) }];
  if (name === 'localhost')
    return [
      { host: '127.0.0.1', fallback: null },
      { host: '::1', fallback: null },
    ];
  const host = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
  if (host === '::') return [{ host, fallback: { host: '0.0.0.0' } }];
  if (isIP(host) !== 0) return [{ host }];
  try {
    return (await resolveHost(host)).map((address) => ({ host: address }));
  } catch (cause) {
    if (cause instanceof AtedbError) throw cause;
    throw refusal(
      `cannot listen on ${name}: it is no IP address, and no host of this name is known; ` +
        'give an address of this machine, or :: for all of them',
      { field: 'listen', address: name },
      cause,
    );
  }
}

/** Leave out what another address covers (`::` takes IPv4 as well), since the system would say "in use". */
function withoutCovered(endpoints: Endpoint[]): Endpoint[] {
  const hosts = new Set(endpoints.map(({ host }) => host));
  const covered = ({ host }: Endpoint) =>
    host !== undefined &&
    ((hosts.has('::') && host !== '::') ||
      (hosts.has('0.0.0.0') && isIP(host) === 4 && host !== '0.0.0.0'));
  const unique = new Map(
    endpoints.map((endpoint) => [endpoint.host ?? `unix:${endpoint.path}`, endpoint]),
  );
  return [...unique.values()].filter((endpoint) => !covered(endpoint));
}

async function listenOnAll(
  endpoints: Endpoint[],
  port: number,
  onConnection: OnConnection,
): Promise<Listeners> {
  const servers: Server[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  };
  let boundPort = port;
  try {
    for (const endpoint of endpoints) {
      const server = await bind(endpoint, boundPort, onConnection);
      if (server === undefined) continue;
      servers.push(server);
      const bound = server.address();
      if (typeof bound === 'object' && bound !== null) boundPort = bound.port;
    }
    if (servers.length === 0) {
      throw refusal('cannot listen on localhost: this machine has no loopback address', {
        field: 'listen',
        address: 'localhost',
      });
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { addresses: servers.map(addressOf), port: boundPort, close };
}

/** Bind one endpoint, or its fallback; undefined: it is left out. */
async function bind(
  endpoint: Endpoint,
  port: number,
  onConnection: OnConnection,
): Promise<Server | undefined> {
  // Answers are small frames, and nobody should wait for them to be put together.
  const over = endpoint.path === undefined ? 'tcp' : 'unix';
  const server = createServer({ noDelay: true }, (socket) => onConnection(socket, over));
  try {
    await listening(server, endpoint, port);
    return server;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (endpoint.fallback !== undefined && noSuchAddress.has(code)) {
      return endpoint.fallback === null ? undefined : bind(endpoint.fallback, port, onConnection);
    }
    if (
      endpoint.path !== undefined &&
      code === 'EADDRINUSE' &&
      (await isLeftBehind(endpoint.path))
    ) {
      await unlink(endpoint.path);
      return bind(endpoint, port, onConnection);
    }
    throw listenError(endpoint, port, error);
  }
}

function listening(server: Server, { host, path }: Endpoint, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path === undefined ? { host, port } : { path }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Whether a path is a socket that nobody listens on: left by a crash. Anything else is somebody's, and stays. */
async function isLeftBehind(path: string): Promise<boolean> {
  return (await lstat(path)).isSocket() && !(await answers(path));
}

/** Whether somebody accepts connections on a Unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
  });
}

function addressOf(server: Server): string {
  const bound = server.address();
  if (bound === null) throw new Error('a server that was closed while it was being bound');
  return typeof bound === 'string' ? `unix:${bound}` : hostPort(bound.address, bound.port);
}

function hostPort(host: string, port: AddressInfo['port']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What the failure to listen on an endpoint means, and what to do. */
export function listenError({ host, path }: Endpoint, port: number, cause: unknown): AtedbError {
  const { code = 'unknown', message } = cause as NodeJS.ErrnoException;
  const address = path === undefined ? hostPort(host ?? '', port) : `unix:${path}`;
  const why: Record<string, string> = {
    EADDRINUSE:
      path === undefined
        ? 'it is in use; stop whatever listens there, or choose another port with --port'
        : 'it is in use, or is a file and no socket; choose another path',
    EACCES:
      path === undefined
        ? 'this user may not listen there; choose a port from 1024 on, or give the right to it'
        : 'its folder is missing, or this user may not make a socket there; choose another folder, or make it',
    EADDRNOTAVAIL:
      'this machine has no such address; choose one that it has, or :: for all of them',
    EAFNOSUPPORT: 'this machine has no addresses of this kind; listen on 0.0.0.0 for IPv4',
    ENOENT: 'its folder does not exist; make it first',
  };
  return refusal(
    `cannot listen on ${address}: ${why[code] ?? message}`,
    { field: 'listen', address, code },
    cause,
  );
}

function isPortInUse(error: unknown): boolean {
  if (!(error instanceof AtedbError)) return false;
  const { code, address } = error.metadata;
  return code === 'EADDRINUSE' && address?.startsWith('unix:') === false;
}

function refusal(message: string, metadata: Record<string, string>, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', message, { metadata, cause });
}
