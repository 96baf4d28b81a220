// Memory stays flat: calls, and engines that are opened and closed, each in a process of its own.
// COSENO_LEAK_CALLS and COSENO_LEAK_ENGINES say how many; the defaults are for every day.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { newFolder } from './folders.mjs';

const kCalls = Number(process.env.COSENO_LEAK_CALLS ?? 100_000);
const kEngines = Number(process.env.COSENO_LEAK_ENGINES ?? 60);

// Heaps of C++ and JavaScript settle after a while, and then move by some pages: what grows with the
// number of rounds is a leak. Bytes a round that are allowed: less than the smallest string. The young
// part of JavaScript's heap is held small, since it grows once by 20 MB, whenever V8 thinks it should.
const kBytesACall = 8;
const kBytesAnEngine = 20_000;

function growth(what, n) {
  const program = fileURLToPath(new URL('leak_rounds.mjs', import.meta.url));
  const run = spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=1', program, what, String(n), newFolder()], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return Number(run.stdout);
}

test(`${kCalls} calls leave nothing`, () => {
  const grown = growth('calls', kCalls);
  assert.ok(grown < 4e6 + kBytesACall * kCalls, `grown by ${grown} bytes`);
});

test(`${kEngines} engines leave nothing`, () => {
  const grown = growth('engines', kEngines);
  assert.ok(grown < 8e6 + kBytesAnEngine * kEngines, `grown by ${grown} bytes`);
});
