export type { EmbeddedAuth } from './accounts/embedded-auth.ts';
export { prepareServerKeys } from './accounts/prepare-keys.ts';
export { identityPaths, readIdentity, type StoredIdentity } from './identity.ts';
export { defaultServerLimits, type ServerLimits } from './limits.ts';
export { answerLifeDefaultMs, type ServerAuth } from './owners/server-owners.ts';
export { type RotationStep, rotateIdentity } from './rotate-identity.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
export { errorDomain, statusByReason } from './status.ts';
export type { TlsOptions as ServerTlsOptions } from './tls-files.ts';
