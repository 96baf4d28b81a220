'use strict';
// The engine: include/coseno/engine.h in the words of JavaScript.

const { count, filter, floats, json, mistaken, object, only, signalOf, text } = require('./arguments.js');
const { ConflictError, InvalidArgumentError } = require('./errors.js');
const { native, parse, start, traced } = require('./native.js');
const { Items, Users } = require('./records.js');
const { Changes, watch } = require('./watch.js');
const { Work } = require('./work.js');

const { numbers } = native;

// Events and lists that one look at the log brings.
const kEventsAtOnce = 1000;
const kListsAtOnce = 100;

const kEventFields = { user: true, item: true, type: true, value: true, timeMs: true, id: true };

// Made by Engine.open() alone.
const kOpening = Symbol('opening');

// Types of an event's fields; what they may hold, the engine says.
function checkEvent(event) {
  if (event === null || typeof event !== 'object') throw mistaken('event', 'an object', event);
  for (const name in event) {
    if (kEventFields[name] !== true) throw new InvalidArgumentError(`there is no field ${name} of an event`);
  }
  const { user, item, type, value, timeMs, id } = event;
  text('user', user);
  text('item', item);
  if (type !== undefined) text('type', type);
  if (id !== undefined) text('id', id);
  if (value !== undefined && typeof value !== 'number') throw mistaken('value', 'a number', value);
  if (timeMs !== undefined && !Number.isSafeInteger(timeMs)) throw mistaken('timeMs', 'a whole number', timeMs);
}

function checkEvents(events) {
  events.forEach((event, place) => {
    try {
      checkEvent(event);
    } catch (error) {
      error.message = `event ${place + 1} of ${events.length}: ${error.message}`;
      throw error;
    }
  });
}

// What observe has left in `numbers`.
const acknowledged = () => ({ position: numbers[0], nNew: numbers[1], nRepeated: numbers[2] });

// The list whose numbers stand in `numbers`.
function listOf(ids) {
  const n = numbers[2];
  const items = new Array(n);
  for (let place = 0; place < n; ++place) items[place] = { item: ids[place], score: numbers[4 + place] };
  if (numbers[3] !== 0) {
    for (let place = 0; place < n; ++place) items[place].propensity = numbers[4 + n + place];
  }
  if (ids.length > n) {
    JSON.parse(ids[n]).forEach((details, place) => Object.assign(items[place], details));
  }
  return { items, position: numbers[0], snapshot: numbers[1] };
}

const kOf = (options) => (options.k === undefined ? 10 : count('k', options.k));

// Options of a list but k as JSON, or undefined where there are none.
function restOf(options) {
  for (const name in options) {
    if (name !== 'k') {
      const { k, ...rest } = options;
      return json(rest);
    }
  }
  return undefined;
}

function openRequest(folder, options, beside) {
  return json({ ...object('options', options), folder: text('folder', folder), beside });
}

class Engine {
  #native;
  #folder;
  #changes = new Changes();
  #works = new Set();
  #closing;

