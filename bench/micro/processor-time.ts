const rounds = 7;
const roundUs = 40_000;

/**
 * Processor time of this thread for one call, in nanoseconds: the least of several rounds, since whatever else the
 * machine does only adds to it.
 */
export function processorTimeNs(call: () => void): number {
  let calls = 1;
  // Until a round is long enough to be measured; warms up, too.
  while (timeUs(call, calls) < roundUs) calls *= 2;
  let leastUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) leastUs = Math.min(leastUs, timeUs(call, calls));
  return (leastUs / calls) * 1000;
}

function timeUs(call: () => void, calls: number): number {
  const before = process.threadCpuUsage();
  for (let index = 0; index < calls; index += 1) call();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
