import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Engine } from 'coseno';
import { collect, itemsOf, kShop, manyEvents, newData, newFolder, openShop } from './folders.mjs';

test('an event is in effect when observe is resolved', async (t) => {
  const engine = await openShop(t);
  assert.deepEqual(await engine.observe({ user: 'zoe', item: 'tea', type: 'view' }), { position: 8, nNew: 1, nRepeated: 0 });
  const { items, position, snapshot } = await engine.recommend('zoe', { k: 1 });
  assert.equal(items.length, 1);
  assert.equal(items[0].item, 'honey');
  assert.ok(items[0].score > 0);
  assert.deepEqual([position, snapshot], [8, 0]);
  assert.equal(engine.position, 8);
});

test('what runs on this thread says the same as what does not', async (t) => {
  const engine = await openShop(t);
  assert.deepEqual(engine.observeSync({ user: 'zoe', item: 'tea', value: 2, timeMs: 1.7e12, id: 'a' }), { position: 8, nNew: 1, nRepeated: 0 });
  assert.deepEqual(engine.observeSync({ user: 'zoe', item: 'tea', id: 'a' }), { position: 8, nNew: 0, nRepeated: 1 });
  assert.deepEqual(await engine.history('zoe'), [{ item: 'tea', type: 'view', value: 2, timeMs: 1.7e12 }]);
  for (const options of [undefined, {}, { k: 2 }, { k: 3, explain: true }, { exclude: ['honey'] }, { exploration: 1, seed: 7 }]) {
    assert.deepEqual(engine.recommendSync('zoe', options), await engine.recommend('zoe', options));
  }
});

test('events are stored in the order of calls', async (t) => {
  const engine = await openShop(t);
  const done = await Promise.all(Array.from({ length: 500 }, (_, n) => engine.observe({ user: 'zoe', item: `i${n}`, timeMs: 1.7e12 })));
  assert.deepEqual(done.map(({ position }) => position), Array.from({ length: 500 }, (_, n) => n + 8));
  const items = (await collect(engine.events({ from: 8 }))).map(({ item }) => item);
  assert.deepEqual(items, Array.from({ length: 500 }, (_, n) => `i${n}`));
});

test('a batch is taken whole or not at all, and the error names the event', async (t) => {
  const engine = await openShop(t);
  const events = [{ user: 'zoe', item: 'tea' }, { user: 'zoe', item: '' }];
  await assert.rejects(engine.observe(events), { code: 'invalid_argument', message: 'event 2 of 2: the item is empty' });
  assert.deepEqual(await engine.history('zoe'), []);
});

test('events are told in the order of the log, beyond one page', async (t) => {
  const engine = await Engine.open(newData());
  t.after(() => engine.close());
  const events = manyEvents(100, 25);
  await engine.observe(events);
  const told = await collect(engine.events());
  assert.deepEqual(told.map(({ user, item, timeMs }) => ({ user, item, timeMs })), events);
  assert.equal((await collect(engine.events({ from: told[2400].position }))).length, 100);
});

test('what is taken back is gone', async (t) => {
  const engine = await openShop(t);
  await engine.observe({ user: 'zoe', item: 'tea', id: 'order-1' });
  assert.equal((await engine.retract('order-1')).nNew, 1);
  assert.equal((await engine.retract('order-1')).nRepeated, 1);
  await assert.rejects(engine.retract('order-2'), { code: 'not_found' });
  assert.equal((await collect(engine.events())).length, kShop.length);
});

test('a user who is erased is gone from every answer', async (t) => {
  const engine = await openShop(t);
  await engine.users.put('ann', { name: 'Ann' });
  await engine.users.erase('ann');
  assert.deepEqual(await engine.history('ann'), []);
  assert.equal(await engine.users.get('ann'), undefined);
  assert.deepEqual((await collect(engine.users.list())).map(({ id }) => id), ['bob', 'eve']);
  await assert.rejects(engine.users.erase('ann'), { code: 'not_found' });
  assert.equal(await engine.compact(), undefined);
});

