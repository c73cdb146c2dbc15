// A server's young generation may take twice 8 MiB instead of twice 16: what comes with each message dies young in either, and with the
// larger one a process on a busy machine holds more. Node takes that only when it starts, so a server's process begins anew with it, at
// once and as the same process. Whoever says a size of their own, to Node or in NODE_OPTIONS, has that.
'use strict';

const flag = '--max-semi-space-size';

module.exports = function startWithServerHeap(command) {
  const args = process.argv.slice(2);
  const isServer = command === 'auth-server' ? args.includes('run') : args.includes('solo');
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (!isServer || said.includes(flag)) return;
  // Windows has no such call, and before Node 26 it is experimental, and may say so.
  if (process.platform === 'win32' || Number.parseInt(process.versions.node, 10) < 26) return;
  const [, file, ...rest] = process.argv;
  const node = process.execPath;
  try {
    process.execve(node, [node, ...process.execArgv, `${flag}=8`, file, ...rest], process.env);
  } catch {
    // Where Node may start nothing (--permission), it goes on as it is.
  }
};
