// The examples run, and do what they say.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { fit, readRatings } from 'coseno';
import { newFolder } from './folders.mjs';

function run(name, ...args) {
  const program = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
  const done = spawnSync(process.execPath, [program, ...args], { cwd: newFolder(), encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

test('the job of the tutorial', () => {
  const [, byScore, byCosine] = run('tutorial.mjs').split(/user1 by \w+:/);
  for (const list of [byScore, byCosine]) {
    assert.match(list, /movie4/);
    assert.doesNotMatch(list, /movie[1235]/);
  }
});

test('vectors of coseno in TensorFlow.js score as coseno does', () => {
  const lines = run('vectors_to_tensorflow.mjs').trim().split('\n').filter((line) => /^\w+ [-\d.]+ [-\d.]+$/.test(line));
  assert.equal(lines.length, 6);
  for (const line of lines) {
    const [, score, byTensorFlow] = line.split(' ').map(Number);
    assert.ok(Math.abs(score - byTensorFlow) <= 2e-4, line);
  }
});

test('a tensor stands over the memory of the model', async () => {
  const model = await fit('ials', await readRatings({ ann: { tea: 1, honey: 1 }, bob: { tea: 1 } }), { settings: { dim: 4 } });
  const { data, nRows, stride } = await model.itemVectors();
  await tf.setBackend('cpu');
  const tensor = tf.tensor2d(data, [nRows, stride]);
  assert.equal((await tensor.data()).buffer, data.buffer);
});

test('a model trained in TensorFlow.js is served live', () => {
  const said = run('tensorflow_to_engine.mjs', 'data');
  const [, agreement] = /^in service: tensorflow, agreement ([\d.]+)$/m.exec(said);
  assert.ok(Number(agreement) > 0.8, said);
  assert.match(said, /^ann may like western\d, western\d, western\d$/m);
});
