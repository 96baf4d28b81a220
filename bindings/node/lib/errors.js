'use strict';
// What goes wrong, as classes: the codes of include/coseno/error.h.

class CosenoError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

const classes = new Map();

function define(name, code) {
  const made = {
    [name]: class extends CosenoError {
      constructor(message, options) {
        super(code, message, options);
      }
    },
  }[name];
  Object.defineProperty(made.prototype, 'name', { value: name, configurable: true, writable: true });
  classes.set(code, made);
  return made;
}

Object.defineProperty(CosenoError.prototype, 'name', { value: 'CosenoError', configurable: true, writable: true });

const InvalidArgumentError = define('InvalidArgumentError', 'invalid_argument');
const NotFoundError = define('NotFoundError', 'not_found');
const ConflictError = define('ConflictError', 'conflict');
const UnavailableError = define('UnavailableError', 'unavailable');
const CorruptError = define('CorruptError', 'corrupt');
const IoError = define('IoError', 'io');
const CancelledError = define('CancelledError', 'cancelled');
const InternalError = define('InternalError', 'internal');

// An error with the code that the addon tells.
function errorOf(code, message, options) {
  const Class = classes.get(code) ?? InternalError;
  return new Class(message, options);
}

module.exports = {
  CosenoError,
  InvalidArgumentError,
  NotFoundError,
  ConflictError,
  UnavailableError,
  CorruptError,
  IoError,
  CancelledError,
  InternalError,
  errorOf,
};
