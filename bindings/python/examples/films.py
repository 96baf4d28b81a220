"""A notebook in plain Python: which model is good, what freshness is worth, a map of films.

    python3 films.py [--data FOLDER] [--out FOLDER] [--quick]

FOLDER has MovieLens 100K (u.data, u.item); without it the data are made up. Writes quality.png,
freshness.png and map.png.
"""

# %% What there is
import argparse
import pathlib
import tempfile

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import coseno

parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
parser.add_argument("--data", type=pathlib.Path, help="folder of MovieLens 100K")
parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."), help="for the plots")
parser.add_argument("--quick", action="store_true", help="fewer models and events")
arguments = parser.parse_args()


def movielens(folder):
    """Ratings, and {film: title}."""
    ratings = pd.read_csv(
        folder / "u.data", sep="\t", names=["user", "item", "rating", "timestamp"], dtype={"item": str}
    )
    films = pd.read_csv(folder / "u.item", sep="|", header=None, encoding="latin-1", dtype={0: str})
    return ratings, dict(zip(films[0], films[1]))


def made_up(n_users=400, n_items=150, n_kinds=4):
    """Users who mostly watch films of one kind, each somewhat more often than the next."""
    generator = np.random.default_rng(1)
    kinds = np.arange(n_items) % n_kinds
    rows = []
    for user in range(n_users):
        chance = np.where(kinds == user % n_kinds, 8.0, 1.0) / (1 + np.arange(n_items) // n_kinds)
        watched = generator.choice(n_items, 30, replace=False, p=chance / chance.sum())
        for item in watched:
            rating = 5 if kinds[item] == user % n_kinds else 2
            rows.append((user, str(item), rating, int(generator.integers(10**6))))
    ratings = pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])
    return ratings, {str(item): f"film {item} of kind {kinds[item]}" for item in range(n_items)}


ratings, titles = movielens(arguments.data) if arguments.data else made_up()
print(f"{len(ratings)} ratings of {ratings.user.nunique()} users")
arguments.out.mkdir(parents=True, exist_ok=True)

# %% Quality by model: held-out ratings of four stars and more, lists of ten
models = ["popularity", "item_knn", "ease"] if arguments.quick else None
table = coseno.evaluate(ratings, models, relevant_from=4)
print(table[["ndcg", "recall", "coverage", "fit_s"]].round(4))

axes = table["ndcg"].sort_values().plot.barh(figsize=(7, 3.5), color="tab:blue")
axes.set(xlabel="NDCG@10 of held-out ratings", ylabel="", title="Quality by model")
plt.tight_layout()
plt.savefig(arguments.out / "quality.png", dpi=120)
plt.close()

# %% Freshness by replay: each event is ranked before it is observed
events = ratings.sort_values("timestamp", kind="stable")
events = events.iloc[: 3_000 if arguments.quick else 30_000]


def replay(engine, n_held_back):
    """Reciprocal ranks within ten of each next film, where the engine learns of events in batches."""
    held_back = []
    for user, item, _, timestamp in events.itertuples(index=False):
        listed = [one.item for one in engine.recommend(str(user), 10).items]
        yield 1 / (1 + listed.index(item)) if item in listed else 0.0
        held_back.append({"user": str(user), "item": item, "time_ms": timestamp * 1000})
        if len(held_back) > n_held_back:
            engine.observe(held_back)
            held_back = []


def mean_of_tenths(ranks):
    return [part.mean() for part in np.array_split(np.array(list(ranks)), 10)]


figure, axes = plt.subplots(figsize=(7, 3.5))
for name, n_held_back in (("at once", 0), ("after each tenth of the events", len(events) // 10)):
    with tempfile.TemporaryDirectory() as folder, coseno.Engine.open(folder + "/data") as engine:
        means = mean_of_tenths(replay(engine, n_held_back))
    axes.plot(range(1, 11), means, marker="o", label=name)
    print(f"events observed {name}: MRR@10 {np.mean(means):.4f}")
axes.set(xlabel="tenth of the events", ylabel="MRR@10", title="What freshness is worth")
axes.legend()
plt.tight_layout()
plt.savefig(arguments.out / "freshness.png", dpi=120)
plt.close()

# %% A map of films: the vectors of a model in two dimensions, by their principal components
model = coseno.Ials(dim=32).fit(ratings)
vectors = model.item_factors / np.linalg.norm(model.item_factors, axis=1, keepdims=True)
centred = vectors - vectors.mean(axis=0)
_, _, axes_of_taste = np.linalg.svd(centred, full_matrices=False)
places = centred @ axes_of_taste[:2].T

popular = ratings.item.value_counts().index[:30]
figure, axes = plt.subplots(figsize=(9, 7))
axes.scatter(places[:, 0], places[:, 1], s=4, color="lightgrey")
for film in popular:
    x, y = places[model.ratings.find_item(film)]
    axes.annotate(titles.get(film, film)[:24], (x, y), fontsize=7)
axes.set(title="Films near each other are watched by the same people", xticks=[], yticks=[])
plt.tight_layout()
plt.savefig(arguments.out / "map.png", dpi=120)
plt.close()

film = popular[0]
alike, _ = model.similar_items(film, k=5)
print(f"like {titles.get(film, film)}: {', '.join(titles.get(one, one) for one in alike)}")
