import coseno from './index.js';

export const {
  Engine,
  Model,
  evaluate,
  fit,
  models,
  readRatings,
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
