import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { evaluate, fit, Model, models, readRatings } from 'coseno';
import { newFolder } from './folders.mjs';

// The tutorial's matrix: those who like tea, and those who like rum.
const kMatrix = {
  ann: { tea: 5, honey: 5, lemon: 4, rum: 1 },
  bob: { tea: 4, honey: 5, rum: 1 },
  cat: { tea: 5, lemon: 5, cola: 2 },
  dan: { rum: 5, cola: 4, tea: 1 },
  eve: { rum: 4, cola: 5, honey: 1 },
};

const itemsOf = (list) => list.map(({ item }) => item);

test('ratings are read from a matrix, a list and a file alike', async () => {
  const file = path.join(newFolder(), 'ratings.json');
  fs.writeFileSync(file, JSON.stringify(kMatrix));
  const list = Object.entries(kMatrix).flatMap(([user, row]) => Object.entries(row).map(([item, value]) => ({ user, item, value })));
  for (const source of [kMatrix, list, file, pathToFileURL(file)]) {
    const ratings = await readRatings(source);
    assert.deepEqual({ ...ratings }, { nUsers: 5, nItems: 5, size: 16, hasValues: true });
    assert.deepEqual([ratings.user(1), ratings.item(1), ratings.user(5)], ['bob', 'honey', undefined]);
    assert.deepEqual([ratings.findUser('cat'), ratings.findItem('cola'), ratings.findItem('gin')], [2, 4, undefined]);
  }
});

test('the job of the tutorial: a matrix, a fit, lists by score and by cosine', async () => {
  const ratings = await readRatings(kMatrix);
  const model = await fit('biased_mf', ratings, { settings: { dim: 4 }, seed: 7 });
  assert.deepEqual([model.name, model.settings.dim, model.seed, model.predictsRatings], ['biased_mf', '4', 7, true]);
  const list = await model.recommend('bob', { k: 2 });
  assert.deepEqual(itemsOf(list).sort(), ['cola', 'lemon']);
  assert.ok(list[0].score >= list[1].score);
  assert.deepEqual(model.recommendSync('bob', { k: 2 }), list);
  assert.equal(itemsOf(await model.recommend('bob', { by: 'cosine', k: 1 }))[0], 'lemon');
  assert.equal((await model.recommend('bob', { includeSeen: true })).length, 5);
  assert.deepEqual(itemsOf(await model.recommend('bob', { exclude: ['lemon', 'unknown'] })), ['cola']);
  assert.deepEqual(itemsOf(await model.recommend('bob', { allow: ['lemon'] })), ['lemon']);
  assert.deepEqual(await model.recommend('bob', { allow: ['unknown'] }), []);
  assert.equal((await model.recommend('nobody', { k: 5 })).length, 5);
  assert.deepEqual(itemsOf(await model.recommend(null, { history: [{ item: 'tea', value: 5 }, { item: 'unknown' }], k: 10 })).includes('tea'), false);
  const [liked, disliked] = await model.predict('bob', ['lemon', 'cola']);
  assert.ok(liked > disliked);
  assert.equal(await model.predict('bob', 'lemon'), liked);
  assert.equal(model.predictSync('bob', 'lemon'), liked);
  assert.deepEqual(model.predictSync('bob', ['lemon', 'cola']), Float32Array.of(liked, disliked));
  assert.equal((await model.similarItems('rum', { k: 1 })).length, 1);
  assert.equal((await model.similarUsers('dan', { k: 1 }))[0].user, 'eve');
});

test('vectors are the memory of the model, and outlive it', async () => {
  let model = await fit('ials', await readRatings(kMatrix), { settings: { dim: 8 } });
  const { nItems, nUsers } = model.ratings;
  const items = await model.itemVectors();
  const users = await model.userVectors();
  assert.deepEqual([items.nRows, users.nRows, items.dim, users.dim], [nItems, nUsers, 8, 8]);
  assert.equal(items.data.length, items.nRows * items.stride);
  assert.equal((await model.itemVectors()).data, items.data);
  const product = (one, other) => one.reduce((sum, value, d) => sum + value * other[d], 0);
  const [best] = await model.recommend('ann', { includeSeen: true, k: 1 });
  const byVectors = Array.from({ length: nItems }, (_, n) => product(users.row(0), items.row(n)));
  assert.ok(Math.abs(Math.max(...byVectors) - best.score) < 1e-4);
  const copy = Float32Array.from(items.data);
  model = undefined;
  for (let turn = 0; turn < 20; ++turn) {
    await new Promise(setImmediate);
    globalThis.gc?.();
  }
  assert.deepEqual(items.data, copy);
  assert.throws(() => items.row(nItems), { code: 'invalid_argument' });
  const without = await (await fit('popularity', await readRatings(kMatrix))).itemVectors();
  assert.deepEqual([without.nRows, without.data.length], [0, 0]);
});

