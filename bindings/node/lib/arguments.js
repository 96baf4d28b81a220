'use strict';
// What callers pass, checked before it is passed on: the addon trusts types.

const { InvalidArgumentError } = require('./errors.js');

const kMaxListed = 1000; // items of a list

function shown(value) {
  if (typeof value === 'string') return value.length > 40 ? 'a long string' : JSON.stringify(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function mistaken(name, wanted, value) {
  return new InvalidArgumentError(`${name} must be ${wanted}, not ${shown(value)}`);
}

// A string that UTF-8 can hold: two halves of a character that stand alone would become the same.
function text(name, value) {
  if (typeof value !== 'string') throw mistaken(name, 'a string', value);
  if (!value.isWellFormed()) throw new InvalidArgumentError(`${name} has half a character (a lone surrogate)`);
  return value;
}

function count(name, value) {
  if (!Number.isInteger(value) || value < 0 || value > Number.MAX_SAFE_INTEGER) {
    throw mistaken(name, `in [1, ${kMaxListed}]`, value);
  }
  return value;
}

// An object with options, or nothing.
function object(name, value) {
  if (value === undefined) return {};
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw mistaken(name, 'an object', value);
  return value;
}

function refuseWhatJsonHidesFrom(key, value) {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new InvalidArgumentError(`${key === '' ? 'a number' : key} is no finite number: ${value}`);
  }
  if (typeof value === 'function' || typeof value === 'symbol') throw mistaken(key, 'data', value);
  return value;
}

// JSON for the addon. What JSON has no word for is refused, rather than turned to null.
function json(value) {
  try {
    const quick = JSON.stringify(value);
    // null may stand for a number that is not finite. Others are as they were.
    return quick.includes('null') ? JSON.stringify(value, refuseWhatJsonHidesFrom) : quick;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError(`the options are no JSON: ${error.message}`, { cause: error });
  }
}

// A filter is a JSON object (docs/filters.md), or its text.
function filter(value) {
  if (value === undefined) return '';
  if (typeof value === 'string') return text('filter', value);
  return json(object('filter', value));
}

// Refuses options that nobody knows.
function only(options, names) {
  for (const name in options) {
    if (!names.includes(name)) throw new InvalidArgumentError(`there is no option ${name}`);
  }
  return options;
}

// A Float32Array as it is; other numbers as one.
function floats(name, value) {
  if (value instanceof Float32Array) return value;
  if (value instanceof Float64Array || (Array.isArray(value) && value.every((each) => typeof each === 'number'))) {
    return Float32Array.from(value);
  }
  throw mistaken(name, 'a Float32Array', value);
}

function signalOf(options) {
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw mistaken('signal', 'an AbortSignal', signal);
  return signal;
}

module.exports = { count, filter, floats, json, mistaken, object, only, shown, signalOf, text };
