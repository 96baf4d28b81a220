'use strict';
// Long work: a promise of its result, and an async iterator of how far it is.

const { object, signalOf } = require('./arguments.js');
const { CancelledError } = require('./errors.js');
const { native, start, traced } = require('./native.js');

class Work {
  #promise;
  #latest;
  #wake = () => {};
  #isDone = false;
  #cancel = () => {};

  // begin(number, rest) and `finish` are those of start() in native.js; `rest` is what the caller's
  // options have beside `signal`, which cancels. onChange is called whenever it may have changed
  // something, the last time with true when it is done.
  constructor(options, begin, finish, keep, onChange = () => {}) {
    this.#promise = this.#run(options, begin, finish, keep, onChange).finally(() => {
      this.#isDone = true;
      this.#cancel = () => {};
      this.#wake();
      onChange(true);
    });
  }

  async #run(options, begin, finish, keep, onChange) {
    const { signal, ...rest } = object('options', options);
    signalOf({ signal });
    if (signal?.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
    const onProgress = (progress) => {
      this.#latest = progress;
      this.#wake();
      onChange(false);
    };
    const { number, promise } = start((given) => begin(given, rest), finish, keep, onProgress);
    const cancel = () => native.cancel(number);
    this.#cancel = cancel;
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await promise;
    } catch (error) {
      if (error instanceof CancelledError && signal?.aborted) error.cause = signal.reason;
      throw traced(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  then(onDone, onFailed) {
    return this.#promise.then(onDone, onFailed);
  }
  catch(onFailed) {
    return this.#promise.catch(onFailed);
  }
  finally(onSettled) {
    return this.#promise.finally(onSettled);
  }
  get [Symbol.toStringTag]() {
    return 'Work';
  }

  // It fails with a CancelledError soon; nothing where it is done.
  cancel() {
    this.#cancel();
  }

  // How far it is, whenever that changes; who is slow misses some. Throws what it failed with.
  // Leaving the loop leaves the work going.
  async *[Symbol.asyncIterator]() {
    let told;
    for (;;) {
      const changed = new Promise((resolve) => {
        this.#wake = resolve;
      });
      if (this.#latest !== told) {
        told = this.#latest;
        yield told;
        continue;
      }
      if (this.#isDone) break;
      await changed;
    }
    await this.#promise;
  }
}

module.exports = { Work };
