// Wrong use is told, by its name; nothing ends the process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import * as coseno from 'coseno';
import { Engine } from 'coseno';
import { itemsOf, newData, newFolder, openShop } from './folders.mjs';

const invalid = (message) => ({ name: 'InvalidArgumentError', code: 'invalid_argument', message });

test('a closed engine refuses everything by a ConflictError', async (t) => {
  const engine = await openShop(t);
  await engine.close();
  const closed = { name: 'ConflictError', code: 'conflict', message: 'the engine is closed' };
  assert.throws(() => engine.observeSync({ user: 'a', item: 'b' }), closed);
  assert.throws(() => engine.recommendSync('a'), closed);
  assert.throws(() => engine.position, closed);
  const calls = [
    () => engine.observe({ user: 'a', item: 'b' }),
    () => engine.observe([]),
    () => engine.recommend('a'),
    () => engine.similar('a'),
    () => engine.trending(),
    () => engine.history('a'),
    () => engine.stats(),
    () => engine.items.put('a'),
    () => engine.train(),
    () => engine.events().next(),
  ];
  for (const call of calls) await assert.rejects(call, closed);
  assert.deepEqual(await engine.watch('a').next(), { value: undefined, done: true });
});

test('arguments of another type are refused by name', async (t) => {
  const engine = await openShop(t);
  for (const user of [undefined, 1, {}, [], Symbol('s'), 1n, () => {}, true]) {
    assert.throws(() => engine.recommendSync(user), invalid(/^user must be a string/));
    await assert.rejects(engine.recommend(user), invalid(/^user must be a string/));
    assert.throws(() => engine.observeSync({ user, item: 'a' }), invalid(/^user must be a string/));
  }
  for (const event of [undefined, null, 'ann', 7]) {
    assert.throws(() => engine.observeSync(event), invalid(/^event must be an object/));
    await assert.rejects(engine.observe(event), invalid(/^event must be an object/));
  }
  await assert.rejects(engine.observe([{ user: 'a', item: 'b' }, null]), invalid(/^event 2 of 2: event must be an object, not null/));
  assert.throws(() => engine.observeSync({ user: 'a', item: 'b', kind: 'view' }), invalid(/no field kind/));
  assert.throws(() => engine.observeSync({ user: 'a', item: 'b', value: '4' }), invalid(/^value must be a number/));
  for (const options of [null, 5, 'k', []]) {
    assert.throws(() => engine.recommendSync('a', options), invalid(/^options must be an object/));
  }
  await assert.rejects(engine.recommend('a', { exclude: 'tea' }), invalid(/^exclude must be a list of strings/));
  await assert.rejects(engine.recommend('a', { exclude: [1] }), invalid(/^exclude must be a list of strings/));
  await assert.rejects(engine.recommend('a', { explain: 1 }), invalid(/^explain must be true or false/));
  await assert.rejects(engine.recommend('a', { boosts: [{ amount: 'x' }] }), invalid(/^boosts\[0\]\.amount must be a number/));
  await assert.rejects(engine.recommend('a', { caps: [{ atMost: 1 }] }), invalid(/^caps\[0\]\.property is missing/));
  await assert.rejects(engine.recommend('a', { minimalPosition: 1 }), invalid(/no option minimalPosition/));
  await assert.rejects(engine.recommend('a', { exclud: [] }), invalid(/did you mean exclude\?/));
  await assert.rejects(engine.recommend('a', { boosts: [{ filters: {} }] }), invalid(/no option boosts\[0\]\.filters/));
  await assert.rejects(engine.train({ signal: {} }), invalid(/^signal must be an AbortSignal/));
  await assert.rejects(engine.train({ model: 'ials', settings: { dim: [] } }), invalid(/^settings\.dim/));
  await assert.rejects(engine.train({ model: 'alsi' }), { code: /not_found|invalid_argument/ });
  await assert.rejects(Engine.open(5), invalid(/^folder must be a string/));
  await assert.rejects(Engine.open(newData(), { durability: 'forever' }), invalid(/durability must be none, interval or always/));
  await assert.rejects(Engine.open(newData(), { historyLength: 0 }), invalid(/history_length must be in \[1, 10000\]/));
  await assert.rejects(Engine.open(newData(), { nThreads: -1 }), invalid(/n_threads must be in \[0, 1024\]/));
  await assert.rejects(Engine.open(newData(), { historylength: 5 }), invalid(/did you mean historyLength\?/));
  assert.throws(() => new Engine(), TypeError);
});