test('items have properties, which filters know', async (t) => {
  const engine = await openShop(t);
  await engine.items.put('honey', { title: 'Honey', price: 4.5, kinds: ['sweet', 'food'], isFresh: true });
  await engine.items.patch('honey', { price: 5, isFresh: null });
  assert.deepEqual(await engine.items.get('honey'), { title: 'Honey', price: 5, kinds: ['sweet', 'food'] });
  assert.equal(await engine.items.get('rum'), undefined);
  assert.deepEqual(await engine.items.get('oil'), {});
  const filter = { range: { price: { from: 3 } } };
  assert.deepEqual(itemsOf(await engine.recommend('zoe', { filter })), ['honey']);
  assert.deepEqual(itemsOf(await engine.recommend('zoe', { filter: JSON.stringify(filter) })), ['honey']);
  assert.deepEqual(itemsOf(await engine.trending({ filter })), ['honey']);
  assert.deepEqual(itemsOf(await engine.similar('tea', { filter })), ['honey']);
  assert.deepEqual((await collect(engine.items.list({ pageSize: 1 }))).map(({ id }) => id), ['tea', 'honey', 'nuts', 'oil']);
  assert.deepEqual(await collect(engine.items.list({ text: 'hon' })), [{ id: 'honey', properties: { title: 'Honey', price: 5, kinds: ['sweet', 'food'] } }]);
  await engine.items.delete('honey');
  assert.equal(await engine.items.get('honey'), undefined);
  await assert.rejects(engine.items.delete('honey'), { code: 'not_found' });
});

test('properties have any name, also those that objects of JavaScript have', async (t) => {
  const engine = await openShop(t);
  await engine.items.put('tea', JSON.parse('{"__proto__": 1, "constructor": "x"}'));
  assert.equal(JSON.stringify(await engine.items.get('tea')), '{"__proto__":1,"constructor":"x"}');
});

test('many records are put at once, all or none', async (t) => {
  const engine = await openShop(t);
  await engine.items.putMany([{ id: 'tea', properties: { price: 1 } }, { id: 'rum' }, { id: 'tea', properties: { price: 2 } }]);
  assert.deepEqual([await engine.items.get('tea'), await engine.items.get('rum')], [{ price: 2 }, {}]);
  await engine.users.putMany([{ id: 'ann', properties: { age: 30 } }]);
  assert.deepEqual(await engine.users.get('ann'), { age: 30 });
  await assert.rejects(engine.items.putMany([{ id: 'gin' }, { id: '' }]), { code: 'invalid_argument' });
  assert.equal(await engine.items.get('gin'), undefined);
  await assert.rejects(engine.items.putMany('tea'), { message: /^records must be a list/ });
  await assert.rejects(engine.items.putMany([{ properties: {} }]), { message: /^records\[0\]\.id is missing/ });
});

test('a program keeps notes with its data', async (t) => {
  const engine = await openShop(t);
  assert.equal(await engine.note('settings'), undefined);
  await engine.setNote('settings', '{"k": 5}');
  await engine.setNote('empty', '');
  assert.deepEqual([await engine.note('settings'), await engine.note('empty')], ['{"k": 5}', '']);
  await assert.rejects(engine.setNote('', 'x'), { code: 'invalid_argument' });
});

test('users have properties', async (t) => {
  const engine = await openShop(t);
  await engine.users.put('ann', { age: 30 });
  await engine.users.patch('ann', { town: 'Graz' });
  assert.deepEqual(await engine.users.get('ann'), { age: 30, town: 'Graz' });
  assert.equal(await engine.users.get('zoe'), undefined);
});

