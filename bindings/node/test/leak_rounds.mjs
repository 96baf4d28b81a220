//   node --expose-gc leak_rounds.mjs calls|engines N FOLDER
//
// Prints by how many bytes the process has grown from the middle of the rounds to their end.
import path from 'node:path';
import { Engine } from 'coseno';

const [what, count, folder] = process.argv.slice(2);
const n = Number(count);

async function settle() {
  for (let turn = 0; turn < 10; ++turn) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  return process.memoryUsage().rss;
}

// The same few users, items and event ids: what is kept of events stays the same.
async function calls(engine, first, last) {
  for (let round = first; round < last; ) {
    const user = `u${round % 10}`;
    const promises = [];
    for (const end = Math.min(last, round + 100); round < end; round += 6) {
      const event = { user, item: `i${round % 50}`, id: `e${round % 500}` };
      engine.observeSync(event);
      engine.recommendSync(user, { k: 5, explain: round % 12 === 0 });
      promises.push(engine.observe(event), engine.recommend(user, { exclude: ['i1'] }), engine.history(user));
      promises.push(engine.similar('nobody knows this').catch((error) => error.code));
    }
    await Promise.all(promises);
  }
}

async function engines(first, last) {
  for (let round = first; round < last; ++round) {
    const engine = await Engine.open(path.join(folder, 'data'));
    await engine.recommend('u1');
    await engine.close();
  }
}

if (what === 'calls') {
  const engine = await Engine.open(path.join(folder, 'data'));
  await engine.observe(Array.from({ length: 500 }, (_, e) => ({ user: `u${e % 10}`, item: `i${e % 50}`, id: `e${e}` })));
  await calls(engine, 0, n / 2);
  const before = await settle();
  await calls(engine, n / 2, n);
  console.log((await settle()) - before);
  await engine.close();
} else {
  await engines(0, n / 2);
  const before = await settle();
  await engines(n / 2, n);
  console.log((await settle()) - before);
}
