"""How good models are: the library's protocols, and a scorer for scikit-learn's searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from . import _arrays, _coseno
from ._errors import InvalidArgumentError
from ._progress import Progress, told
from ._ratings import to_ratings
from ._recommender import Recommender, is_by_cosine


def evaluate(
    user_items: Any,
    models: Iterable[str | Recommender] | None = None,
    *,
    k: int = 10,
    protocol: str = "random",
    fraction: float = 0.2,
    folds: int = 5,
    relevant_from: float | None = None,
    by: str = "score",
    seed: int = 1,
    n_threads: int = 0,
    progress: Progress = None,
) -> Any:
    """How good models are on interactions that they have not seen; popularity is always judged too.

    `models`: names, or models with parameters (fitted or not: each is fitted anew); None: all that
    can learn from the data. `protocol`: random, leave-last-out, temporal, k-fold or strong
    (docs/evaluation.md). `relevant_from`: held-out ratings of at least this are relevant.

    Returns a frame of pandas, a row a model, where pandas is there; else a list of dicts.
    """
    names: list[str] = []
    settings: dict[str, dict[str, str]] = {}
    for model in models or ():
        name = model if isinstance(model, str) else model.model_name
        names.append(name)
        if isinstance(model, Recommender):
            settings[name] = model._settings()
    with told(progress) as callback:
        judged = _coseno.evaluate(
            to_ratings(user_items),
            names,
            {name: of for name, of in settings.items() if of},
            _arrays.whole_number("k", k, 1),
            protocol,
            fraction,
            _arrays.whole_number("folds", folds, 0),
            relevant_from,
            is_by_cosine(by),
            _arrays.whole_number("seed", seed, 0, 2**64 - 1),
            _arrays.whole_number("n_threads", n_threads, 0, 1024),
            callback,
        )
    rows = [
        {"model": name, **dict(metrics), "fit_s": fit_s, "latency_p50_s": latency_s}
        for name, metrics, fit_s, latency_s in judged
    ]
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows).set_index("model")


def make_scorer(
    k: int = 10, *, metric: str = "ndcg", fraction: float = 0.2, seed: int = 1
) -> Callable[..., float]:
    """A scorer for GridSearchCV and the like: how good the lists of users are whom the model has not
    seen.

    Of each row `fraction` is held out by chance, at least one item; the list is made of the rest
    and judged by what was held out: `metric` is ndcg, recall or hit_rate, of the first `k`. Rows of
    fewer than two items are left out.
    """
    if metric not in _METRICS:
        raise InvalidArgumentError(
            f"metric must be one of {', '.join(_METRICS)}, not {metric!r}"
        )
    measure = _METRICS[metric]

    def score(model: Recommender, user_items: Any, y: Any = None) -> float:
        told_rows, held_out = _split(user_items, fraction, seed)
        lists, _ = model.recommend(np.arange(len(held_out)), told_rows, k=k)
        judged = [
            measure(np.isin(ids, held), min(len(held), k)) for ids, held in zip(lists, held_out)
        ]
        return float(np.mean(judged)) if judged else 0.0

    return score


def _split(user_items: Any, fraction: float, seed: int) -> tuple[Any, list[Any]]:
    """Rows without what is held out of them, and that."""
    from scipy.sparse import csr_matrix

    rows = _arrays.rows("user_items", user_items)
    generator = np.random.default_rng(seed)
    keeps = np.ones(len(rows.columns), bool)
    held_out = []
    judged = []
    for row in range(rows.n_rows):
        begin, end = int(rows.row_begin[row]), int(rows.row_begin[row + 1])
        if end - begin < 2:
            continue
        n_held = min(max(1, round(fraction * (end - begin))), end - begin - 1)
        places = begin + generator.permutation(end - begin)[:n_held]
        keeps[places] = False
        held_out.append(rows.columns[places])
        judged.append(row)
    data = np.where(keeps, rows.values, 0)
    matrix = csr_matrix((data, rows.columns, rows.row_begin), (rows.n_rows, rows.n_columns))
    return matrix[judged], held_out


def _ndcg(hits: Any, n_ideal: int) -> float:
    discounts = 1 / np.log2(np.arange(2, 2 + len(hits)))
    return float((hits * discounts).sum() / discounts[:n_ideal].sum())


_METRICS: Mapping[str, Callable[[Any, int], float]] = {
    "ndcg": _ndcg,
    "recall": lambda hits, n_ideal: float(hits.sum() / n_ideal),
    "hit_rate": lambda hits, n_ideal: float(hits.any()),
}