test('options of a list do what they say', async (t) => {
  const engine = await openShop(t);
  assert.deepEqual(itemsOf(await engine.recommend('ann', { includeSeen: true })).sort(), ['honey', 'nuts', 'oil', 'tea']);
  assert.deepEqual(itemsOf(await engine.recommend('ann', { exclude: ['oil', 'unknown'] })), ['nuts']);
  assert.equal(itemsOf(await engine.recommend('zoe', { pinned: ['oil'] }))[0], 'oil');
  assert.deepEqual(itemsOf(await engine.recommend(null, { history: [{ item: 'tea' }], k: 1 })), ['honey']);
  await engine.items.put('tea', { shelf: 'a' });
  await engine.items.put('honey', { shelf: 'a' });
  const capped = itemsOf(await engine.recommend('zoe', { caps: [{ property: 'shelf' }] }));
  assert.equal(capped.filter((item) => item === 'tea' || item === 'honey').length, 1);
  const boosts = [{ filter: { equals: { shelf: 'a' } }, amount: 100 }];
  assert.deepEqual(itemsOf(await engine.recommend('zoe', { boosts, k: 2 })).sort(), ['honey', 'tea']);
  await assert.rejects(engine.recommend('zoe', { minPosition: 1000 }), { code: 'unavailable' });
});

test('a list explains itself where it is asked', async (t) => {
  const engine = await openShop(t);
  engine.observeSync({ user: 'zoe', item: 'tea' });
  const [first] = (await engine.recommend('zoe', { explain: true })).items;
  assert.deepEqual(first.reasons, [{ item: 'tea', share: 1 }]);
  assert.ok(first.sources.some(({ name }) => name === 'covisitation'));
  const [plain] = (await engine.recommend('zoe')).items;
  assert.deepEqual(Object.keys(plain), ['item', 'score']);
});

test('lists that were shown can be read again, beyond one page', async (t) => {
  const engine = await openShop(t);
  const made = [];
  for (let seed = 1; seed <= 230; ++seed) {
    made.push(await engine.recommend('zoe', { exploration: 0.5, seed, logShown: true }));
  }
  const shown = await collect(engine.shown());
  assert.deepEqual(shown.map(({ seed }) => seed), made.map((_, n) => n + 1));
  assert.deepEqual(shown.map(({ items }) => items), made.map(({ items }) => items));
  assert.ok(shown.every(({ user }) => user === 'zoe'));
  assert.deepEqual(await collect(engine.shown({ fromMs: shown[0].timeMs + 1e9 })), []);
});

test('names that the engine does not know come back as they are', async (t) => {
  const engine = await openShop(t);
  const item = 'Käse 🧀 "x"\u0000\n';
  await engine.observe({ user: 'üser', item });
  assert.deepEqual((await engine.history('üser')).map((event) => event.item), [item]);
  assert.equal(itemsOf(engine.recommendSync('ann', { filter: {}, k: 1000 })).includes(item), true);
  const long = 'ü'.repeat(256);
  await engine.observe({ user: long, item: long });
  assert.equal((await engine.history(long))[0].item, long);
});

test('users who are alike are found', async (t) => {
  const engine = await openShop(t);
  const [bob] = await engine.similarUsers('ann');
  assert.equal(bob.user, 'bob');
  assert.ok(Math.abs(bob.score - 1) < 1e-6);
  await assert.rejects(engine.similarUsers('zoe'), { code: 'not_found' });
});

test('event types can be read and changed', async (t) => {
  const engine = await openShop(t);
  const types = await engine.eventTypes();
  assert.deepEqual(types.view, { weight: types.view.weight, halfLifeDays: types.view.halfLifeDays, isRating: false, hides: true, hidesDays: 0 });
  await assert.rejects(engine.observe({ user: 'ann', item: 'tea', type: 'sip' }), { code: 'invalid_argument' });
  await engine.setEventTypes({ ...types, sip: { weight: 2, hides: false } });
  await engine.observe({ user: 'ann', item: 'rum', type: 'sip' });
  assert.deepEqual((await engine.eventTypes()).sip, { weight: 2, halfLifeDays: 0, isRating: false, hides: false, hidesDays: 0 });
});

