// coseno: a recommender engine whose answer changes the moment a user acts.
//
// The words, defaults and errors are those of the C++ headers (include/coseno), in camelCase.
// Whatever returns a promise runs on another thread; errors are instances of CosenoError.

/// <reference types="node" />

// --- errors

export type ErrorCode =
  | 'invalid_argument' // what the caller passed is wrong; the message names the place
  | 'not_found' // a user, item, file or model that does not exist
  | 'conflict' // the state of something forbids it
  | 'unavailable' // try again later
  | 'corrupt' // what was read is not what was written
  | 'io' // the operating system refused
  | 'cancelled' // the caller asked to stop
  | 'internal'; // a library failed in a way that we do not know

/** What coseno throws, and what its promises are rejected with. One class a code. */
export class CosenoError extends Error {
  protected constructor(code: ErrorCode, message: string, options?: ErrorOptions);
  readonly code: ErrorCode;
}
export class InvalidArgumentError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'invalid_argument';
}
export class NotFoundError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'not_found';
}
export class ConflictError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'conflict';
}
export class UnavailableError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'unavailable';
}
export class CorruptError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'corrupt';
}
export class IoError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'io';
}
/** `cause` is the reason of the AbortSignal, where one asked to stop. */
export class CancelledError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'cancelled';
}
export class InternalError extends CosenoError {
  constructor(message: string, options?: ErrorOptions);
  readonly code: 'internal';
}

// --- long work

export interface Progress {
  /** What it is at: "reading", "fitting ials". */
  stage: string;
  /** In [0, 1]; 0 where the end is not known. */
  share: number;
}

/**
 * Long work that has begun: `await` it for its result, or `for await` it for how far it is. A slow
 * loop misses some; it throws what the work failed with, and leaving it leaves the work going.
 */
export interface Work<Result> extends Promise<Result>, AsyncIterable<Progress> {
  /** It fails with a CancelledError soon. */
  cancel(): void;
}

export interface WorkOptions {
  /** Cancels it: it fails with a CancelledError. */
  signal?: AbortSignal | undefined;
}

// --- events

export interface Event {
  /** 1 to 512 bytes of UTF-8. */
  user: string;
  /** 1 to 512 bytes of UTF-8. */
  item: string;
  /** One of the event types; default "view". */
  type?: string | undefined;
  /** A rating, a count; finite, a float32; default 1. */
  value?: number | undefined;
  /** Unix milliseconds; default now. */
  timeMs?: number | undefined;
  /** An event with an id that there was before is acknowledged, and changes nothing. */
  id?: string | undefined;
}

export interface Acknowledged {
  /** Of the last event in the log; answers tell which they reflect. */
  position: number;
  /** Events that were applied. */
  nNew: number;
  /** Events whose id there was before. */
  nRepeated: number;
}

/** What an event of a type means. */
export interface EventType {
  /** Against a plain act of 1, in [0, 1000]; 0 tells nothing of taste. Default 1. */
  weight: number;
  /** After which it weighs half; 0: never less. Default 0. */
  halfLifeDays: number;
  /** The value is a rating: the more above the user's mean, the better. Default false. */
  isRating: boolean;
  /** An item with such an event is not recommended to its user. Default true. */
  hides: boolean;
  /** For so long; 0: as long as the history knows the event. Default 0. */
  hidesDays: number;
}

/** One event of a user's history. */
export interface PastEvent {
  item: string;
  type: string;
  value: number;
  timeMs: number;
}

/** One event of the log. */
export interface LoggedEvent extends PastEvent {
  position: number;
  user: string;
}

// --- items and users

export type PropertyValue =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | { lat: number; lon: number };

/** Properties of an item or a user. `{ available: false }` takes an item out of every list. */
export type Properties = { [name: string]: PropertyValue };

/** null removes a property. */
export type PropertiesPatch = { [name: string]: PropertyValue | null };

