'use strict';
// Loads the addon, and turns what it tells into promises.

const path = require('node:path');
const { errorOf } = require('./errors.js');

function load() {
  const file = path.join(__dirname, '..', 'prebuilt', `${process.platform}-${process.arch}`, 'coseno.node');
  try {
    return require(file);
  } catch (cause) {
    throw errorOf('unavailable', explain(file, cause), { cause });
  }
}

function explain(file, cause) {
  if (cause.code === 'MODULE_NOT_FOUND') {
    return `coseno has no addon for ${process.platform}-${process.arch} (${file} is not there): build it as its README says`;
  }
  const library = /^(\S+): cannot open shared object file/.exec(cause.message);
  if (library) {
    return `coseno's addon needs the library ${library[1]}, which this system does not have: install it (README, "What it needs")`;
  }
  const version = /version `(GLIBC|GLIBCXX)_([\d.]+)' not found/.exec(cause.message);
  if (version) {
    return `coseno's addon needs ${version[1] === 'GLIBC' ? 'glibc' : 'libstdc++'} with ${version[1]}_${version[2]}, which this system does not have: Debian 12, Ubuntu 22.04 or newer (README, "What it needs")`;
  }
  return `coseno's addon cannot be loaded: ${cause.message}`;
}

const native = load();

// What the addon is at work on: number -> call.
const calls = new Map();
let lastNumber = 0;

// The addon says: it is done, it failed, or this far.
native.setDispatch((number, outcome, value, share) => {
  const call = calls.get(number);
  if (outcome === 2) {
    call.onProgress?.({ stage: value, share });
    return;
  }
  calls.delete(number);
  if (outcome === 1) {
    call.reject(value);
    return;
  }
  try {
    call.resolve(call.finish(value));
  } catch (error) {
    call.reject(error);
  }
}, errorOf);

// Begins something of the addon: begin(number). `finish` makes of the addon's value what is promised,
// at once: the next value may stand in native.numbers. `keep` is not collected meanwhile.
function start(begin, finish, keep, onProgress) {
  const number = ++lastNumber;
  const promise = new Promise((resolve, reject) => {
    begin(number);
    calls.set(number, { resolve, reject, finish, keep, onProgress });
  });
  return { number, promise };
}

// The error with the stack of who waits for it: it was made where nobody had called.
function traced(error) {
  Error.captureStackTrace(error, traced);
  return error;
}

const parse = (json) => (json === undefined ? undefined : JSON.parse(json));

module.exports = { native, parse, start, traced };
