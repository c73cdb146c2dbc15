export { ClientCallCrypto } from './client-call.ts';
export {
  ClientHandshake,
  type ClientHandshakeOptions,
  type FinishedHandshake,
} from './client-handshake.ts';
export { ClientSession } from './client-session.ts';
export { frameTypes } from './forms.ts';
export type { OpenedFrame } from './frame-crypto.ts';
export type { FrameType } from './frames.ts';
export { isKeyBits, type KeyBits, keySizes } from './key-bits.ts';
export {
  clientHelloBytesMax,
  framePayloadBytesMax,
  rotationBytesMax,
  rotationsMax,
  sessionsMaxDefault,
  sessionsPerPeerMaxDefault,
  sessionTermsDefault,
} from './limits.ts';
export type { SessionTerms } from './messages.ts';
export { ServerCallCrypto } from './server-call.ts';
export {
  type AnsweredHello,
  type AnswerOptions,
  answerHello,
  type IdentitySigner,
  PendingSession,
} from './server-handshake.ts';
export { type BegunCall, ServerSession } from './server-session.ts';
export { SessionTable, type SessionTableOptions } from './session-table.ts';
