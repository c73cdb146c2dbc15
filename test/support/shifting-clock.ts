// Loaded before a server's process: its clock goes wrong when the parent says so, as a machine's may.
const { now } = Date;
let offsetMs = 0;
Date.now = () => now() + offsetMs;
process.on('message', (message) => {
  ({ offsetMs } = message as { offsetMs: number });
});