test('a training tells how far it is, and others go on meanwhile', async (t) => {
  const engine = await Engine.open(newData());
  t.after(() => engine.close());
  await engine.observe(manyEvents(300, 20));
  const training = engine.train({ model: 'ials', settings: { dim: 16, rounds: 400 } });
  let isDone = false;
  const done = training.then(() => (isDone = true));
  await engine.observe({ user: 'ann', item: 'tea' });
  await engine.recommend('ann');
  assert.equal(isDone, false);
  let n = 0;
  for await (const { stage, share } of training) {
    assert.equal(typeof stage, 'string');
    assert.ok(share >= 0 && share <= 1);
    ++n;
  }
  assert.ok(n > 0);
  await done;
  const report = await training;
  assert.equal(report.model, 'ials');
  assert.equal(report.settings.dim, '16');
  assert.ok(report.ndcg > report.ndcgPopularity);
  const [snapshot] = await engine.snapshots();
  assert.deepEqual([snapshot.snapshot, snapshot.isInService, snapshot.model], [1, true, 'ials']);
  const stats = await engine.stats();
  assert.deepEqual([stats.nUsers, stats.nEvents, stats.model, stats.snapshotTrouble], [301, 6001, 'ials', '']);
});

test('a training can be cancelled', async (t) => {
  const engine = await Engine.open(newData());
  t.after(() => engine.close());
  await engine.observe(manyEvents(300, 20));
  const stop = new AbortController();
  const training = engine.train({ model: 'ials', settings: { dim: 64, rounds: 500 }, signal: stop.signal });
  const reason = new Error('enough');
  await assert.rejects(
    async () => {
      for await (const _ of training) stop.abort(reason);
    },
    { code: 'cancelled', name: 'CancelledError', cause: reason },
  );
  await assert.rejects(training, { code: 'cancelled' });
  await assert.rejects(engine.train({ signal: AbortSignal.abort('before') }), { code: 'cancelled', cause: 'before' });
  const other = engine.train({ model: 'ials', settings: { dim: 64, rounds: 500 } });
  other.cancel();
  await assert.rejects(other, { code: 'cancelled' });
  assert.deepEqual(await engine.snapshots(), []);
});

test('files are imported', async (t) => {
  const engine = await Engine.open(newData());
  t.after(() => engine.close());
  const folder = newFolder();
  const ratings = path.join(folder, 'ratings.json');
  const items = path.join(folder, 'items.jsonl');
  fs.writeFileSync(ratings, '{"ann": {"tea": 5, "jam": 4.5}, "bob": {"tea": 4}}');
  fs.writeFileSync(items, '{"id": "tea", "title": "Tea"}\n{"id": "jam", "title": "Jam"}\n');
  assert.deepEqual(await engine.importFile(ratings), { nRows: 3, nNew: 3, nRepeated: 0, position: engine.position });
  assert.equal((await engine.importFile(ratings, { format: 'json-matrix' })).nRepeated, 3);
  assert.equal((await engine.importFile(items, { kind: 'items' })).nPut, 2);
  assert.deepEqual((await engine.history('ann')).map(({ type, value }) => [type, value]), [['rating', 5], ['rating', 4.5]]);
  assert.deepEqual(await engine.items.get('jam'), { title: 'Jam' });
  await assert.rejects(engine.importFile(path.join(folder, 'none.csv')), { code: 'not_found' });
  await assert.rejects(engine.importFile(ratings, { format: 'xml' }), { code: 'invalid_argument', message: /format must be json-matrix/ });
  await assert.rejects(engine.importFile(ratings, { kind: 'films' }), { code: 'invalid_argument', message: /kind/ });
});

