'use strict';
// Items and users with their properties.

const { object, only, text } = require('./arguments.js');

// Pages of list(request), record by record.
async function* pages(list, request) {
  let after = 0;
  do {
    const page = await list({ ...request, after });
    yield* page.records;
    after = page.next;
  } while (after !== 0);
}

class Items {
  #engine;

  // ask(name, request) and change(name, request) are the engine's.
  constructor(engine) {
    this.#engine = engine;
  }

  async get(id) {
    return this.#engine.ask('getItem', { id: text('item', id) });
  }
  async put(id, properties = {}) {
    return this.#engine.change('putItem', { id: text('item', id), properties: object('properties', properties) });
  }
  async putMany(records) {
    return this.#engine.change('putItems', { records });
  }
  async patch(id, properties) {
    return this.#engine.change('patchItem', { id: text('item', id), properties: object('properties', properties) });
  }
  async delete(id) {
    return this.#engine.change('deleteItem', { id: text('item', id) });
  }
  list(options) {
    const { filter, text: words, pageSize } = only(object('options', options), ['filter', 'text', 'pageSize']);
    return pages((request) => this.#engine.ask('listItems', request), { filter, text: words, limit: pageSize });
  }
}

class Users {
  #engine;

  constructor(engine) {
    this.#engine = engine;
  }

  async get(id) {
    return this.#engine.ask('getUser', { id: text('user', id) });
  }
  async put(id, properties = {}) {
    return this.#engine.change('putUser', { id: text('user', id), properties: object('properties', properties) });
  }
  async putMany(records) {
    return this.#engine.change('putUsers', { records });
  }
  async patch(id, properties) {
    return this.#engine.change('patchUser', { id: text('user', id), properties: object('properties', properties) });
  }
  async erase(id) {
    return this.#engine.change('eraseUser', { id: text('user', id) });
  }
  list(options) {
    const { pageSize } = only(object('options', options), ['pageSize']);
    return pages((request) => this.#engine.ask('listUsers', request), { limit: pageSize });
  }
}

module.exports = { Items, Users };
