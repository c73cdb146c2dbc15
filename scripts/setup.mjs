// Makes a clone ready to run: installs the dependencies that package-lock.json names, unless they are there,
// and generates gen/ if it is missing. `npm start` and `npm test` run it first. It runs on the machine's own
// Node, 20 or newer, before anything is installed, so it uses nothing but Node.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
// Which lock file was installed, by its hash. It lies in node_modules, so that deleting those deletes it too.
const stampFile = join(modules, '.installed-lock-sha256');
// The Node that runs everything here, put there by an install script.
const nodeBinary = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
// npm's own record of what it installed, written when all is done.
const recordFile = join(modules, '.package-lock.json');

const lock = readFileSync(lockFile);
const stamp = createHash('sha256').update(lock).digest('hex');

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  if (!isInstalled()) {
    console.log('setup: installing dependencies (npm ci)');
    install();
    checkNode();
  }
  writeFileSync(stampFile, stamp);
}

if (!existsSync(join(root, 'gen', 'atedb', 'v1', 'chain_pb.js'))) {
  console.log('setup: generating gen/ from proto/');
  runOrExit(join(modules, '.bin', 'buf'), ['generate'], process.env);
}

/** Whether npm's record has every package of the lock file, as after an `npm install` by hand. */
function isInstalled() {
  if (!existsSync(recordFile) || !existsSync(nodeBinary)) return false;
  const installed = JSON.parse(readFileSync(recordFile, 'utf8')).packages;
  return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages that are made for other systems are not installed.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

function install() {
  // npm has to run on the machine's own Node: the one in node_modules is about to be replaced.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(modules))
    .join(delimiter);
  // The tools are development dependencies, which NODE_ENV=production would leave out.
  runOrExit('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    ...process.env,
    PATH: path,
  });
}

/** npm may be configured not to run install scripts; then everything else fails in ways that are hard to read. */
function checkNode() {
  if (existsSync(nodeBinary)) return;
  console.error('setup: the package "node" brought no Node, since its install script has not run.');
  console.error('setup: allow it, as by: npm config set ignore-scripts false');
  process.exit(1);
}

function runOrExit(command, args, environment) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  const what = `${command} ${args.join(' ')}`;
  console.error(`setup: "${what}" failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}