/** Which items may be in a list: docs/filters.md, as an object or as its JSON. */
export type Filter = FilterObject | string;
export interface FilterObject {
  equals?: { [property: string]: string | number | boolean };
  in?: { [property: string]: readonly (string | number | boolean)[] };
  range?: { [property: string]: { from?: number | string; to?: number | string } };
  exists?: string;
  near?: { [property: string]: { lat: number; lon: number; km: number } };
  all?: readonly FilterObject[];
  any?: readonly FilterObject[];
  not?: FilterObject;
}

export interface ListedRecord {
  id: string;
  properties: Properties;
}

export interface ListItemsOptions {
  filter?: Filter | undefined;
  /** Words, each of which must begin a word of the id or of a text among the properties. */
  text?: string | undefined;
  /** How many are read at once, in [1, 1000]; default 100. */
  pageSize?: number | undefined;
}

/** The items of an engine. */
export interface Items {
  /** Its properties; undefined where there is no such item. */
  get(item: string): Promise<Properties | undefined>;
  /** Makes it, or puts these properties in place of those that it has. The position of the change. */
  put(item: string, properties?: Properties): Promise<number>;
  /** All of them or none; of one item twice the last. */
  putMany(records: readonly { id: string; properties?: Properties }[]): Promise<number>;
  /** Changes some of its properties; makes it where it is not there. */
  patch(item: string, properties: PropertiesPatch): Promise<number>;
  /** Its properties, and it from every list until it is put again; events stay. */
  delete(item: string): Promise<number>;
  /** Those that are not deleted, in the order in which they came. */
  list(options?: ListItemsOptions): AsyncGenerator<ListedRecord, void, undefined>;
}

/** The users of an engine. */
export interface Users {
  /** Their properties; undefined where there is no such user. */
  get(user: string): Promise<Properties | undefined>;
  put(user: string, properties?: Properties): Promise<number>;
  putMany(records: readonly { id: string; properties?: Properties }[]): Promise<number>;
  patch(user: string, properties: PropertiesPatch): Promise<number>;
  /** Events, history, properties and what they were shown are gone from every answer when the
   * promise is resolved, and from disk after compact(). */
  erase(user: string): Promise<number>;
  list(options?: { pageSize?: number | undefined }): AsyncGenerator<ListedRecord, void, undefined>;
}

// --- lists

export interface ListOptions {
  /** In [1, 1000]; default 10. */
  k?: number | undefined;
  filter?: Filter | undefined;
}

/** An act of somebody who need not be a user. */
export interface Act {
  item: string;
  type?: string | undefined;
  value?: number | undefined;
  timeMs?: number | undefined;
}

export interface RecommendOptions extends ListOptions {
  /** Items that may not be in the list; unknown ones are ignored. */
  exclude?: readonly string[] | undefined;
  /** Items that stand first, in this order, whatever the filter and the history say. */
  pinned?: readonly string[] | undefined;
  /** Raise the scores of items that match by `amount`; scores have a spread of about 1. */
  boosts?: readonly { filter?: Filter | undefined; amount: number }[] | undefined;
  /** At most so many items of the list have the same value of a property; default 1. */
  caps?: readonly { property: string; atMost?: number | undefined }[] | undefined;
  /** 0: the best k. 1: the least alike. */
  diversity?: number | undefined;
  /** A property of whose values the list is to have the shares that the history has. */
  calibrate?: string | undefined;
  /** How far chance makes the list: 0 not at all, 1 nearly shuffles. */
  exploration?: number | undefined;
  /** Of chance; default 1. */
  seed?: number | undefined;
  /** Keeps the list in the data folder, for shown(). */
  logShown?: boolean | undefined;
  /** Also items that the user has had. */
  includeSeen?: boolean | undefined;
  /** Fills `sources` and `reasons`. */
  explain?: boolean | undefined;
  /** In place of the user's history, oldest first. */
  history?: readonly Act[] | undefined;
  /** The answer must reflect the log up to here; refused where it cannot. */
  minPosition?: number | undefined;
}

/** How much of a score comes from where. */
export interface Source {
  name: string;
  score: number;
}

/** An item of the history that speaks for one in the list. */
export interface Reason {
  item: string;
  /** Of what all items of the history say for it; in (0, 1]. */
  share: number;
}

