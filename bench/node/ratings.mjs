// coseno from Node on the job of rivals/tensorflow_ratings.mjs:
//
//   ratings.mjs PACKAGE TRAIN TEST OUT K MODEL SETTINGS
//
// SETTINGS is JSON. Writes OUT.score, and where the model can, OUT.ratings and OUT.cosine, in the same
// form. Prints a JSON object with the seconds of a fit, and those from a new rating to a list in hand
// that reflects it, by an engine with that model in service (the median of users).
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const [folderOfPackage, trainPath, testPath, outPath, count, name, settingsJson] = process.argv.slice(2);
const { Engine, fit, models, readRatings } = createRequire(import.meta.url)(path.resolve(folderOfPackage));
const settings = JSON.parse(settingsJson);
const k = Number(count);
const kVisibleUsers = 300;

const seconds = (since) => (performance.now() - since) / 1000;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const ratings = await readRatings(trainPath);
const start = performance.now();
const model = await fit(name, ratings, { settings, nThreads: 1 });
const fitSeconds = seconds(start);

if (model.predictsRatings) {
  const lines = [];
  for (const line of fs.readFileSync(testPath, 'utf8').trim().split('\n')) {
    const [user, item] = line.split('\t');
    // What nobody has rated in training has no prediction: the middle of the scale stands for it.
    const known = ratings.findItem(item) !== undefined;
    lines.push(`${user}\t${item}\t${known ? model.predictSync(user, item) : 3}\n`);
  }
  fs.writeFileSync(`${outPath}.ratings`, lines.join(''));
}

const users = Array.from({ length: ratings.nUsers }, (_, n) => ratings.user(n));
const { hasVectors } = models().find((each) => each.name === name);
for (const by of hasVectors ? ['score', 'cosine'] : ['score']) {
  const lines = users.map((user) => [user, ...model.recommendSync(user, { k, by }).map(({ item }) => item)].join(' '));
  fs.writeFileSync(`${outPath}.${by}`, `${lines.join('\n')}\n`);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coseno-bench-'));
const engine = await Engine.open(path.join(folder, 'data'), { nThreads: 1 });
await engine.importFile(trainPath);
await engine.train({ model: name, settings });
const visible = users.slice(0, kVisibleUsers).map((user) => {
  const [{ item }] = engine.recommendSync(user, { k }).items;
  const since = performance.now();
  engine.observeSync({ user, item, type: 'rating', value: 5 });
  const list = engine.recommendSync(user, { k });
  const taken = seconds(since);
  if (list.items.some((each) => each.item === item)) throw new Error(`${item} is in the list of ${user} still`);
  return taken;
});
await engine.close();
fs.rmSync(folder, { recursive: true });
console.log(JSON.stringify({ fit_s: fitSeconds, visible_s: median(visible) }));
