import { describeOverWire } from './support/use-wire.ts';

// What holds of calls as they are holds of calls through the tunnel.

describeOverWire(128, ['append-proof', 'client-append', 'subscribe']);
describeOverWire(256, ['lock-protocol']);
