// What tests stand on: folders that are gone afterwards, and a small shop.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { Engine } from 'coseno';

const made = [];
after(() => made.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

// A folder of its own.
export function newFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coseno-node-'));
  made.push(folder);
  return folder;
}

// Path of a data folder that is not there yet.
export const newData = () => path.join(newFolder(), 'data');

// Tea and honey go together, and nuts and oil.
export const kShop = [
  { user: 'ann', item: 'tea' },
  { user: 'ann', item: 'honey' },
  { user: 'bob', item: 'tea' },
  { user: 'bob', item: 'honey' },
  { user: 'eve', item: 'nuts' },
  { user: 'eve', item: 'oil' },
];

// An engine that is closed after the test `t`.
export async function openShop(t, options) {
  const engine = await Engine.open(newData(), options);
  t.after(() => engine.close());
  await engine.observe(kShop);
  return engine;
}

// Users u0, u1, ... who each like the items of one of ten kinds, side by side in time.
export const manyEvents = (nUsers, nEach) =>
  Array.from({ length: nUsers * nEach }, (_, n) => {
    const user = Math.floor(n / nEach);
    return { user: `u${user}`, item: `i${(user % 10) + 10 * ((n * 7 + 11 * Math.floor(user / 10)) % 30)}`, timeMs: 1.7e12 + (n % nEach) * 1e6 + user };
  });

export const itemsOf = (list) => list.items.map(({ item }) => item);

export async function collect(iterable) {
  const all = [];
  for await (const each of iterable) all.push(each);
  return all;
}