test('a model is saved and loaded', async () => {
  const file = path.join(newFolder(), 'model.safetensors');
  const model = await fit('item_knn', await readRatings(kMatrix));
  await model.save(file);
  const loaded = await Model.load(file);
  assert.deepEqual([loaded.name, loaded.settings], [model.name, model.settings]);
  assert.deepEqual(await loaded.recommend('bob'), await model.recommend('bob'));
  fs.writeFileSync(file, fs.readFileSync(file).subarray(0, 100));
  await assert.rejects(Model.load(file), { code: 'corrupt' });
  await assert.rejects(Model.load(`${file}.none`), { code: /not_found|io/ });
});

test('models are compared, and described', async () => {
  const matrix = Object.fromEntries(
    Array.from({ length: 60 }, (_, u) => [`u${u}`, Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`i${(u % 5) + 5 * ((n * 3 + u) % 16)}`, 1 + (n % 5)]))]),
  );
  const qualities = await evaluate(await readRatings(matrix), { models: ['item_knn'], settings: { item_knn: { neighbours: 5 } }, k: 5 });
  assert.deepEqual(qualities.map(({ model }) => model), ['item_knn', 'popularity']);
  assert.ok(qualities.every(({ metrics }) => metrics.ndcg >= 0 && metrics.ndcg <= 1));
  const names = models().map(({ name }) => name);
  assert.deepEqual([names[0], names.at(-1)], ['popularity', 'auto']);
});

test('a fit tells how far it is, and can be cancelled', async () => {
  const matrix = Object.fromEntries(Array.from({ length: 400 }, (_, u) => [`u${u}`, Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`i${(u * 7 + n * 13) % 300}`, 1 + ((u + n) % 5)]))]));
  const ratings = await readRatings(matrix);
  const stop = new AbortController();
  const fitting = fit('biased_mf', ratings, { settings: { rounds: 4000, dim: 30 }, signal: stop.signal });
  await assert.rejects(
    async () => {
      for await (const { stage } of fitting) {
        assert.equal(typeof stage, 'string');
        stop.abort();
      }
    },
    { code: 'cancelled', name: 'CancelledError' },
  );
});

test('wrong use is told by its name', async () => {
  const ratings = await readRatings(kMatrix);
  const invalid = (message) => ({ name: 'InvalidArgumentError', message });
  for (const source of [undefined, null, 5, true]) await assert.rejects(readRatings(source), invalid(/^source must be an object/));
  await assert.rejects(readRatings('/nothing/here.csv'), { code: 'not_found' });
  await assert.rejects(readRatings({ ann: { tea: 'five' } }), { code: 'invalid_argument' });
  await assert.rejects(readRatings({ ann: { tea: NaN } }), invalid(/tea is no finite number/));
  await assert.rejects(readRatings([{ user: 'ann', film: 'tea' }]), invalid(/no option film/));
  await assert.rejects(readRatings([null]), invalid(/^rating 1 of the source must be an object/));
  await assert.rejects(readRatings({}), { code: 'invalid_argument' });
  await assert.rejects(readRatings(kMatrix, { repeats: 'mean' }), { code: 'invalid_argument' });
  await assert.rejects(fit('ials', kMatrix), invalid(/^ratings must be ratings of readRatings/));
  await assert.rejects(fit('als', ratings), { code: 'not_found' });
  await assert.rejects(fit('ials', ratings, { settings: { dims: 4 } }), { code: 'invalid_argument' });
  await assert.rejects(fit('ials', ratings, { setting: {} }), invalid(/did you mean settings\?/));
  await assert.rejects(fit('ials', ratings, { seed: NaN }), invalid(/seed is no finite number/));
  const model = await fit('ials', ratings);
  for (const k of [-1, 0, NaN, 1.5, '3']) {
    assert.throws(() => model.recommendSync('ann', { k }), invalid(/^k must be at least 1/));
    await assert.rejects(model.similarItems('tea', { k }), invalid(/^k must be at least 1/));
  }
  assert.throws(() => model.recommendSync(5), invalid(/^user must be a string/));
  assert.throws(() => model.recommendSync(null), invalid(/^user must be a string, or there must be a history/));
  assert.throws(() => model.recommendSync('ann', { by: 'magic' }), invalid(/^by must be score or cosine/));
  assert.throws(() => model.predictSync('ann', 'tea'), invalid(/ials predicts no ratings/));
  await assert.rejects(model.predict('zoe', 'tea'), { code: 'not_found' });
  await assert.rejects(model.similarItems('gin'), { code: 'not_found' });
  const knn = await fit('item_knn', ratings);
  await assert.rejects(knn.recommend('ann', { by: 'cosine' }), { code: 'invalid_argument' });
  await assert.rejects(knn.similarUsers('ann'), { code: 'invalid_argument' });
  assert.throws(() => new Model(), TypeError);
});
