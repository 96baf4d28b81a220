// What the types allow, and what they refuse: checked by tsc --strict, and never run.
import {
  CancelledError,
  CosenoError,
  Engine,
  Model,
  NotFoundError,
  evaluate,
  fit,
  models,
  readRatings,
  type Acknowledged,
  type Event,
  type ImportedEvents,
  type ImportedRecords,
  type ModelDescription,
  type Progress,
  type Properties,
  type PublishReport,
  type Recommendations,
  type RecommendOptions,
  type ScoredItem,
  type TrainReport,
} from 'coseno';

// Two types that are the same.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

export async function events(): Promise<void> {
  await using engine = await Engine.open('data', { durability: 'always', historyLength: 100 });
  const done = await engine.observe({ user: 'ann', item: 'tea', type: 'view', value: 4, timeMs: Date.now(), id: 'a' });
  same<typeof done, Acknowledged>(true);
  const many: readonly Event[] = [{ user: 'ann', item: 'tea' }];
  await engine.observe(many);
  const position: number = engine.observeSync({ user: 'ann', item: 'tea' }).position;
  for await (const { position: at, user, timeMs } of engine.events({ from: position })) same<[typeof at, typeof user, typeof timeMs], [number, string, number]>(true);

  // @ts-expect-error an event has an item
  await engine.observe({ user: 'ann' });
  // @ts-expect-error times are milliseconds
  await engine.observe({ user: 'ann', item: 'tea', timeMs: new Date() });
  // @ts-expect-error there is no such field
  await engine.observe({ user: 'ann', item: 'tea', kind: 'view' });
  // @ts-expect-error one event only
  engine.observeSync([{ user: 'ann', item: 'tea' }]);
  // @ts-expect-error the durability is one of three
  await Engine.open('data', { durability: 'forever' });
  // @ts-expect-error engines are opened
  new Engine();
  // @ts-expect-error it cannot be set
  engine.position = 1;
}

export async function lists(engine: Engine): Promise<void> {
  const options: RecommendOptions = {
    k: 5,
    filter: { all: [{ equals: { kind: 'tea' } }, { not: { range: { price: { from: 3 } } } }] },
    boosts: [{ filter: '{"exists": "title"}', amount: 1 }],
    caps: [{ property: 'kind' }],
    history: [{ item: 'tea' }],
    exclude: ['rum'] as const,
  };
  const list = await engine.recommend('ann', options);
  same<typeof list, Recommendations>(true);
  same<ReturnType<Engine['recommendSync']>, Recommendations>(true);
  const [first] = list.items;
  const score: number | undefined = first?.score;
  // Only where chance had a part in the list.
  same<NonNullable<typeof first>['propensity'], number | undefined>(true);
  void score;
  await engine.recommend(null, { history: [] });
  for await (const { items } of engine.watch('ann', { k: 3, signal: AbortSignal.timeout(10) })) void items;
  const [someone] = await engine.similarUsers('ann', { k: 1 });
  void someone?.user;

  // @ts-expect-error k is a number
  await engine.recommend('ann', { k: '5' });
  // @ts-expect-error there is no such option
  await engine.recommend('ann', { K: 5 });
  // @ts-expect-error there is no such condition
  await engine.recommend('ann', { filter: { equal: { kind: 'tea' } } });
  // @ts-expect-error similar has fewer options
  await engine.similar('tea', { explain: true });
}

export async function work(engine: Engine): Promise<void> {
  const training = engine.train({ model: 'ials', settings: { dim: 16, nested: false, kind: 'x' }, signal: AbortSignal.timeout(10) });
  for await (const progress of training) same<typeof progress, Progress>(true);
  const report = await training;
  same<typeof report, TrainReport>(true);
  const imported = await engine.importFile('events.csv', { type: 'view' });
  same<typeof imported, ImportedEvents>(true);
  const put = await engine.importFile('items.csv', { kind: 'items' });
  same<typeof put, ImportedRecords>(true);
  const [contents] = await Promise.all([Engine.verify('data'), Engine.restore('backup', 'data'), engine.compact(), engine.backUp('backup')]);
  same<typeof contents.nEvents, number>(true);

  // @ts-expect-error records have no type
  await engine.importFile('items.csv', { kind: 'items', type: 'view' });
}

export async function records(engine: Engine): Promise<void> {
  const found = await engine.items.get('tea');
  same<typeof found, Properties | undefined>(true);
  await engine.items.put('tea', { title: 'Tea', kinds: ['hot', 'drink'], shop: { lat: 1, lon: 2 } });
  await engine.items.patch('tea', { title: null });
  for await (const { id, properties } of engine.items.list({ filter: {}, text: 'te' })) void [id, properties];
  // @ts-expect-error no objects within
  await engine.items.put('tea', { made: { by: 'ann' } });
  // @ts-expect-error users are erased
  await engine.users.delete('ann');
}

export async function offline(): Promise<void> {
  const ratings = await readRatings({ ann: { tea: 5 } });
  await readRatings([{ user: 'ann', item: 'tea', timeMs: 0 }], { repeats: 'max' });
  await readRatings(new URL('file:///ratings.json'));
  const model = await fit('biased_mf', ratings, { settings: { dim: 8 }, signal: AbortSignal.timeout(10) });
  same<typeof model, Model>(true);
  const list = await model.recommend('ann', { by: 'cosine', exclude: ['tea'] });
  same<typeof list, ScoredItem[]>(true);
  model.recommendSync(null, { history: [{ item: 'tea' }] });
  const [one, many] = [await model.predict('ann', 'tea'), model.predictSync('ann', ['tea'])];
  same<[typeof one, typeof many], [number, Float32Array]>(true);
  const { data, nRows, stride } = await model.itemVectors();
  same<[typeof data, typeof nRows, typeof stride], [Float32Array, number, number]>(true);
  same<Awaited<ReturnType<typeof Model.load>>, Model>(true);
  const [quality] = await evaluate(ratings, { models: ['ials'], protocol: 'temporal' });
  const ndcg: number | undefined = quality?.metrics['ndcg'];
  void ndcg;
  same<ReturnType<typeof models>, ModelDescription[]>(true);

  // @ts-expect-error there is no such model
  await fit('als', ratings);
  // @ts-expect-error a history in place of a user
  model.recommendSync(null);
  // @ts-expect-error ratings are read first
  await fit('ials', { ann: { tea: 5 } });
  // @ts-expect-error models are fitted
  new Model();
}

export async function vectors(engine: Engine): Promise<void> {
  const report = await engine.publishVectors({ items: ['tea'], itemVectors: new Float32Array(8), users: ['ann'], userVectors: [1, 2], force: true });
  same<typeof report, PublishReport>(true);
  // @ts-expect-error vectors are of items
  await engine.publishVectors({ itemVectors: new Float32Array(8) });
}

export function errors(error: unknown): string {
  if (error instanceof NotFoundError) same<typeof error.code, 'not_found'>(true);
  if (error instanceof CancelledError) return String(error.cause);
  // @ts-expect-error there is no such code
  if (error instanceof CosenoError && error.code === 'missing') return '';
  return error instanceof CosenoError ? error.code : '';
}
