// Runs the suite of every client in clients/, in an environment of its own, and then the matrix of all of them. As many suites run side by
// side as there are cores, and what one has printed is shown when it is over. A client whose toolchain isn't there is skipped, and said;
// where CI is set that fails instead.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const isCi = !['', '0', 'false'].includes(process.env.CI ?? '');

/**
 * What a client needs, and how it is tested. `setUp` gets it ready and says what is missing, if anything is; `suite` are commands that
 * fail when something is wrong. Those that take longest come first.
 */
const clients = {
  rust: { setUp: setUpRust, suite: rustSuite },
  java: { setUp: setUpJava, suite: javaSuite },
  python: { setUp: setUpPython, suite: pythonSuite },
  go: { setUp: setUpGo, suite: goSuite },
};

const failed = [];
const skipped = [];
const ready = [];

for (const { name } of readdirSync(join(root, 'clients'), { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && !(entry.name in clients),
)) {
  console.error(`clients/${name} has no suite: add it to scripts/test-clients.mjs`);
  failed.push(name);
}
const waiting = Object.keys(clients);
await Promise.all(Array.from({ length: availableParallelism() }, runSuites));

if (ready.length > 0) {
  console.log('\n== matrix');
  const matrix = [process.execPath, join(root, 'test', 'matrix', 'main.ts'), ...ready.sort()];
  const { status } = spawnSync(matrix[0], matrix.slice(1), { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed.push('matrix');
}

for (const name of skipped) console.log(`Skipped: ${name}`);
for (const name of failed) console.error(`Failed: ${name}`);
if (isCi && skipped.length > 0) console.error('CI is set, so that nothing may be left out.');
process.exitCode = failed.length > 0 || (isCi && skipped.length > 0) ? 1 : 0;

/** Run suites of clients that wait, one after the other. */
async function runSuites() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const output = [];
    await runSuite(name, output);
    console.log(`\n== ${name}`);
    process.stdout.write(Buffer.concat(output));
  }
}

/** @param output takes what is printed. */
async function runSuite(name, output) {
  const folder = join(root, 'clients', name);
  const run = (command, cwd = folder) => runCommand(command, cwd, output);
  const missing = await clients[name].setUp(run, folder);
  if (missing !== undefined) {
    output.push(Buffer.from(`Skipped: ${missing}\n`));
    skipped.push(name);
    return;
  }
  ready.push(name);
  for (const command of clients[name].suite(folder)) {
    const beganMs = performance.now();
    const isGood = await run(command);
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    const verdict = isGood ? `${seconds} s` : `failed after ${seconds} s`;
    output.push(Buffer.from(`-- ${name}: ${command.slice(1).join(' ')}: ${verdict}\n`));
    if (isGood) continue;
    failed.push(`${name}: ${command.slice(1).join(' ')}`);
    return;
  }
}

/** Have Go fetch the modules that go.mod and tools/go.mod name. */
async function setUpGo(run, folder) {
  if (spawnSync('go', ['version']).status !== 0) {
    return 'there is no Go. Install Go 1.21 or newer, which gets the version that go.mod names by itself';
  }
  for (const place of [folder, join(folder, 'tools')]) {
    if (!(await run(['go', 'mod', 'download'], place))) {
      return 'what go.mod names could not be had. Let this machine reach a proxy of Go modules, or set GOPROXY to a mirror';
    }
  }
  return undefined;
}

function goSuite() {
  const tool = (...args) => ['go', 'tool', '-modfile=tools/go.mod', ...args];
  return [
    ['sh', 'scripts/format.sh'],
    ['sh', 'scripts/generate.sh', '--check'],
    ['go', 'vet', './...'],
    tool('staticcheck', './...'),
    ['go', 'test', './...'],
  ];
}

/** Have Maven fetch what pom.xml names, once. */
async function setUpJava(run) {
  if (spawnSync('javac', ['--release', '17', '--version']).status !== 0) {
    return 'there is no JDK 17 or newer. Install one (openjdk-17-jdk-headless), or name it in JAVA_HOME and PATH';
  }
  if (spawnSync('mvn', ['--version']).status !== 0) {
    return 'there is no Maven. Install Maven 3.8 or newer (maven)';
  }
  if (!(await run(['mvn', '-B', '-q', 'test-compile']))) {
    return 'what pom.xml names could not be had, or it does not compile. Let this machine reach Maven Central, or set a mirror';
  }
  return undefined;
}

function javaSuite() {
  return [
    // In one go, since Maven takes several seconds to begin.
    ['mvn', '-B', '-q', 'spotless:check', 'test', 'javadoc:javadoc'],
  ];
}

/** Make clients/python/.venv with what pyproject.toml names, unless it is there. */
async function setUpPython(run, folder) {
  const venv = join(folder, '.venv');
  const python = venvPython(folder);
  const stamp = join(venv, 'made-from');
  const made = createHash('sha256')
    .update(readFileSync(join(folder, 'pyproject.toml')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return undefined;
  const isNew = 'import sys; sys.exit(sys.version_info < (3, 11))';
  const found = [
    process.env.PYTHON ?? 'python3',
    'python3.14',
    'python3.13',
    'python3.12',
    'python3.11',
  ].find((program) => spawnSync(program, ['-c', isNew]).status === 0);
  if (found === undefined)
    return 'there is no Python 3.11 or newer. Install it, or name it in PYTHON';
  if (!(await run([found, '-m', 'venv', '--clear', venv]))) {
    return `${found} can't make environments. Install its venv (python3-venv)`;
  }
  const install = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  if (!(await run([...install, '--editable', '.[dev]']))) {
    return 'what pyproject.toml names could not be installed. Let this machine reach a package index';
  }
  writeFileSync(stamp, made);
  return undefined;
}

function pythonSuite(folder) {
  const python = venvPython(folder);
  return [
    [python, '-m', 'ruff', 'check', '.'],
    [python, '-m', 'ruff', 'format', '--check', '.'],
    [python, '-m', 'mypy'],
    [python, '-m', 'pytest', '--quiet'],
  ];
}

/** Have cargo fetch what Cargo.lock names, and make the program that the matrix runs. */
async function setUpRust(run) {
  for (const part of ['cargo', 'cargo-fmt', 'cargo-clippy']) {
    if (spawnSync(part, ['--version']).status !== 0) {
      return 'there is no Rust with rustfmt and clippy. Install Rust 1.89 or newer, as by rustup';
    }
  }
  if (!(await run(['cargo', 'fetch', '--locked']))) {
    return 'what Cargo.lock names could not be had. Let this machine reach a registry of crates';
  }
  return undefined;
}

function rustSuite() {
  return [
    ['cargo', 'fmt', '--check'],
    ['cargo', 'clippy', '--locked', '--all-targets', '--', '-D', 'warnings'],
    ['cargo', 'test', '--locked'],
    ['cargo', 'rustdoc', '--locked', '--lib', '--', '-D', 'warnings'],
  ];
}

function venvPython(folder) {
  return process.platform === 'win32'
    ? join(folder, '.venv', 'Scripts', 'python.exe')
    : join(folder, '.venv', 'bin', 'python');
}

/** @returns whether it ended well. */
function runCommand([program, ...args], cwd, output) {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => output.push(bytes));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      output.push(Buffer.from(`${program}: ${error.message}\n`));
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  });
}