export interface RecommendedItem {
  item: string;
  /** Bigger is better; a float32. */
  score: number;
  /** The chance that it stood in its place; with `exploration` only. */
  propensity?: number;
  /** With `explain`. */
  sources?: Source[];
  /** With `explain`. */
  reasons?: Reason[];
}

export interface Recommendations {
  items: RecommendedItem[];
  /** Every event up to here is reflected. */
  position: number;
  /** The trained models that answered; 0: none are. */
  snapshot: number;
}

export interface WatchOptions extends RecommendOptions {
  /** Ends it. */
  signal?: AbortSignal | undefined;
  /** How soon after a list the next one is made; default 50. */
  atMostEveryMs?: number | undefined;
}

/** A list that somebody was shown. */
export interface ShownList {
  timeMs: number;
  /** Empty: made from a history, with no user given. */
  user: string;
  position: number;
  snapshot: number;
  exploration: number;
  seed: number;
  items: { item: string; score: number; propensity: number }[];
}

export interface SimilarUser {
  user: string;
  /** In (0, 1]. */
  score: number;
}

// --- training and the folder

export type Settings = { [name: string]: string | number | boolean };

export interface TrainOptions extends WorkOptions {
  /** "auto", or a model of docs/algorithms.md; default "auto". */
  model?: string | undefined;
  /** Options of the model, as docs/algorithms.md names them. */
  settings?: Settings | undefined;
  /** That auto may look; about; default 30. */
  seconds?: number | undefined;
}

export interface TrainReport {
  /** 0: not published, since it was worse than what is in service. */
  snapshot: number;
  model: string;
  settings: { [name: string]: string };
  /** Of the last event that was learnt from. */
  position: number;
  /** NDCG@20 of the newest events of users, held out: of the new models, */
  ndcg: number;
  /** of the snapshot in service (0: none), */
  ndcgInService: number;
  /** and of popularity. */
  ndcgPopularity: number;
  seconds: number;
}

/** Vectors of items, and of users where there are any, that were trained elsewhere. */
export interface PublishVectorsOptions extends WorkOptions {
  /** Ids, each once; at least one. */
  items: readonly string[];
  /** items.length x dim, row after row. */
  itemVectors: Float32Array | Float64Array | readonly number[];
  /** One an item. */
  itemBiases?: Float32Array | Float64Array | readonly number[] | undefined;
  /** Of them only how histories become vectors is learnt. */
  users?: readonly string[] | undefined;
  /** users.length x dim. */
  userVectors?: Float32Array | Float64Array | readonly number[] | undefined;
  /** Default: what itemVectors has for each item. */
  dim?: number | undefined;
  /** What answers and stats call them; default "vectors". */
  name?: string | undefined;
  /** How users are folded in; what is not set is found. */
  settings?: Settings | undefined;
  /** The last event that they have learnt from: later ones judge. */
  position?: number | undefined;
  /** Puts them in service even where they are worse. */
  force?: boolean | undefined;
}

export interface PublishReport extends TrainReport {
  /** The mean cosine of the given users' vectors and what their histories give. */
  agreement?: number;
}

export interface SnapshotInfo {
  snapshot: number;
  isInService: boolean;
  model: string;
  settings: { [name: string]: string };
  position: number;
  ndcg: number;
  ndcgPopularity?: number;
}

export interface EngineStats {
  position: number;
  /** In the log, retracted ones not. */
  nEvents: number;
  nUsers: number;
  nItems: number;
  snapshot: number;
  model: string;
  /** Why the snapshot that the folder names is not in service; empty: it is. */
  snapshotTrouble: string;
  searchRecall: number;
  nKeptEvents: number;
  usersBytes: number;
  itemsBytes: number;
  modelBytes: number;
}

/** What a data folder was found to hold. */
export interface FolderContents {
  position: number;
  nEvents: number;
  nEventIds: number;
  nUsers: number;
  nErasedUsers: number;
  nItems: number;
  nShownLists: number;
  snapshot: number;
}

export type Format = 'json-matrix' | 'json-lines' | 'csv' | 'tsv' | 'double-colon' | 'user-lines';

