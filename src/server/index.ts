export { defaultServerLimits, type ServerLimits } from './limits.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
export { errorDomain, statusByReason } from './status.ts';
export type { TlsOptions as ServerTlsOptions } from './tls-files.ts';