test('a folder is copied, restored and verified', async (t) => {
  const engine = await openShop(t);
  const folder = newFolder();
  const backup = path.join(folder, 'backup');
  const copy = path.join(folder, 'copy');
  assert.equal(await engine.backUp(backup), undefined);
  assert.equal(await Engine.restore(backup, copy), undefined);
  const contents = await Engine.verify(copy);
  assert.deepEqual([contents.nEvents, contents.nUsers, contents.nItems], [6, 3, 4]);
  await assert.rejects(Engine.restore(backup, copy), { code: 'conflict' });
  await assert.rejects(Engine.verify(path.join(folder, 'none')), { code: 'not_found' });
  await assert.rejects(Engine.verify(copy, { signal: AbortSignal.abort() }), { code: 'cancelled' });
});

test('an engine beside reads what the writer has written', async (t) => {
  const writer = await openShop(t);
  const reader = await Engine.openBeside(writer.folder);
  t.after(() => reader.close());
  await writer.observe({ user: 'zoe', item: 'tea' });
  await reader.refresh();
  assert.deepEqual(await reader.recommend('zoe'), await writer.recommend('zoe'));
  await assert.rejects(reader.observe({ user: 'zoe', item: 'tea' }), { code: 'conflict' });
  assert.throws(() => reader.observeSync({ user: 'zoe', item: 'tea' }), { code: 'conflict' });
});

test('what was acknowledged is there when the folder is opened again', async () => {
  const folder = newData();
  for (let n = 1; n <= 3; ++n) {
    const engine = await Engine.open(folder, { durability: n === 2 ? 'always' : 'none' });
    await engine.observe({ user: 'ann', item: `i${n}` });
    assert.equal((await engine.history('ann')).length, n);
    await engine.close();
  }
});

test('what was asked for before close is done', async () => {
  const engine = await Engine.open(newData());
  await engine.observe(manyEvents(300, 20));
  const events = Array.from({ length: 200 }, (_, n) => engine.observe({ user: 'ann', item: `i${n}` }));
  const list = engine.recommend('ann');
  const training = engine.train({ model: 'ials', settings: { dim: 64, rounds: 500 } }).catch((error) => error.code);
  const closed = engine.close();
  assert.equal(engine.close(), closed);
  assert.equal((await Promise.all(events)).length, 200);
  assert.ok((await list).items.length >= 0);
  assert.equal(await training, 'cancelled');
  await closed;
});

test('await using closes it', { skip: Symbol.asyncDispose === undefined }, async () => {
  const folder = newData();
  const engine = await Engine.open(folder);
  await engine[Symbol.asyncDispose]();
  await (await Engine.open(folder)).close();
});

test('vectors from elsewhere are published and served', async (t) => {
  const engine = await openShop(t);
  const items = ['tea', 'honey', 'nuts', 'oil', 'rum'];
  const itemVectors = Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1, 0, 1);
  const report = await engine.publishVectors({ items, itemVectors, name: 'mine', force: true });
  assert.ok(report.snapshot > 0);
  const stats = await engine.stats();
  assert.deepEqual([stats.model, stats.snapshot, stats.nItems], ['mine', report.snapshot, 5]);
  await engine.observe({ user: 'zoe', item: 'tea' });
  const { items: list } = await engine.recommend('zoe', { explain: true });
  assert.equal(list[0].item, 'honey');
  assert.ok(list[0].sources.some(({ name }) => name === 'mine'));
  const refused = (options, message) => assert.rejects(engine.publishVectors(options), { code: 'invalid_argument', message });
  await refused({ items, itemVectors: Float32Array.of(1, 2, 3) }, /3 numbers/);
  await refused({ items, itemVectors: new Float32Array(10).fill(NaN) }, /finite|row/);
  await refused({ items, itemVectors: 'vectors' }, /^itemVectors must be a Float32Array/);
  await refused({ items, itemVectors, users: ['ann'], userVectors: [1, 2, 3] }, /user/);
  await refused({ items, itemVectors, vectors: [] }, /no option vectors/);
  await refused({}, /items/);
});
