// The vectors of a coseno model in TensorFlow.js, without a copy:
//
//   node vectors_to_tensorflow.mjs
import * as tf from '@tensorflow/tfjs';
import { fit, readRatings } from 'coseno';

const ratings = await readRatings({
  ann: { tea: 5, honey: 5, lemon: 4 },
  bob: { tea: 4, honey: 5 },
  cat: { tea: 5, lemon: 5, cola: 1 },
  dan: { rum: 5, cola: 4 },
  eve: { rum: 4, cola: 5, lime: 5 },
});
const model = await fit('ials', ratings, { settings: { dim: 8, regularization: 0.01 } });
const { data, nRows, stride } = await model.itemVectors();
const items = tf.tensor2d(data, [nRows, stride]); // over the memory of the model
const { data: userData, nRows: nUsers } = await model.userVectors();
const users = tf.tensor2d(userData, [nUsers, stride]);

// All scores at once, as TensorFlow.js has them and as coseno has them.
const scores = tf.matMul(users, items, false, true).arraySync();
const ann = ratings.findUser('ann');
for (const { item, score } of await model.recommend('ann', { includeSeen: true })) {
  console.log(item, score.toFixed(4), scores[ann][ratings.findItem(item)].toFixed(4));
}
