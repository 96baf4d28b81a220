// Films, and a list that changes with the click:
//
//   node server.mjs [--port 8080] [--data FOLDER] [--movielens FOLDER]
//
// GET  /                       the page
// GET  /list?user=U            server-sent events: the user's list, whenever it changes
// GET  /search?text=W          films whose titles have such words
// POST /clicks                 {"user": U, "item": I}: it counts at once
import fs from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { CosenoError, Engine } from 'coseno';
import { fill } from './films.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    data: { type: 'string', default: 'web-data' },
    movielens: { type: 'string', default: 'ml-100k' },
  },
});

const kPage = fs.readFileSync(new URL('page.html', import.meta.url));
const kMaxBodyBytes = 10_000;

const engine = await Engine.open(options.data);
console.log(`films: ${await fill(engine, options.movielens)}`);

async function withTitles({ items }) {
  return Promise.all(
    items.map(async ({ item, score }) => ({ item, score, title: (await engine.items.get(item))?.title ?? item })),
  );
}

// A list that is told whenever it changes, until the browser goes away.
async function tellLists(user, request, response) {
  const gone = new AbortController();
  request.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for await (const list of engine.watch(user, { k: 10, signal: gone.signal })) {
    response.write(`data: ${JSON.stringify(await withTitles(list))}\n\n`);
  }
  response.end();
}

async function search(text) {
  const found = [];
  for await (const { id, properties } of engine.items.list({ text, pageSize: 20 })) {
    found.push({ item: id, title: properties.title ?? id });
    if (found.length === 20) break;
  }
  return found;
}

async function body(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece;
    if (text.length > kMaxBodyBytes) throw new SyntaxError('the body is too long');
  }
  return JSON.parse(text);
}

function answer(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && pathname === '/clicks') {
    const { user, item } = await body(request);
    return answer(response, 200, await engine.observe({ user, item, type: 'click' }));
  }
  if (request.method !== 'GET') return answer(response, 405, { error: 'no such method' });
  if (pathname === '/list') return tellLists(searchParams.get('user') ?? '', request, response);
  if (pathname === '/search') return answer(response, 200, await search(searchParams.get('text') ?? ''));
  if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(kPage);
  return answer(response, 404, { error: 'nothing is here' });
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    const isWrong = error instanceof SyntaxError || (error instanceof CosenoError && error.code === 'invalid_argument');
    if (response.headersSent) response.end();
    else answer(response, isWrong ? 400 : 500, { error: error.message });
  });
});
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}/`);
});

// Better lists when it is done; until then, what people click speaks.
engine.train({ model: 'item_knn' }).then(
  ({ model, ndcg }) => console.log(`trained ${model}, NDCG@20 ${ndcg.toFixed(3)}`),
  (error) => error.code === 'cancelled' || console.error(error),
);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await engine.close();
  });
}
