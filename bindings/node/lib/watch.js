'use strict';
// A user's list, whenever it changes.

// Trainings, time and other processes change lists without a word.
const kLookMs = 5000;
const kAtMostEveryMs = 50;

// Those who wait for the next change of an engine.
class Changes {
  #waiting = [];

  tell() {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  next() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const sameItems = (one, other) =>
  one.length === other.length && one.every((each, place) => each.item === other[place].item);

// Resolves after so long, or when one of the promises does, whichever is first.
function atLatest(milliseconds, promises) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return Promise.race([late, ...promises]).finally(() => clearTimeout(timer));
}

// ask() gives the list of the moment, or undefined when there are no more.
async function* watch(ask, changes, signal, atMostEveryMs = kAtMostEveryMs) {
  let abort;
  const aborted = new Promise((resolve) => {
    abort = resolve;
  });
  signal?.addEventListener('abort', abort, { once: true });
  let shown;
  try {
    while (!signal?.aborted) {
      const changed = changes.next(); // before asking, so that nothing goes by unseen
      const list = await ask();
      if (list === undefined) return;
      const isNew = shown === undefined || !sameItems(shown, list.items);
      if (isNew) {
        shown = list.items;
        if (!signal?.aborted) yield list;
      }
      const asked = performance.now();
      await atLatest(kLookMs, [changed, aborted]);
      const wait = atMostEveryMs - (performance.now() - asked);
      if (wait > 0) await atLatest(wait, [aborted]);
    }
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

module.exports = { Changes, watch };