export interface ImportEventsOptions extends WorkOptions {
  kind?: 'events' | undefined;
  /** Default: found by looking. */
  format?: Format | undefined;
  /** Of the events; default "rating" where the file has values, else "view". */
  type?: string | undefined;
}
export interface ImportRecordsOptions extends WorkOptions {
  kind: 'items' | 'users';
}
export interface ImportedEvents {
  nRows: number;
  nNew: number;
  nRepeated: number;
  position: number;
}
export interface ImportedRecords {
  /** Those that are there with the same properties are not. */
  nPut: number;
  position: number;
}

// --- the engine

export interface EngineOptions {
  /** What a power failure may take: "none": seconds; "interval", the default: 100 ms; "always":
   * nothing. The end of the process takes nothing in any case. */
  durability?: 'none' | 'interval' | 'always' | undefined;
  /** false: the folder must be one of coseno. Default true. */
  create?: boolean | undefined;
  /** Events kept in memory of each user, the newest; in [1, 10000], default 500. */
  historyLength?: number | undefined;
  /** After which an event counts half in what is trending; default 7. */
  trendingHalfLifeDays?: number | undefined;
  /** How many items that came with an item are kept count of; in [1, 1000], default 48. */
  covisitationWidth?: number | undefined;
  /** From how many items on a training makes a graph to search by; 0: never. Default 100000. */
  graphItems?: number | undefined;
  /** Days that shown lists are kept; 0: for ever. Default 90. */
  shownDays?: number | undefined;
  /** Threads of training; 0, the default: one a core. */
  nThreads?: number | undefined;
  /** Default 1. */
  seed?: number | undefined;
}

/**
 * A data folder that is open: an event is durable, and the next request reflects it.
 *
 *     const engine = await Engine.open('data');
 *     await engine.observe({ user: 'ann', item: 'tea' });
 *     const { items } = await engine.recommend('ann');
 *     await engine.close();
 */
export class Engine {
  private constructor();

  /** Opens a data folder for writing, or makes one. ConflictError where another engine has it. */
  static open(folder: string, options?: EngineOptions): Promise<Engine>;
  /** Opens it for reading, beside an engine that writes; refresh() takes up what came since. */
  static openBeside(folder: string, options?: EngineOptions): Promise<Engine>;
  /** Makes `folder`, which is missing or empty, from what backUp() made. */
  static restore(backup: string, folder: string, options?: WorkOptions): Work<void>;
  /** Reads every byte of a data folder; CorruptError with the first fault. */
  static verify(folder: string, options?: WorkOptions): Work<FolderContents>;

  readonly folder: string;
  /** Every event up to here is in the next answer. */
  readonly position: number;
  readonly items: Items;
  readonly users: Users;

  /**
   * When it is resolved, the event is stored and every later request reflects it. Events are stored
   * in the order of calls; an array is taken whole or not at all.
   */
  observe(events: Event | readonly Event[]): Promise<Acknowledged>;
  /** The same of one event, on this thread: a few microseconds, but it waits for those who write. */
  observeSync(event: Event): Acknowledged;
  /** Takes back the event with that id. */
  retract(eventId: string): Promise<Acknowledged>;

  /** Oldest first; empty where nothing is known of the user. */
  history(user: string): Promise<PastEvent[]>;
  /** The log from a position on, as it goes; retracted events, and those of erased users, are none. */
  events(options?: { from?: number | undefined }): AsyncGenerator<LoggedEvent, void, undefined>;

  /** What the user would like and has not had. Whom nobody knows, and null, get what is trending. */
  recommend(user: string | null, options?: RecommendOptions): Promise<Recommendations>;
  /** The same on this thread: microseconds for some thousand items. */
  recommendSync(user: string | null, options?: RecommendOptions): Recommendations;
  /** Items that are chosen with or are like `item`. */
  similar(item: string, options?: ListOptions): Promise<Recommendations>;
  trending(options?: ListOptions): Promise<Recommendations>;
  /** The users whose histories are most like that of `user`. */
  similarUsers(user: string, options?: { k?: number | undefined }): Promise<SimilarUser[]>;
  /**
   * The user's list now, and again whenever other items, or the same in another order, are in it.
   * It is made anew after every write through this engine, and every 5 seconds. Who is slow gets
   * the newest. It ends with the engine.
   */
  watch(user: string | null, options?: WatchOptions): AsyncGenerator<Recommendations, void, undefined>;
  /** Lists that were shown, oldest first. */
  shown(options?: { fromMs?: number | undefined }): AsyncGenerator<ShownList, void, undefined>;

