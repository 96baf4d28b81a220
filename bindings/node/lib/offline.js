'use strict';
// Models fitted once to ratings in memory: include/coseno/offline.h in the words of JavaScript.

const { json, mistaken, object, only, shown, text } = require('./arguments.js');
const { InvalidArgumentError } = require('./errors.js');
const { native, parse, start, traced } = require('./native.js');
const { Work } = require('./work.js');

// Made by readRatings() and fit() alone.
const kMaking = Symbol('making');

// k items at least; how many at most, the model says.
function kOf(options) {
  const { k = 10 } = options;
  if (!Number.isInteger(k) || k < 1 || k > 0x7fffffff) throw new InvalidArgumentError(`k must be at least 1, not ${shown(k)}`);
  return k;
}

const listOf = ({ ids, scores }) => ids.map((item, place) => ({ item, score: scores[place] }));
const usersOf = ({ ids, scores }) => ids.map((user, place) => ({ user, score: scores[place] }));

class Ratings {
  #native;

  constructor(key, made) {
    if (key !== kMaking) throw new TypeError('ratings are read: await readRatings(source)');
    this.#native = made;
    Object.assign(this, JSON.parse(made.describe()));
    Object.freeze(this);
  }

  user(number) {
    return this.#native.user(numberOf('number', number));
  }
  item(number) {
    return this.#native.item(numberOf('number', number));
  }
  findUser(id) {
    return this.#native.findUser(text('user', id));
  }
  findItem(id) {
    return this.#native.findItem(text('item', id));
  }

  static nativeOf(name, ratings) {
    if (!(ratings instanceof Ratings)) throw mistaken(name, 'ratings of readRatings()', ratings);
    return ratings.#native;
  }
}

function numberOf(name, value) {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw mistaken(name, 'a number from 0 on', value);
  return value;
}

// What the addon reads: a path, or text in a format.
function sourceOf(source) {
  if (typeof source === 'string') return { text: text('source', source), isPath: true };
  if (source instanceof URL) return { text: decodeURIComponent(source.pathname), isPath: true };
  if (Array.isArray(source)) return { text: source.map(lineOf).join('\n'), isPath: false, format: 'json-lines' };
  return { text: json(object('source', source ?? null)), isPath: false, format: 'json-matrix' };
}

function lineOf(rating, place) {
  const name = `rating ${place + 1} of the source`;
  const { user, item, value, timeMs } = only(object(name, rating ?? null), ['user', 'item', 'value', 'timeMs']);
  if (timeMs !== undefined && !Number.isSafeInteger(timeMs)) throw mistaken(`${name}: timeMs`, 'a whole number', timeMs);
  return json({ user, item, value, time: timeMs === undefined ? undefined : Math.floor(timeMs / 1000) });
}

function readRatings(source, options) {
  const begin = (number, rest) => {
    const { text: read, isPath, ...format } = sourceOf(source);
    native.readRatings(number, read, isPath, json({ ...format, ...rest }));
  };
  return new Work(options, begin, (made) => new Ratings(kMaking, made));
}

// Rows of floats that a model keeps.
class Vectors {
  constructor({ data, nRows, dim, stride }) {
    this.data = data;
    this.nRows = nRows;
    this.dim = dim;
    this.stride = stride;
    Object.freeze(this);
  }

  row(number) {
    if (!(numberOf('number', number) < this.nRows)) throw mistaken('number', `below ${this.nRows}`, number);
    return this.data.subarray(number * this.stride, number * this.stride + this.dim);
  }
}

class Model {
  #native;
  #itemVectors;
  #userVectors;

  constructor(key, made) {
    if (key !== kMaking) throw new TypeError('a model is fitted, or loaded: await fit(name, ratings)');
    this.#native = made;
    Object.assign(this, JSON.parse(made.describe()));
    this.ratings = new Ratings(kMaking, made.ratings());
    Object.freeze(this);
  }

  static async load(path) {
    text('path', path);
    return made((number) => native.loadModel(number, path), (loaded) => new Model(kMaking, loaded));
  }

  async recommend(user, options) {
    const request = listRequest(user, options);
    return made((number) => this.#native.recommend(number, request), listOf);
  }
  recommendSync(user, options) {
    return listOf(this.#native.recommendSync(listRequest(user, options)));
  }

  async predict(user, items) {
    const asked = pairs(user, items);
    const ratings = await made((number) => this.#native.predict(number, user, asked), (value) => value);
    return Array.isArray(items) ? ratings : ratings[0];
  }
  predictSync(user, items) {
    const ratings = this.#native.predictSync(user, pairs(user, items));
    return Array.isArray(items) ? ratings : ratings[0];
  }

  async similarItems(item, options) {
    text('item', item);
    const k = kOf(only(object('options', options), ['k']));
    return made((number) => this.#native.similarItems(number, item, k), listOf);
  }
  async similarUsers(user, options) {
    text('user', user);
    const k = kOf(only(object('options', options), ['k']));
    return made((number) => this.#native.similarUsers(number, user, k), usersOf);
  }

  // One array over the same memory, whoever asks.
  itemVectors() {
    this.#itemVectors ??= made((number) => this.#native.itemVectors(number), (vectors) => new Vectors(vectors));
    return this.#itemVectors;
  }
  userVectors() {
    this.#userVectors ??= made((number) => this.#native.userVectors(number), (vectors) => new Vectors(vectors));
    return this.#userVectors;
  }

  async save(path) {
    text('path', path);
    return made((number) => this.#native.save(number, path), () => undefined);
  }
}

async function made(begin, finish) {
  try {
    return await start(begin, finish).promise;
  } catch (error) {
    throw traced(error);
  }
}

function listRequest(user, options) {
  const given = object('options', options);
  if (user !== null) text('user', user);
  if (user === null && given.history === undefined) throw new InvalidArgumentError('user must be a string, or there must be a history');
  return json({ ...given, user: user ?? undefined, k: kOf(given) });
}

function pairs(user, items) {
  text('user', user);
  const all = Array.isArray(items) ? items : [items];
  all.forEach((item) => text('item', item));
  return all;
}

function fit(name, ratings, options) {
  const begin = (number, rest) => native.fit(number, text('model', name), Ratings.nativeOf('ratings', ratings), json(rest));
  return new Work(options, begin, (fitted) => new Model(kMaking, fitted));
}

function evaluate(ratings, options) {
  const begin = (number, rest) => native.evaluate(number, Ratings.nativeOf('ratings', ratings), json(rest));
  return new Work(options, begin, parse);
}

const models = () => JSON.parse(native.models());

module.exports = { Model, Ratings, Vectors, evaluate, fit, models, readRatings };
