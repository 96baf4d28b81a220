// The first lines of the README run as they stand, and so does its other code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { newFolder } from './folders.mjs';

const kPackage = path.dirname(createRequire(import.meta.url).resolve('coseno/package.json'));
const kReadme = fs.readFileSync(path.join(kPackage, 'README.md'), 'utf8');
const kPrograms = [...kReadme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]);

// Runs a program in a folder that has the package and the files that README tells of.
function run(program) {
  const folder = newFolder();
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(kPackage, path.join(folder, 'node_modules/coseno'));
  for (const [, name, text] of kReadme.matchAll(/^`(\S+)`:\n\n```json\n(.*?)```/gms)) fs.writeFileSync(path.join(folder, name), text);
  fs.writeFileSync(path.join(folder, 'program.mjs'), program);
  return spawnSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
}

// `console.log(...); // honey`: what a line prints stands behind it.
const promised = (program) => [...program.matchAll(/console\.log\(.*?\); \/\/ (.*)$/gm)].map((match) => match[1]);

test('the README begins with ten lines that run', () => {
  assert.ok(kReadme.indexOf('```js') < 400);
  assert.ok(kPrograms[0].trim().split('\n').length <= 10);
  assert.ok(promised(kPrograms[0]).length > 0);
});

kPrograms.forEach((program, n) => {
  test(`program ${n + 1} of the README prints what it says`, () => {
    const done = run(program);
    assert.deepEqual([done.status, done.stderr], [0, '']);
    assert.deepEqual(done.stdout.trim().split('\n'), promised(program));
  });
});
