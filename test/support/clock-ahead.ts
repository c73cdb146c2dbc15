// Loaded before a program by `node --import`: its clock is ahead, by as many milliseconds as the environment says.
const { now } = Date;
const aheadMs = Number(process.env.ATEDB_TEST_CLOCK_AHEAD_MS);
Date.now = () => now() + aheadMs;
