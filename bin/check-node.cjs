// Refuses a Node that is too old, in words. It has to run on that Node to do so, so this file keeps to the
// JavaScript of many years ago.
'use strict';

function parseVersion(text) {
  var numbers = /(\d+)\.(\d+)\.(\d+)/.exec(text);
  return [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])];
}

function isOlder(version, other) {
  if (version[0] !== other[0]) return version[0] < other[0];
  if (version[1] !== other[1]) return version[1] < other[1];
  return version[2] < other[2];
}

/** End the process with code 1 unless its Node is one that package.json's `engines` allows. */
module.exports = function checkNode(command) {
  var needed = parseVersion(require('../package.json').engines.node).join('.');
  var found = process.versions.node;
  if (!isOlder(parseVersion(found), parseVersion(needed))) return;
  process.stderr.write(
    command +
      ' needs Node.js ' +
      needed +
      ' or newer, and this is Node.js ' +
      found +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a newer one from https://nodejs.org. In a clone of the sources, "npx ' +
      command +
      '" brings its own.\n',
  );
  process.exit(1);
};