test('numbers that are none, or too large, are refused', async (t) => {
  const engine = await openShop(t);
  for (const k of [-1, NaN, Infinity, 1.5, '5', null, 2 ** 60, 5n]) {
    assert.throws(() => engine.recommendSync('a', { k }), invalid(/^k must be in \[1, 1000\]/), String(k));
    await assert.rejects(engine.similar('tea', { k }), invalid(/^k must be in \[1, 1000\]/));
    await assert.rejects(engine.trending({ k }), invalid(/^k must be in \[1, 1000\]/));
  }
  for (const k of [0, 1001]) assert.throws(() => engine.recommendSync('a', { k }), invalid(/^k must be in \[1, 1000\]/));
  for (const value of [NaN, Infinity, -Infinity, 1e300]) {
    assert.throws(() => engine.observeSync({ user: 'a', item: 'b', value }), invalid(/finite/));
    await assert.rejects(engine.observe({ user: 'a', item: 'b', value }), invalid(/finite/));
    await assert.rejects(engine.observe([{ user: 'a', item: 'b', value }]), invalid(/finite/));
  }
  for (const timeMs of [NaN, 0.5, 2 ** 60, new Date(), '2026-01-01']) {
    assert.throws(() => engine.observeSync({ user: 'a', item: 'b', timeMs }), invalid(/^timeMs must be a whole number/));
  }
  assert.throws(() => engine.observeSync({ user: 'a', item: 'b', timeMs: Number.MAX_SAFE_INTEGER }), invalid(/time_ms/));
  await assert.rejects(engine.recommend('a', { diversity: NaN }), invalid(/diversity is no finite number/));
  await assert.rejects(engine.recommend('a', { seed: -1 }), invalid(/^seed must be a whole number/));
  await assert.rejects(engine.items.put('tea', { price: NaN }), invalid(/price is no finite number/));
  await assert.rejects(engine.items.put('tea', { price: 10n }), invalid(/BigInt/));
  const circle = {};
  circle.self = circle;
  await assert.rejects(engine.items.put('tea', circle), invalid(/circular/));
});

test('strings that are too long, empty or half a character are refused', async (t) => {
  const engine = await openShop(t);
  const huge = 'x'.repeat(50_000_000);
  for (const user of ['', 'x'.repeat(513), 'ü'.repeat(257), huge]) {
    assert.throws(() => engine.observeSync({ user, item: 'a' }), invalid(/user/));
    await assert.rejects(engine.observe({ user, item: 'a' }), invalid(/user/));
    assert.throws(() => engine.observeSync({ user: 'a', item: user }), invalid(/item/));
  }
  assert.throws(() => engine.observeSync({ user: 'a', item: 'b', id: huge }), invalid(/id/));
  assert.throws(() => engine.recommendSync('a', { filter: huge }), { code: 'invalid_argument' });
  assert.deepEqual(itemsOf(engine.recommendSync(huge)), itemsOf(engine.recommendSync('nobody')));
  assert.throws(() => engine.observeSync({ user: '\ud800', item: 'a' }), invalid(/half a character/));
  await assert.rejects(engine.recommend('a', { exclude: ['\udc00'] }), { code: 'invalid_argument' });
});

test('two engines on one folder: the second is refused', async (t) => {
  const engine = await openShop(t);
  await assert.rejects(Engine.open(engine.folder), { code: 'conflict', name: 'ConflictError' });
  await engine.observe({ user: 'ann', item: 'tea' });
});

