import { describe, expect, test } from 'vitest';
import { completeLimits, defaultServerLimits, StreamCounter } from './limits.ts';

describe('completeLimits', () => {
  test('fills in what is absent', () => {
    expect(completeLimits({ streamsMax: 1 })).toEqual({ ...defaultServerLimits, streamsMax: 1 });
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses %s', (openChainsMax) => {
    expect(() => completeLimits({ openChainsMax })).toThrow(
      expect.objectContaining({ reason: 'REQUEST_INVALID', metadata: { field: 'openChainsMax' } }),
    );
  });
});

describe('StreamCounter', () => {
  test('takes as many streams as the limit, and no more', () => {
    const counter = new StreamCounter(completeLimits({ streamsMax: 2 }));
    const leave = counter.enter('read');
    counter.enter('append');
    expect(() => counter.enter('read')).toThrow(
      expect.objectContaining({ reason: 'TOO_MANY_STREAMS', metadata: { limit_streams: '2' } }),
    );
    leave();
    leave();
    expect(counter.open).toBe(1);
    counter.enter('read');
    expect(counter.open).toBe(2);
  });

  test('counts append streams by themselves', () => {
    const counter = new StreamCounter(completeLimits({ appendStreamsMax: 1 }));
    const leave = counter.enter('append');
    expect(() => counter.enter('append')).toThrow(
      expect.objectContaining({
        reason: 'TOO_MANY_STREAMS',
        metadata: { limit_append_streams: '1' },
      }),
    );
    counter.enter('read');
    leave();
    counter.enter('append');
    expect(counter.open).toBe(2);
  });
});
