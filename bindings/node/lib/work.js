'use strict';
// Long work: a promise of its result, and an async iterator of how far it is.

const { CancelledError } = require('./errors.js');
const { native, start } = require('./native.js');

class Work {
  #promise;
  #latest;
  #wake = () => {};
  #isDone = false;
  #cancel = () => {};

  // As start() in native.js; `signal` cancels it. onChange is called whenever it may have changed
  // something, the last time with true when it is done.
  constructor(begin, finish, keep, signal, onChange = () => {}) {
    this.#promise = this.#run(begin, finish, keep, signal, onChange).finally(() => {
      this.#isDone = true;
      this.#cancel = () => {};
      this.#wake();
      onChange(true);
    });
  }

  async #run(begin, finish, keep, signal, onChange) {
    if (signal?.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
    const { number, promise } = start(begin, finish, keep, (progress) => {
      this.#latest = progress;
      this.#wake();
      onChange(false);
    });
    const cancel = () => native.cancel(number);
    this.#cancel = cancel;
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await promise;
    } catch (error) {
      if (error instanceof CancelledError && signal?.aborted) error.cause = signal.reason;
      throw error;
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
