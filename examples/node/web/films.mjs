// Films for the example: MovieLens 100K where it is, else made up.
import fs from 'node:fs';
import path from 'node:path';

// What `./dev demo` leaves in its cache: ml-100k.inter and ml-100k.item.
export async function fill(engine, movielens) {
  if ((await engine.stats()).nEvents > 0) return 'as it was';
  const ratings = path.join(movielens, 'ml-100k.inter');
  if (!fs.existsSync(ratings)) {
    await makeUp(engine);
    return 'made up';
  }
  await engine.importFile(ratings);
  await engine.importFile(path.join(movielens, 'ml-100k.item'), { kind: 'items' });
  return 'MovieLens 100K';
}

const kGenres = ['Drama', 'Comedy', 'Western', 'Horror', 'Musical', 'Noir'];

// 120 films of six genres, and 300 people who each like one genre, and some films of it.
async function makeUp(engine) {
  for (let film = 0; film < 120; ++film) {
    const genre = kGenres[film % kGenres.length];
    await engine.items.put(`f${film}`, { title: `${genre} number ${Math.floor(film / kGenres.length) + 1}`, genre: [genre] });
  }
  const events = [];
  for (let person = 0; person < 300; ++person) {
    for (let n = 0; n < 8; ++n) {
      const film = (person % kGenres.length) + kGenres.length * ((person * 7 + n * n) % 20);
      events.push({ user: `p${person}`, item: `f${film}`, timeMs: 1.7e12 + n * 1e6 + person });
    }
  }
  await engine.observe(events);
}
