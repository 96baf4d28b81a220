// The npm package collaborative-filter as a rival:
//
//   collaborative_filter_lists.js MODULES TRAIN USERS OUT LIKED_FROM K
//
// Item to item by Jaccard similarity. It knows likes only: a rating of LIKED_FROM and more is one.
// Writes a line for each user of USERS (one a line), "user item item ..."; items of the training
// file are left out here, because the package knows only those that were liked.
const fs = require('fs');
const path = require('path');

const [modules, trainPath, usersPath, outPath, likedFrom, k] = process.argv.slice(2);
const recommend = require(path.resolve(modules, 'collaborative-filter'));

const lines = (file) => fs.readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');

const numbers = (ids) => new Map([...new Set(ids)].map((id, index) => [id, index]));

const train = lines(trainPath).map((line) => line.split('\t'));
const users = numbers(train.map((row) => row[0]));
const items = numbers(train.map((row) => row[1]));
const itemIds = [...items.keys()];

const likes = Array.from(users, () => new Array(items.size).fill(0));
const seen = Array.from(users, () => new Set());
train.forEach(([user, item, rating]) => {
  seen[users.get(user)].add(items.get(item));
  if (Number(rating) >= Number(likedFrom)) likes[users.get(user)][items.get(item)] = 1;
});

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

const start = process.hrtime.bigint();
const together = recommend.coMatrix(likes);
const fitSeconds = seconds(start);

const latencies = [];
const lists = lines(usersPath).filter((user) => users.has(user)).map((user) => {
  const index = users.get(user);
  const since = process.hrtime.bigint();
  const list = recommend.getRecommendations(likes, together, index);
  latencies.push(seconds(since));
  const unseen = list.filter((item) => !seen[index].has(item)).slice(0, Number(k));
  return [user, ...unseen.map((item) => itemIds[item])].join(' ');
});
fs.writeFileSync(outPath, `${lists.join('\n')}\n`);

latencies.sort((a, b) => a - b);
const percentile = (share) => latencies[Math.floor(share * latencies.length)];
console.log(JSON.stringify({
  fit_s: fitSeconds,
  latency_p50_s: percentile(0.5),
  latency_p99_s: percentile(0.99),
}));
