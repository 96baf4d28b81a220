import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, itemsOf, openShop } from './folders.mjs';

test('a watched list is told again when an event changes it, and not when none does', async (t) => {
  const engine = await openShop(t);
  const lists = engine.watch('zoe', { k: 2, atMostEveryMs: 0 });
  const first = (await lists.next()).value;
  assert.equal(first.items.length, 2);
  const second = lists.next();
  await engine.items.patch('tea', {}); // a write that changes no list
  engine.observeSync({ user: 'zoe', item: 'tea' });
  assert.equal(itemsOf((await second).value)[0], 'honey');
  const third = lists.next();
  await engine.observe({ user: 'zoe', item: 'honey' });
  const last = (await third).value;
  assert.deepEqual(itemsOf(last).sort(), ['nuts', 'oil']);
  assert.equal(last.position, engine.position);
  await lists.return();
});

test('who is slow gets the newest', async (t) => {
  const engine = await openShop(t);
  const lists = engine.watch('zoe', { atMostEveryMs: 0 });
  await lists.next();
  for (const item of ['tea', 'honey', 'nuts']) await engine.observe({ user: 'zoe', item });
  assert.deepEqual(itemsOf((await lists.next()).value), ['oil']);
  await lists.return();
});

test('a signal ends it, and so does closing the engine', async (t) => {
  const engine = await openShop(t);
  const stop = new AbortController();
  const stopped = collect(engine.watch('zoe', { signal: stop.signal }));
  const closed = collect(engine.watch('zoe'));
  await engine.recommend('zoe');
  stop.abort();
  assert.ok((await stopped).length <= 1);
  await engine.close();
  assert.ok((await closed).length <= 1);
});

test('what is wrong with the options is told at first', async (t) => {
  const engine = await openShop(t);
  await assert.rejects(engine.watch('zoe', { k: -1 }).next(), { code: 'invalid_argument' });
  assert.throws(() => engine.watch('zoe', { atMostEveryMs: -1 }), { code: 'invalid_argument' });
  assert.throws(() => engine.watch('zoe', { signal: 1 }), { code: 'invalid_argument' });
});
