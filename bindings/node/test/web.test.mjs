// The example web application, in a browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { newFolder } from './folders.mjs';

const kBrowser = '/usr/bin/chromium';
const kCache = process.env.COSENO_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'coseno');
const kBrowserOptions = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// The server's address, on a port that was free. Its training is over: no list changes but by clicks.
async function startServer(t, movielens) {
  const program = fileURLToPath(new URL('../examples/web/server.mjs', import.meta.url));
  const server = spawn(process.execPath, [program, '--port', '0', '--data', path.join(newFolder(), 'data'), '--movielens', movielens]);
  const ended = new Promise((resolve) => server.on('exit', (code) => resolve(code)));
  let said = '';
  server.stderr.on('data', (piece) => (said += piece));
  t.after(async () => {
    server.kill('SIGTERM');
    assert.equal(await ended, 0, said);
    assert.equal(said, '');
  });
  let address;
  for await (const line of readline.createInterface(server.stdout)) {
    if (line.startsWith('http://')) address = line;
    if (line.startsWith('trained ')) return address;
  }
  throw new Error(`the server did not start: ${said}`);
}

async function openPage(t, address) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: kBrowser, args: kBrowserOptions });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(address);
  await page.locator('#list button').nth(9).waitFor();
  return page;
}

const titles = (page) => page.locator('#list button').allTextContents();

for (const [name, movielens] of [
  ['MovieLens 100K', path.join(kCache, 'ml-100k')],
  ['films that are made up', '/nothing/here'],
]) {
  const skip =
    (!fs.existsSync(kBrowser) && `${kBrowser} is not there`) ||
    (name === 'MovieLens 100K' && !fs.existsSync(path.join(movielens, 'ml-100k.inter')) && `${movielens} is not there (./dev demo fetches it)`);
  test(`a click changes the list at once: ${name}`, { skip }, async (t) => {
    const page = await openPage(t, await startServer(t, movielens));
    const before = await titles(page);
    assert.equal(before.length, 10);
    await page.locator('#list button').first().click();
    await page.waitForFunction((title) => document.querySelector('#list button').textContent !== title, before[0]);
    const after = await titles(page);
    assert.equal(after.includes(before[0]), false);
    assert.deepEqual(await page.locator('#clicked li').allTextContents(), [before[0]]);

    // What is found can be clicked too, and is no more in the list then.
    const [word] = after[1].split(' ');
    await page.locator('#text').fill(word);
    const found = page.locator('#found button', { hasText: after[1] }).first();
    await found.click();
    await page.waitForFunction((title) => ![...document.querySelectorAll('#list button')].some((each) => each.textContent === title), after[1]);
    assert.equal(await page.locator('#error').textContent(), '');
  });
}