  eventTypes(): Promise<{ [name: string]: EventType }>;
  /** All of them: types that are not in it are known no more. */
  setEventTypes(types: { [name: string]: Partial<EventType> }): Promise<void>;

  /** A small text that a program keeps with the data; undefined where there is none. */
  note(name: string): Promise<string | undefined>;
  setNote(name: string, text: string): Promise<void>;

  /** Fits to the log as it is now, while others go on; publishes what is not worse. */
  train(options?: TrainOptions): Work<TrainReport>;
  /** Takes vectors from elsewhere in the place of a training: users are folded in from their
   * histories, so new users and new events count at once. */
  publishVectors(options: PublishVectorsOptions): Work<PublishReport>;
  /** Newest first. */
  snapshots(): Promise<SnapshotInfo[]>;
  stats(): Promise<EngineStats>;
  /** Beside a writer: takes up what it has stored since. */
  refresh(): Promise<void>;

  /** Events, or items or users with properties, from a file (docs/formats.md). */
  importFile(path: string, options?: ImportEventsOptions): Work<ImportedEvents>;
  importFile(path: string, options: ImportRecordsOptions): Work<ImportedRecords>;
  /** Drops from disk what was erased. Writers wait meanwhile. */
  compact(options?: WorkOptions): Work<void>;
  /** Copies the folder to `target`: missing, empty, or an earlier backup, which is brought up to
   * date. */
  backUp(target: string, options?: WorkOptions): Work<void>;

  /** Ends when all is done that was asked for before; long work is cancelled. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// --- offline: models fitted once to ratings in memory

/** Who gave what which rating: each user's items, with a value. */
export type RatingsMatrix = { readonly [user: string]: { readonly [item: string]: number } };

export interface Rating {
  user: string;
  item: string;
  /** Default 1: a plain act. */
  value?: number | undefined;
  timeMs?: number | undefined;
}

export interface ReadRatingsOptions extends WorkOptions {
  /** Default: found by looking. */
  format?: Format | undefined;
  /** Which counts of one user with one item; default "last". */
  repeats?: 'last' | 'first' | 'sum' | 'max' | undefined;
  /** Files of titles and properties (docs/formats.md), which `content` learns from. */
  items?: string | undefined;
  users?: string | undefined;
}

/** Ratings in memory. Users and items have ids, and numbers from 0 in the order of appearance. */
export interface Ratings {
  readonly nUsers: number;
  readonly nItems: number;
  /** Pairs of a user and an item. */
  readonly size: number;
  /** False where all are plain acts. */
  readonly hasValues: boolean;
  /** The id of a number, and the number of an id; undefined where there is none. */
  user(number: number): string | undefined;
  item(number: number): string | undefined;
  findUser(id: string): number | undefined;
  findItem(id: string): number | undefined;
}

/** Reads a file (docs/formats.md), a matrix, or a list of ratings. */
export function readRatings(source: string | URL | RatingsMatrix | readonly Rating[], options?: ReadRatingsOptions): Work<Ratings>;

export type ModelName = 'popularity' | 'item_knn' | 'rp3beta' | 'ease' | 'ials' | 'biased_mf' | 'markov' | 'session_knn' | 'content' | 'sasrec' | 'blend' | 'auto';

export interface FitOptions extends WorkOptions {
  /** Options of the model, as docs/algorithms.md and models() name them. */
  settings?: Settings | undefined;
  /** Default 1. */
  seed?: number | undefined;
  /** 0, the default: one a core. The result does not depend on it. */
  nThreads?: number | undefined;
}

/** Fits a model; "auto" finds one. */
export function fit(model: ModelName, ratings: Ratings, options?: FitOptions): Work<Model>;

export interface ModelListOptions {
  /** At least 1; default 10. */
  k?: number | undefined;
  /** The model's own score, the default, or the cosine of vectors. */
  by?: 'score' | 'cosine' | undefined;
  /** Also items that the user has had. */
  includeSeen?: boolean | undefined;
  /** Items that may not be in the list. */
  exclude?: readonly string[] | undefined;
  /** Items that alone may. */
  allow?: readonly string[] | undefined;
  /** In place of the user's own, oldest first; unknown items are ignored. */
  history?: readonly { item: string; value?: number | undefined }[] | undefined;
}

export interface ScoredItem {
  item: string;
  score: number;
}

/**
 * One vector a row, in the model's own memory: no copy is made, and nothing may be written to it.
 * Row n is data[n * stride] to data[n * stride + dim - 1]; `stride` is `dim` for most models.
 */
export interface Vectors {
  readonly data: Float32Array;
  /** 0 where the model has no vectors. */
  readonly nRows: number;
  readonly dim: number;
  readonly stride: number;
  row(number: number): Float32Array;
}

/** A fitted model; immutable. */
export class Model {
  private constructor();
  /** A model file, as save() and `coseno fit` write it. */
  static load(path: string): Promise<Model>;

