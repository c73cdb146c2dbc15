import type { Chain, ChainEvent } from '../../../src/client/index.ts';
import { all, take } from '../test-client.ts';

/** Each way to read a chain of so many events; each hands over the newest of them. */
export const ways: Record<string, (chain: Chain, events: number) => Promise<unknown>> = {
  'from the start': (chain) => all(chain.read()),
  'from the middle': (chain, events) => all(chain.read({ from: events - 1 })),
  backwards: (chain) => take(chain.read({ reverse: true }), 1),
  live: (chain, events) => take(chain.subscribe({ timeoutMs: 2_000 }), events),
  'live from the middle': (chain, events) => {
    return take(chain.subscribe({ from: { sequence: events - 1 }, timeoutMs: 2_000 }), 1);
  },
  get: (chain, events) => chain.get({ sequence: events - 1 }),
  prove: (chain, events) => chain.prove({ sequence: events - 1 }),
};

/** What one way hands over of data, as text. */
export function texts(read: unknown): string[] {
  const events = Array.isArray(read) ? (read as ChainEvent[]) : [];
  return events.filter(({ kind }) => kind === 'data').map(({ data }) => String(data));
}
