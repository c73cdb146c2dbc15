import type { PeerConnection, PeerRequest } from './peer.ts';

/** Send requests, so many of them in flight, and wait for all answers. Returns how long each took. */
export function exchange(
  connection: PeerConnection,
  requests: readonly PeerRequest[],
  inFlight: number,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const durationsMs: number[] = [];
    let sent = 0;
    const sendNext = () => {
      const request = requests[sent];
      if (request === undefined) return;
      sent += 1;
      const sentMs = performance.now();
      connection.send(request, (error) => {
        if (error !== undefined) return reject(error);
        durationsMs.push(performance.now() - sentMs);
        if (durationsMs.length === requests.length) resolve(durationsMs);
        else sendNext();
      });
    };
    for (let each = 0; each < Math.min(inFlight, requests.length); each += 1) sendNext();
  });
}