  readonly name: string;
  readonly settings: { readonly [name: string]: string };
  readonly seed: number;
  readonly predictsRatings: boolean;
  /** What it was fitted to. */
  readonly ratings: Ratings;

  /** Best first. A user whom nobody knows gets the popular items. */
  recommend(user: string, options?: ModelListOptions): Promise<ScoredItem[]>;
  recommend(user: null, options: ModelListOptions & { history: readonly { item: string; value?: number | undefined }[] }): Promise<ScoredItem[]>;
  recommendSync(user: string, options?: ModelListOptions): ScoredItem[];
  recommendSync(user: null, options: ModelListOptions & { history: readonly { item: string; value?: number | undefined }[] }): ScoredItem[];
  /** The rating that the user would give. InvalidArgumentError where the model predicts none. */
  predict(user: string, item: string): Promise<number>;
  predict(user: string, items: readonly string[]): Promise<Float32Array>;
  predictSync(user: string, item: string): number;
  predictSync(user: string, items: readonly string[]): Float32Array;
  /** The items most alike, without the item itself. */
  similarItems(item: string, options?: { k?: number | undefined }): Promise<ScoredItem[]>;
  /** The users whose vectors have the largest cosine with the user's. */
  similarUsers(user: string, options?: { k?: number | undefined }): Promise<SimilarUser[]>;
  /** Row n is the item, or user, with number n (`ratings.item(n)`). */
  itemVectors(): Promise<Vectors>;
  userVectors(): Promise<Vectors>;
  save(path: string): Promise<void>;
}

export interface EvaluateOptions extends WorkOptions {
  /** Default: all that can learn from the ratings. */
  models?: readonly ModelName[] | undefined;
  settings?: { [model: string]: Settings } | undefined;
  /** Default 10. */
  k?: number | undefined;
  /** docs/evaluation.md; default "random". */
  protocol?: 'random' | 'leave-last-out' | 'temporal' | 'k-fold' | 'strong' | undefined;
  fraction?: number | undefined;
  folds?: number | undefined;
  /** Held-out ratings of at least this are relevant. */
  relevantFrom?: number | undefined;
  by?: 'score' | 'cosine' | undefined;
  seed?: number | undefined;
  nThreads?: number | undefined;
}

export interface ModelQuality {
  model: string;
  /** By name: "precision", "recall", "ndcg", ..., "rmse". */
  metrics: { [name: string]: number };
  fitS: number;
  latencyP50S: number;
}

/** Each model fitted to a part of the ratings and judged by the rest, popularity always among them. */
export function evaluate(ratings: Ratings, options?: EvaluateOptions): Work<ModelQuality[]>;

export interface ModelDescription {
  name: ModelName;
  summary: string;
  predictsRatings: boolean;
  hasVectors: boolean;
  options: { name: string; defaultValue: string; range: string; help: string }[];
}

/** The models that there are, and what may be set. */
export function models(): ModelDescription[];
