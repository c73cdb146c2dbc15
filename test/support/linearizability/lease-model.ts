// The leases on a chain's objects, as those see them who hold them. A lease may end at any moment without anybody's doing: its
// connection is cut, it says nothing for too long, the server is killed. Nobody sees when; so the model takes it as held until a refusal
// shows that it isn't, or another one has the lease. Once it has ended, it has for good.

interface ModelLease {
  readonly token: number;
  readonly hasEnded: boolean;
}

/** The newest lease of each object. */
export type ModelLeases = ReadonlyMap<string, ModelLease>;

/** Somebody is given the lease on an object; undefined where that can't be, since tokens rise. */
export function granted(
  leases: ModelLeases,
  object: string,
  token: number,
): ModelLeases | undefined {
  const before = leases.get(object)?.token ?? 0;
  return token > before ? new Map(leases).set(object, { token, hasEnded: false }) : undefined;
}

/** The lease has ended, if it is this one: it was given up, or is seen to be lost. */
export function ended(leases: ModelLeases, object: string, token: number): ModelLeases {
  if (!mayBeHeld(leases, object, token)) return leases;
  return new Map(leases).set(object, { token, hasEnded: true });
}

/** Whether a token may be that of the one who holds the lease: it is the newest, and wasn't seen to be lost. */
export function mayBeHeld(leases: ModelLeases, object: string, token: number): boolean {
  const newest = leases.get(object);
  return newest?.token === token && !newest.hasEnded;
}

/** Equal for leases that can't be told apart. */
export function keyOfLeases(leases: ModelLeases): string {
  return JSON.stringify(
    [...leases]
      .map(([object, { token, hasEnded }]) => [object, token, hasEnded])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
}
