// The tutorial that coseno grew from, as a rival: matrix factorisation in TensorFlow.js.
//
//   tensorflow_ratings.mjs MODULES TRAIN TEST OUT K
//
// The ratings are a dense matrix, users x items, with a mask of those that are known:
//
//   loss = sum(mask * (R - U V')^2) / sum(mask) + l2 (mean U^2 + mean V^2)
//
// by Adam over the whole matrix, on the WebAssembly backend. R is less the mean of all ratings, which the
// tutorial leaves in: without that it is far worse. Writes three files: OUT.ratings with the ratings of
// TEST's pairs ("user item rating" a line), OUT.score and OUT.cosine with lists of K
// ("user item item ..."), by U V' and by the cosine of the vectors, without what TRAIN has. Prints a
// JSON object with the seconds of a fit, and of the same again with one rating more: a new rating is
// visible when the model is fitted anew.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, trainPath, testPath, outPath, count] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'x'));
const tf = require('@tensorflow/tfjs');
const { setWasmPaths, setThreadsCount } = require('@tensorflow/tfjs-backend-wasm');

// The best of dims 2 to 16, rates 0.01 to 0.05, up to 400 rounds and l2 0 to 3 on u1.base and u1.test.
const kDim = 4;
const kLearningRate = 0.05;
const kRounds = 240;
const kL2 = 0.15;
const kSeed = 1;

const readRows = (file) => fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split('\t'));
const numbersOf = (ids) => new Map([...new Set(ids)].map((id, number) => [id, number]));

function fit(ratings, nUsers, nItems) {
  const values = new Float32Array(nUsers * nItems);
  const known = new Float32Array(nUsers * nItems);
  const mean = ratings.reduce((sum, { value }) => sum + value, 0) / ratings.length;
  for (const { user, item, value } of ratings) {
    values[user * nItems + item] = value - mean;
    known[user * nItems + item] = 1;
  }
  const matrix = tf.tensor2d(values, [nUsers, nItems]);
  const mask = tf.tensor2d(known, [nUsers, nItems]);
  const users = tf.variable(tf.randomNormal([nUsers, kDim], 0, 0.1, 'float32', kSeed));
  const items = tf.variable(tf.randomNormal([nItems, kDim], 0, 0.1, 'float32', kSeed + 1));
  const adam = tf.train.adam(kLearningRate);
  for (let round = 0; round < kRounds; ++round) {
    adam.minimize(() => {
      const errors = tf.mul(mask, tf.sub(matrix, tf.matMul(users, items, false, true)));
      const squares = tf.div(tf.sum(tf.square(errors)), ratings.length);
      return tf.add(squares, tf.mul(kL2, tf.add(tf.mean(tf.square(users)), tf.mean(tf.square(items)))));
    });
  }
  return { mean, users: users.dataSync(), items: items.dataSync() };
}

const dot = (one, from, other, at) => {
  let sum = 0;
  for (let d = 0; d < kDim; ++d) sum += one[from * kDim + d] * other[at * kDim + d];
  return sum;
};

function best(k, score, seen, nItems) {
  const all = [];
  for (let item = 0; item < nItems; ++item) if (!seen.has(item)) all.push([score(item), item]);
  return all.sort((a, b) => b[0] - a[0]).slice(0, k).map(([, item]) => item);
}

const seconds = (since) => (performance.now() - since) / 1000;

setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), path.sep));
setThreadsCount(1);
await tf.setBackend('wasm');
await tf.ready();

const train = readRows(trainPath);
const test = readRows(testPath);
const userNumbers = numbersOf([...train, ...test].map(([user]) => user));
const itemNumbers = numbersOf([...train, ...test].map(([, item]) => item));
const ratings = train.map(([user, item, value]) => ({ user: userNumbers.get(user), item: itemNumbers.get(item), value: Number(value) }));

const start = performance.now();
const model = fit(ratings, userNumbers.size, itemNumbers.size);
const fitSeconds = seconds(start);

const again = performance.now();
fit([...ratings, { user: 0, item: itemNumbers.size - 1, value: 5 }], userNumbers.size, itemNumbers.size);
const visibleSeconds = seconds(again);

const clipped = (rating) => Math.min(5, Math.max(1, rating));
fs.writeFileSync(
  `${outPath}.ratings`,
  test.map(([user, item]) => `${user}\t${item}\t${clipped(model.mean + dot(model.users, userNumbers.get(user), model.items, itemNumbers.get(item)))}\n`).join(''),
);

const seen = Array.from(userNumbers, () => new Set());
for (const { user, item } of ratings) seen[user].add(item);
const lengths = Array.from(itemNumbers, (_, item) => Math.sqrt(dot(model.items, item, model.items, item)));
const itemIds = [...itemNumbers.keys()];
for (const [name, lengthOf] of [['score', () => 1], ['cosine', (item) => lengths[item]]]) {
  const lines = [...userNumbers].map(([id, user]) => {
    const list = best(Number(count), (item) => dot(model.users, user, model.items, item) / lengthOf(item), seen[user], itemIds.length);
    return [id, ...list.map((item) => itemIds[item])].join(' ');
  });
  fs.writeFileSync(`${outPath}.${name}`, `${lines.join('\n')}\n`);
}
console.log(JSON.stringify({ fit_s: fitSeconds, visible_s: visibleSeconds }));
