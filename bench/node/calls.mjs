// What one call takes from Node, as calls.cc has it for C++:
//
//   node calls.mjs PACKAGE FOLDER N_ROUNDS
//
// PACKAGE is the folder of the npm package. Prints a JSON object like that of calls.cc; `*_async_us`
// is for who awaits a promise, one after another.
import { createRequire } from 'node:module';
import path from 'node:path';

const [folderOfPackage, folder, rounds] = process.argv.slice(2);
const { Engine } = createRequire(import.meta.url)(path.resolve(folderOfPackage));

const engine = await Engine.open(folder, { create: false });
const users = [];
for await (const { id } of engine.users.list()) users.push(id);

const microseconds = (since) => Number(process.hrtime.bigint() - since) / 1000;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const best = Object.fromEntries(
  ['recommend', 'observe', 'recommend_async', 'observe_async'].map((name) => [name, new Array(users.length).fill(Infinity)]),
);
const note = (name, u, since) => (best[name][u] = Math.min(best[name][u], microseconds(since)));

for (let round = 0; round < Number(rounds); ++round) {
  for (let u = 0; u < users.length; ++u) {
    const start = process.hrtime.bigint();
    engine.recommendSync(users[u], { k: 10 });
    note('recommend', u, start);
  }
  for (let u = 0; u < users.length; ++u) {
    const start = process.hrtime.bigint();
    engine.observeSync({ user: 'bench', item: users[u] });
    note('observe', u, start);
  }
  for (let u = 0; u < users.length; ++u) {
    let start = process.hrtime.bigint();
    await engine.recommend(users[u], { k: 10 });
    note('recommend_async', u, start);
    start = process.hrtime.bigint();
    await engine.observe({ user: 'bench', item: users[u] });
    note('observe_async', u, start);
  }
}
await engine.close();
console.log(JSON.stringify(Object.fromEntries(Object.entries(best).map(([name, values]) => [`${name}_us`, median(values)]))));
