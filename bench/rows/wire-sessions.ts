import { Channel, credentials } from '@grpc/grpc-js';
import { shakeHands } from '../../src/client/handshake.ts';
import type { Row } from '../row.ts';
import { residentAtMost } from '../target.ts';

/** Handshakes that are being made at once. */
const atOnce = 4;
/** Of one connection: one that ends very many calls early is ended by the server's HTTP/2, as an attack. */
const perConnection = 250;
const keyBits = 128;
const sessionsWanted = 10_000;

/** Idle sessions of the tunnel: how much more the server keeps, after they were made. */
export const wireSessions: Row = {
  name: 'wire-sessions',
  title: 'what a server keeps of 10,000 idle sessions of the tunnel',
  floors: [],
  unit: 'handshakes',
  figure: 'residentBytes',
  // 2 KiB each.
  targets: [residentAtMost(19.5, '')],
  repetitionsMax: 1,
  scaledDown: ({ sessions }) =>
    sessions < sessionsWanted ? `${sessions.toLocaleString('en-GB')} sessions` : undefined,
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer({ logsPath: folder, reportsMemory: true });
    const shakeSome = async (count: number) => {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      const channel = new Channel(server.address, credentials.createInsecure(), options);
      for (let made = 0; made < count; made += 1) {
        await shakeHands({
          ...{ server: server.address, keyBits, sharesUpTo: keyBits, onlyIfRequired: false },
          state: undefined,
          identityCheck: { mustEncrypt: async () => false, accept: async () => undefined },
          createCall: (path) =>
            channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null),
          signal: new AbortController().signal,
        });
      }
      channel.close();
    };
    const shakeMany = (count: number) =>
      Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (let due = count / atOnce; due > 0; due -= perConnection) {
            await shakeSome(Math.min(due, perConnection));
          }
        }),
      );
    return {
      floors: [],
      measureOurs: async () => {
        // What is there with the first handshakes is no session's.
        await shakeMany(scale.sessions / 5);
        const before = await server.keptBytes();
        await shakeMany(scale.sessions);
        return { residentBytes: (await server.keptBytes()) - before };
      },
      finish: async () => undefined,
    };
  },
};
