/**
 * This machine failed, and not the server: a key or a file of the home folder can't be had. No waiting for the server
 * mends that, though the reason may be one (STORAGE_FAILED) for which a server is asked again.
 */
export class LocalFailure extends Error {
  override readonly name = 'LocalFailure';
  declare readonly cause: unknown;

  constructor(cause: unknown) {
    super('this machine failed', { cause });
  }
}

/** Mark what a promise rejects with as this machine's failure. */
export async function locally<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw new LocalFailure(error);
  }
}
