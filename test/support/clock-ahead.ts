// Loaded before a program by `node --import`: its clock is ahead, by as many milliseconds as the environment says; where that says so, only
// once the program is sent SIGUSR2.
const { now } = Date;
const { ATEDB_TEST_CLOCK_AHEAD_MS: aheadMs, ATEDB_TEST_CLOCK_WAITS: waits } = process.env;
let offsetMs = waits === undefined ? Number(aheadMs) : 0;
Date.now = () => now() + offsetMs;
if (waits !== undefined) {
  process.on('SIGUSR2', () => {
    offsetMs = Number(aheadMs);
  });
}
