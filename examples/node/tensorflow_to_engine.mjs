// A model trained in TensorFlow.js, served live by an engine:
//
//   node tensorflow_to_engine.mjs FOLDER
import * as tf from '@tensorflow/tfjs';
import { Engine } from 'coseno';

const kDim = 8;
const kRounds = 200;

// Forty people who like films of one of two kinds: each has seen six of the ten.
const engine = await Engine.open(process.argv[2]);
const users = Array.from({ length: 40 }, (_, u) => `person${u}`);
const items = Array.from({ length: 20 }, (_, i) => `${i % 2 ? 'western' : 'musical'}${Math.floor(i / 2)}`);
const seen = users.flatMap((_, u) => Array.from({ length: 6 }, (_, n) => [u, (u % 2) + 2 * ((u + n * 3) % 10)]));
await engine.observe(seen.map(([u, i]) => ({ user: users[u], item: items[i] })));

// Vectors whose inner product is 1 for what was seen and 0 for what was not.
const target = tf.tidy(() => {
  const buffer = tf.buffer([users.length, items.length]);
  for (const [u, i] of seen) buffer.set(1, u, i);
  return buffer.toTensor();
});
const userVectors = tf.variable(tf.randomNormal([users.length, kDim], 0, 0.1, 'float32', 1));
const itemVectors = tf.variable(tf.randomNormal([items.length, kDim], 0, 0.1, 'float32', 2));
const adam = tf.train.adam(0.05);
for (let round = 0; round < kRounds; ++round) {
  adam.minimize(() => {
    const errors = tf.sub(target, tf.matMul(userVectors, itemVectors, false, true));
    const sizes = tf.add(tf.mean(tf.square(userVectors)), tf.mean(tf.square(itemVectors)));
    return tf.add(tf.mean(tf.square(errors)), tf.mul(0.01, sizes));
  });
}

const report = await engine.publishVectors({
  name: 'tensorflow',
  items,
  itemVectors: await itemVectors.data(),
  users,
  userVectors: await userVectors.data(),
});
console.log(`in service: ${(await engine.stats()).model}, agreement ${report.agreement.toFixed(2)}`);

// Somebody whom the training never saw, and what they see counts at once.
await engine.observe({ user: 'ann', item: 'western1' });
await engine.observe({ user: 'ann', item: 'western4' });
const list = await engine.recommend('ann', { k: 3 });
console.log('ann may like', list.items.map(({ item }) => item).join(', '));
await engine.close();
