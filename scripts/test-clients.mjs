// Runs the suite of every client in clients/, in an environment of its own, and then the matrix of all of them. A client whose toolchain
// isn't there is skipped, and said; where CI is set that fails instead.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const isCi = !['', '0', 'false'].includes(process.env.CI ?? '');

/**
 * What a client needs, and how it is tested. `setUp` gets it ready and says what is missing, if anything is; `suite` are commands that
 * fail when something is wrong.
 */
const clients = {
  go: { setUp: setUpGo, suite: goSuite },
  java: { setUp: setUpJava, suite: javaSuite },
  python: { setUp: setUpPython, suite: pythonSuite },
  rust: { setUp: setUpRust, suite: rustSuite },
};

const failed = [];
const skipped = [];
const ready = [];

for (const name of readdirSync(join(root, 'clients'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)) {
  console.log(`\n== ${name}`);
  const client = clients[name];
  if (client === undefined) {
    console.error(`clients/${name} has no suite: add it to scripts/test-clients.mjs`);
    failed.push(name);
    continue;
  }
  const folder = join(root, 'clients', name);
  const missing = client.setUp(folder);
  if (missing !== undefined) {
    console.log(`Skipped: ${missing}`);
    skipped.push(name);
    continue;
  }
  ready.push(name);
  for (const command of client.suite(folder)) {
    if (!run(command, folder)) {
      failed.push(`${name}: ${command.slice(1).join(' ')}`);
      break;
    }
  }
}

if (ready.length > 0) {
  console.log('\n== matrix');
  const matrix = [process.execPath, join(root, 'test', 'matrix', 'main.ts'), ...ready];
  if (!run(matrix, root)) failed.push('matrix');
}

for (const name of skipped) console.log(`Skipped: ${name}`);
for (const name of failed) console.error(`Failed: ${name}`);
if (isCi && skipped.length > 0) console.error('CI is set, so that nothing may be left out.');
process.exitCode = failed.length > 0 || (isCi && skipped.length > 0) ? 1 : 0;

/** Have Go fetch the modules that go.mod and tools/go.mod name. */
function setUpGo(folder) {
  if (spawnSync('go', ['version']).status !== 0) {
    return 'there is no Go. Install Go 1.21 or newer, which gets the version that go.mod names by itself';
  }
  for (const place of [folder, join(folder, 'tools')]) {
    if (!run(['go', 'mod', 'download'], place)) {
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
function setUpJava(folder) {
  if (spawnSync('javac', ['--release', '17', '--version']).status !== 0) {
    return 'there is no JDK 17 or newer. Install one (openjdk-17-jdk-headless), or name it in JAVA_HOME and PATH';
  }
  if (spawnSync('mvn', ['--version']).status !== 0) {
    return 'there is no Maven. Install Maven 3.8 or newer (maven)';
  }
  if (!run(['mvn', '-B', '-q', 'test-compile'], folder)) {
    return 'what pom.xml names could not be had, or it does not compile. Let this machine reach Maven Central, or set a mirror';
  }
  return undefined;
}

function javaSuite() {
  return [
    ['mvn', '-B', '-q', 'spotless:check'],
    ['mvn', '-B', '-q', 'test'],
    ['mvn', '-B', '-q', 'javadoc:javadoc'],
  ];
}

/** Make clients/python/.venv with what pyproject.toml names, unless it is there. */
function setUpPython(folder) {
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
  if (!run([found, '-m', 'venv', '--clear', venv], folder)) {
    return `${found} can't make environments. Install its venv (python3-venv)`;
  }
  const install = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  if (!run([...install, '--editable', '.[dev]'], folder)) {
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
function setUpRust(folder) {
  for (const part of ['cargo', 'cargo-fmt', 'cargo-clippy']) {
    if (spawnSync(part, ['--version']).status !== 0) {
      return 'there is no Rust with rustfmt and clippy. Install Rust 1.89 or newer, as by rustup';
    }
  }
  if (!run(['cargo', 'fetch', '--locked'], folder)) {
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

function run([program, ...args], cwd) {
  return spawnSync(program, args, { cwd, stdio: 'inherit' }).status === 0;
}
