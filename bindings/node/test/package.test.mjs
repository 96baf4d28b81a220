// The packed archive: installed into an empty folder, with no compiler, it runs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';
import { newFolder } from './folders.mjs';

const kPackage = path.dirname(createRequire(import.meta.url).resolve('coseno/package.json'));
let installed;

// What it prints. Its PATH has node and npm, and nothing else of this process's environment.
function run(folder, command, ...args) {
  const done = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder, CC: '/bin/false', CXX: '/bin/false' },
  });
  assert.equal(done.status, 0, `${command} ${args}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

const kProgram = `
const engine = await Engine.open('data');
await engine.observe([{ user: 'ann', item: 'tea' }, { user: 'ann', item: 'jam' }, { user: 'bob', item: 'tea' }]);
console.log((await engine.recommend('bob')).items.map(({ item }) => item).join());
await engine.close();`;

before(() => {
  const folder = newFolder();
  const [{ filename, files }] = JSON.parse(run(folder, 'npm', 'pack', '--json', '--pack-destination', folder, kPackage));
  assert.deepEqual(files.map(({ path: file }) => file).filter((file) => !/^(lib|prebuilt|licenses)\/|^(package\.json|README\.md)$/.test(file)), []);
  installed = path.join(folder, 'shop');
  fs.mkdirSync(installed);
  fs.writeFileSync(path.join(installed, 'package.json'), '{"private": true}');
  run(installed, 'npm', 'install', '--offline', '--no-audit', '--no-fund', path.join(folder, filename));
});

test('it runs as a module and with require, and brings its libraries', () => {
  assert.equal(run(installed, process.execPath, '--input-type=module', '-e', `import { Engine } from 'coseno';${kProgram}`), 'jam\n');
  const script = `const { Engine } = require('coseno'); (async () => {${kProgram.replace("'data'", "'data2'")}
    console.log(require('fs').readFileSync('/proc/self/maps', 'utf8').match(/\\S*librocksdb\\S*/)[0]);
  })();`;
  const [list, library] = run(installed, process.execPath, '-e', script).split('\n');
  assert.equal(list, 'jam');
  assert.ok(library.startsWith(fs.realpathSync(installed)), library);
});

// A copy of the installed package whose addon has one text in place of another.
function changed(from, to) {
  const folder = newFolder();
  fs.cpSync(installed, folder, { recursive: true });
  const prebuilt = path.join(folder, 'node_modules/coseno/prebuilt');
  const addon = path.join(prebuilt, fs.readdirSync(prebuilt)[0], 'coseno.node');
  const bytes = fs.readFileSync(addon);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) bytes.write(to, at);
  fs.writeFileSync(addon, bytes);
  return folder;
}

const kTold = `try { require('coseno') } catch ({ code, message }) { console.log(code, message) }`;

test('a library that is missing is named', () => {
  const told = run(changed('librocksdb.so', 'librocksbd.so'), process.execPath, '-e', kTold);
  assert.match(told, /^unavailable coseno's addon needs the library librocksbd\.so\.\d.*README/);
});

test('a system that is too old is told which version it lacks', () => {
  const told = run(changed('GLIBCXX_3.4.30', 'GLIBCXX_9.9.99'), process.execPath, '-e', kTold);
  assert.match(told, /^unavailable coseno's addon needs libstdc\+\+ with GLIBCXX_9\.9\.99/);
});

test('a system for which none is built is told so', () => {
  const folder = newFolder();
  fs.cpSync(installed, folder, { recursive: true });
  fs.rmSync(path.join(folder, 'node_modules/coseno/prebuilt'), { recursive: true });
  assert.match(run(folder, process.execPath, '-e', kTold), /^unavailable coseno has no addon for /);
});

test('without OpenBLAS all but ease works, which tells the library', () => {
  const script = `
    const { Engine } = require('coseno');
    (async () => {
      const engine = await Engine.open('data3');
      await engine.observe(Array.from({ length: 2000 }, (_, n) => ({ user: 'u' + (n % 97), item: 'i' + (n % 31) })));
      console.log((await engine.train({ model: 'item_knn' })).model);
      await engine.train({ model: 'ease' }).catch(({ code, message }) => console.log(code, message));
      await engine.close();
    })();`;
  const [model, told] = run(changed('libopenblas.so.0', 'libopenblas.so.9'), process.execPath, '-e', script).split('\n');
  assert.equal(model, 'item_knn');
  assert.match(told, /^unavailable .*libopenblas\.so\.9/);
});
