import coseno from './index.js';

export const {
  Engine,
  CosenoError,
  InvalidArgumentError,
  NotFoundError,
  ConflictError,
  UnavailableError,
  CorruptError,
  IoError,
  CancelledError,
  InternalError,
} = coseno;