  static async open(folder, options) {
    return Engine.#openAs(folder, options, false);
  }
  static async openBeside(folder, options) {
    return Engine.#openAs(folder, options, true);
  }
  static async #openAs(folder, options, beside) {
    const request = openRequest(folder, options, beside);
    const begin = (number) => native.open(number, request);
    try {
      return await start(begin, (opened) => new Engine(kOpening, opened, folder)).promise;
    } catch (error) {
      throw traced(error);
    }
  }

  static restore(backup, folder, options) {
    return Engine.#folderWork('restore', options, () => ({ backup: text('backup', backup), folder: text('folder', folder) }));
  }
  static verify(folder, options) {
    return Engine.#folderWork('verify', options, () => ({ folder: text('folder', folder) }));
  }
  static #folderWork(name, options, request) {
    return new Work(options, (number, rest) => native.folderCall(number, name, json({ ...rest, ...request() })), parse);
  }

  constructor(key, opened, folder) {
    if (key !== kOpening) throw new TypeError('an engine is opened: await Engine.open(folder)');
    this.#native = opened;
    this.#folder = folder;
    const records = {
      ask: (name, request) => this.#ask(name, request),
      change: (name, request) => this.#change(name, request),
    };
    this.items = new Items(records);
    this.users = new Users(records);
  }

  get folder() {
    return this.#folder;
  }
  get position() {
    return this.#native.position();
  }

  // --- events

  async observe(events) {
    if (Array.isArray(events)) {
      checkEvents(events);
      return this.#change('observe', { events });
    }
    checkEvent(events);
    const { user, item, type, value, timeMs, id } = events;
    const begin = (number) => this.#native.observe(number, user, item, type, value, timeMs, id);
    return this.#start(begin, () => {
      this.#changes.tell();
      return acknowledged();
    });
  }

  observeSync(event) {
    checkEvent(event);
    this.#native.observeSync(event.user, event.item, event.type, event.value, event.timeMs, event.id);
    this.#changes.tell();
    return { position: numbers[0], nNew: numbers[1], nRepeated: numbers[2] };
  }

  async retract(id) {
    return this.#change('retract', { id: text('id', id) });
  }
  async history(user) {
    return this.#ask('history', { id: text('user', user) });
  }

  async *events(options) {
    let { from = 1 } = only(object('options', options), ['from']);
    for (;;) {
      const page = await this.#ask('events', { from, limit: kEventsAtOnce });
      yield* page;
      if (page.length < kEventsAtOnce) return;
      from = page.at(-1).position + 1;
    }
  }

  // --- lists

  async recommend(user, options) {
    const who = user === null ? '' : text('user', user);
    const given = object('options', options);
    const k = kOf(given);
    const rest = restOf(given);
    return this.#start((number) => this.#native.recommend(number, who, k, rest), listOf);
  }

  recommendSync(user, options) {
    const who = user === null ? '' : text('user', user);
    if (options === undefined) return listOf(this.#native.recommendSync(who, 10, undefined));
    object('options', options);
    return listOf(this.#native.recommendSync(who, kOf(options), restOf(options)));
  }

  async similar(item, options) {
    text('item', item);
    const given = only(object('options', options), ['k', 'filter']);
    const k = kOf(given);
    const allowed = filter(given.filter);
    return this.#start((number) => this.#native.similar(number, item, k, allowed), listOf);
  }

  async trending(options) {
    const given = only(object('options', options), ['k', 'filter']);
    const k = kOf(given);
    const allowed = filter(given.filter);
    return this.#start((number) => this.#native.trending(number, k, allowed), listOf);
  }

  async similarUsers(user, options) {
    return this.#ask('similarUsers', { id: text('user', user), k: kOf(only(object('options', options), ['k'])) });
  }

  watch(user, options) {
    const { signal, atMostEveryMs, ...rest } = object('options', options);
    signalOf({ signal });
    if (atMostEveryMs !== undefined && !(atMostEveryMs >= 0 && atMostEveryMs <= 1e9)) {
      throw mistaken('atMostEveryMs', 'in [0, 1e9]', atMostEveryMs);
    }
    const ask = async () => (this.#closing === undefined ? this.recommend(user, rest) : undefined);
    return watch(ask, this.#changes, signal, atMostEveryMs);
  }

  async *shown(options) {
    let { fromMs } = only(object('options', options), ['fromMs']);
    let skip = 0; // of the lists of that millisecond, those that were given
    for (;;) {
      const page = await this.#ask('shown', { fromMs, skip, limit: kListsAtOnce });
      yield* page;
      if (page.length < kListsAtOnce) return;
      const last = page.at(-1).timeMs;
      const nOfLast = page.filter((list) => list.timeMs === last).length;
      skip = last === fromMs ? skip + nOfLast : nOfLast;
      fromMs = last;
    }
  }

  // --- settings, models and the folder

  async eventTypes() {
    return this.#ask('eventTypes', {});
  }
  async setEventTypes(types) {
    return this.#change('setEventTypes', { types: object('types', types) });
  }
  async note(name) {
    return this.#ask('note', { id: text('name', name) });
  }
  async setNote(name, note) {
    return this.#change('setNote', { name: text('name', name), text: text('text', note) });
  }
  async stats() {
    return this.#ask('stats', {});
  }
  async snapshots() {
    return this.#ask('snapshots', {});
  }
  async refresh() {
    return this.#change('refresh', {});
  }

  train(options) {
    return this.#work('train', options);
  }
  publishVectors(options) {
    return this.#work('publishVectors', options, undefined, (number, rest) => {
      const { itemVectors, itemBiases, userVectors, ...others } = rest;
      const items = floats('itemVectors', itemVectors ?? []);
      const dim = others.dim ?? items.length / (others.items?.length ?? 0);
      if (!Number.isInteger(dim)) throw new InvalidArgumentError(`itemVectors has ${items.length} numbers, which ${others.items?.length} items do not share alike`);
      const biases = itemBiases === undefined ? undefined : floats('itemBiases', itemBiases);
      const users = userVectors === undefined ? undefined : floats('userVectors', userVectors);
      this.#native.publishVectors(number, json({ ...others, dim }), items, biases, users);
    });
  }
  compact(options) {
    return this.#work('compact', options);
  }
  backUp(target, options) {
    return this.#work('backUp', options, () => ({ target: text('target', target) }));
  }
  importFile(path, options) {
    return this.#work('importFile', options, () => ({ path: text('path', path) }));
  }

  // --- the end

  // What was asked for before is done; long work is cancelled. A second close waits for the first.
  close() {
    if (this.#closing === undefined) {
      for (const work of this.#works) work.cancel();
      this.#closing = this.#start((number) => this.#native.close(number), () => undefined);
      this.#changes.tell();
    }
    return this.#closing;
  }
  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.close();
  }

  // --- inside

  async #start(begin, finish) {
    try {
      return await start(begin, finish, this).promise;
    } catch (error) {
      throw traced(error);
    }
  }
  async #ask(name, request) {
    const text = json(request);
    return this.#start((number) => this.#native.call(number, name, text), parse);
  }
  async #change(name, request) {
    const done = await this.#ask(name, request);
    this.#changes.tell();
    return done;
  }
  #work(name, options, more = () => ({}), begin = (number, rest) => {
    this.#native.call(number, name, json({ ...rest, ...more() }));
  }) {
    const work = new Work(options, begin, parse, this, (isDone) => {
      if (isDone) this.#works.delete(work);
      this.#changes.tell();
    });
    this.#works.add(work);
    return work;
  }
}

module.exports = { Engine };
