// A server's young generation may take twice 8 MiB instead of twice 16: what comes with each message dies young in either, and with the
// larger one a process on a busy machine holds more. Node takes that only when it starts, so a server's process begins anew with it, at
// once and as the same process. Whoever says a size of their own, to Node or in NODE_OPTIONS, has that.
'use strict';

const flag = '--max-semi-space-size';

module.exports = function startWithServerHeap(command) {
  const args = process.argv.slice(2);
  const isServer = command === 'auth-server' ? args.includes('run') : args.includes('solo');
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  // Windows has no such call.
  if (!isServer || said.includes(flag) || process.execve === undefined) return;
  if (process.platform === 'win32') return;
  const [, file, ...rest] = process.argv;
  const node = process.execPath;
  process.execve(node, [node, ...process.execArgv, `${flag}=8`, file, ...rest], process.env);
};