test('a folder that cannot be made is told', async () => {
  await assert.rejects(Engine.open('/dev/null/data'), { code: 'io' });
  await assert.rejects(Engine.open(newFolder(), { create: false }), { code: 'not_found' });
});

test('errors know who waited for them', async (t) => {
  const engine = await openShop(t);
  const theCaller = async () => await engine.similar('nothing');
  const error = await theCaller().catch((caught) => caught);
  assert.ok(error instanceof coseno.NotFoundError && error instanceof coseno.CosenoError && error instanceof Error);
  assert.match(error.stack, /^NotFoundError: there is no item 'nothing'/);
  assert.match(error.stack, /theCaller/);
});

test('an engine works in several worker threads, and ends with them', async (t) => {
  const script = `
    import { workerData, parentPort } from 'node:worker_threads';
    import { Engine } from 'coseno';
    const engine = await Engine.open(workerData);
    for (let n = 0; n < 1000; ++n) engine.observeSync({ user: 'ann', item: 'i' + n });
    void engine.train({ model: 'ials', settings: { dim: 64, rounds: 500 } }).catch(() => {});
    for (let n = 0; n < 100; ++n) void engine.recommend('bob');
    parentPort.postMessage((await engine.recommend('bob')).items.length);
    process.exit(0);`;
  const url = new URL(`./worker-${process.pid}.mjs`, import.meta.url);
  const fs = await import('node:fs');
  fs.writeFileSync(url, script);
  t.after(() => fs.rmSync(url));
  const folders = [newData(), newData(), newData()];
  for (let round = 0; round < 2; ++round) {
    await Promise.all(
      folders.map(
        (folder) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(url, { workerData: folder });
            worker.on('message', (n) => assert.equal(n, 10));
            worker.on('error', reject);
            worker.on('exit', resolve);
          }),
      ),
    );
  }
  const engine = await Engine.open(folders[0]);
  assert.equal((await engine.stats()).nEvents, 2000);
  await engine.close();
});

test('an engine that nobody has closed is closed with the process, or when it is collected', () => {
  const script = `
    const { Engine } = require('coseno');
    (async () => {
      const folder = process.argv[1];
      for (let n = 0; n < 20; ++n) {
        // Freed once the one before is collected.
        const engine = await Engine.open(folder).catch(() => undefined);
        if (engine) engine.observeSync({ user: 'ann', item: 'tea' });
        for (let turn = 0; turn < 20; ++turn) { await new Promise(setImmediate); globalThis.gc(); }
      }
      const other = await Engine.open(folder + '2');
      void other.train({ model: 'ials' });
      for (let n = 0; n < 1000; ++n) void other.observe({ user: 'ann', item: 'i' + n });
      other.recommendSync('ann');
      process.exit(0);
    })();`;
  const folder = newData();
  const run = spawnSync(process.execPath, ['--expose-gc', '-e', script, folder], {
    encoding: 'utf8',
    cwd: createRequire(import.meta.url).resolve('coseno/package.json').replace(/package\.json$/, '..'),
  });
  assert.deepEqual([run.status, run.signal, run.stderr], [0, null, '']);
});

test('a process with an open engine ends when nothing is left to do', () => {
  const script = `require('coseno').Engine.open(process.argv[1]).then((engine) => engine.observe({ user: 'a', item: 'b' })).then(() => console.log('stored'))`;
  const run = spawnSync(process.execPath, ['-e', script, newData()], {
    encoding: 'utf8',
    timeout: 60000,
    cwd: createRequire(import.meta.url).resolve('coseno/package.json').replace(/package\.json$/, '..'),
  });
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, 'stored\n', '']);
});

test('import and require give the same classes', async () => {
  const required = createRequire(import.meta.url)('coseno');
  assert.deepEqual(Object.keys(required).sort(), Object.keys(coseno).sort());
  for (const name of Object.keys(required)) assert.equal(required[name], coseno[name]);
});
