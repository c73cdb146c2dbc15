import { vi } from 'vitest';
import { eventuallyMs } from './scale.ts';

/**
 * Check again and again until the check doesn't throw.
 * @throws What the check threw last, once `eventuallyMs` are over.
 */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: eventuallyMs, interval: 10 });
}
