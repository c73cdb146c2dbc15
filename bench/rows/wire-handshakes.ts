import { connect } from 'node:tls';
import { Channel, credentials } from '@grpc/grpc-js';
import { shakeHands } from '../../src/client/handshake.ts';
import type { KeyBits } from '../../src/client/index.ts';
import { linkedClients } from '../load/links.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { p50AtMostTimesFloor, rateAtLeast } from '../target.ts';

/** Connections that are being made at once. */
const atOnce = 4;

export const wireHandshakes128 = wireHandshakes(128, [
  rateAtLeast(300, 'handshakes'),
  p50AtMostTimesFloor(3),
]);
export const wireHandshakes256 = wireHandshakes(256);

function wireHandshakes(keyBits: KeyBits, targets: Row['targets'] = []): Row {
  return {
    name: `wire-handshakes-${keyBits}`,
    title: `handshakes of the tunnel with keys of ${keyBits} bits, a new connection each, ${atOnce} at once`,
    floors: [
      'handshakes of TLS 1.3 with X25519MLKEM768 and a certificate of P-256, a new connection each',
    ],
    unit: 'handshakes',
    targets,
    async prepare(context) {
      const clients = await linkedClients(context, keyBits);
      const { open, secured, authority } = clients;
      const count = context.scale.handshakes;
      return {
        floors: [() => timed(count, () => shakeTls(secured.address, authority))],
        measureOurs: () => timed(count, () => shake(open.address, keyBits)),
        finish: async () => clients.close(),
      };
    },
  };
}

/** Make so many, some of them at once. */
async function timed(count: number, once: () => Promise<void>): Promise<Measure> {
  const durationsMs: number[] = [];
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let made = 0; made < count / atOnce; made += 1) {
        const beganMs = performance.now();
        await once();
        durationsMs.push(performance.now() - beganMs);
      }
    }),
  );
  return measureOf(durationsMs.length, performance.now() - startMs, durationsMs);
}

async function shake(server: string, keyBits: KeyBits): Promise<void> {
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const channel = new Channel(server, credentials.createInsecure(), options);
  try {
    const session = await shakeHands({
      ...{ server, keyBits, sharesUpTo: keyBits, onlyIfRequired: false, state: undefined },
      identityCheck: { mustEncrypt: async () => false, accept: async () => undefined },
      createCall: (path) => channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null),
      signal: new AbortController().signal,
    });
    session.end();
  } finally {
    channel.close();
  }
}

function shakeTls(server: string, ca: string): Promise<void> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(server) ?? [];
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port: Number(port), ca, ALPNProtocols: ['h2'] },
      ...{ minVersion: 'TLSv1.3', ecdhCurve: 'X25519MLKEM768' },
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve();
    });
  });
}
