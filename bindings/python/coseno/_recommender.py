"""What every model can do, as people of implicit and scikit-learn know it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from . import _arrays, _coseno
from ._errors import InvalidArgumentError, MissingFileError, NotFittedError
from ._progress import Progress, told
from ._ratings import to_ratings

Self = TypeVar("Self", bound="Recommender")
Parts = TypeVar("Parts", bound="PartsRecommender")

#: Items and scores, best first. Numbers of items where users were numbers or rows, ids where they
#: were ids.
Listed = tuple[npt.NDArray[Any], npt.NDArray[np.float32]]

# k, by cosine, with what was seen, what may not be in a list, what alone may.
_Selection = tuple[int, bool, bool, npt.NDArray[np.uint32] | None, npt.NDArray[np.uint32] | None]

_MOST = 2**31 - 1

#: What a list that is shorter than the others is filled up with.
NO_ITEM = -1


class Recommender:
    """A model: parameters, and once it was fitted, what it has learnt.

    Users and items are numbers: rows and columns of the matrix it was fitted to, or the order in
    which ids first came. Where it was fitted to ids, a text stands for a user or an item too.
    """

    model_name: ClassVar[str] = ""
    # Parameters of the library's: name of the parameter, and its default as the library writes it.
    _defaults: ClassVar[dict[str, Any]] = {}

    seed: int = 1
    n_threads: int = 0

    def __init__(self) -> None:
        self._fitted: _coseno.Model | None = None

    # --- fitting

    def fit(
        self: Self, user_items: Any, y: Any = None, *, progress: Progress = None
    ) -> Self:
        """Fits to ratings or acts: whatever coseno.to_ratings() takes. `y` is ignored.

        Ctrl-C ends it with KeyboardInterrupt, and what was fitted before stays.
        """
        ratings = to_ratings(user_items)
        with told(progress) as callback:
            self._fitted = _coseno.Model.fit(
                self.model_name,
                ratings,
                self._settings(),
                _arrays.whole_number("seed", self.seed, 0, 2**64 - 1),
                _arrays.whole_number("n_threads", self.n_threads, 0, 1024),
                callback,
            )
        return self

    def _settings(self) -> dict[str, str]:
        """The library's settings, those that are not its defaults."""
        settings = {}
        for name, value in self.get_params().items():
            if name in ("seed", "n_threads") or (
                name in self._defaults and value == self._defaults[name]
            ):
                continue
            settings[name.replace("__", ".")] = _text(name, value)
        return settings

    @property
    def _model(self) -> _coseno.Model:
        if self._fitted is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet")
        return self._fitted

    @property
    def ratings(self) -> _coseno.Ratings:
        """What it was fitted to."""
        return self._model.ratings

    @property
    def fitted_model(self) -> str:
        """The name of what was fitted: of Auto, what it chose."""
        return self._model.name

    @property
    def fitted_settings(self) -> dict[str, str]:
        """The settings of what was fitted, where they are not the defaults."""
        return self._model.settings

    # --- lists

    def recommend(
        self,
        user: Any,
        user_items: Any = None,
        N: int | None = None,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = True,
        items: Any = None,
        *,
        k: int = 10,
        by: str = "score",
        n_threads: int | None = None,
        progress: Progress = None,
    ) -> Listed:
        """The best items for a user, or for many at once.

        `user`: a number, an id, or rows of a matrix (histories, of anybody); or an array of numbers
        or ids. With `user_items`, as many rows, those are the histories in place of the users' own.
        `k`, or `N`: how many. `filter_items` may not be in the list, `items` alone may.
        `filter_already_liked_items=False` lists what is in the history too. `by="cosine"` orders by
        the cosine of vectors. `recalculate_user` is there for implicit's sake: histories always
        count.

        Returns items and scores. Of one user: of one dimension, shorter where fewer items match. Of
        many: a row each, filled up with -1 and the lowest float32. An id that nobody knows gets the
        popular items.
        """
        del recalculate_user
        # The plain question, at once: checks would take as long as the answer.
        if (
            type(user) is type(k) is int
            and 0 <= user <= _MOST
            and 0 < k <= _MOST
            and user_items is filter_items is items is N is None
            and by == "score"
        ):
            return self._model.recommend(user, k, False, not filter_already_liked_items, None, None)
        how_many = min(
            _arrays.whole_number("k", k if N is None else N, 1, 2**63 - 1), self.ratings.n_items
        )
        selection: _Selection = (
            max(how_many, 1),
            is_by_cosine(by),
            not filter_already_liked_items,
            _arrays.optional_numbers("filter_items", filter_items),
            _allowed(items),
        )
        if _arrays.is_number(user) and user_items is None:
            number = _arrays.whole_number("user", user, 0)
            return self._model.recommend(number, *selection)
        if isinstance(user, str) and user_items is None:
            numbers, scores = self._model.recommend_by_id(user, *selection)
            return self._item_ids(numbers), scores
        threads = _arrays.whole_number(
            "n_threads", self.n_threads if n_threads is None else n_threads, 0, 1024
        )
        if user_items is not None:
            return self._recommend_with(user, user_items, selection, threads, progress)
        if _arrays.is_matrix(user):
            return self._recommend_rows(user, selection, threads, progress)
        return self._recommend_many(user, selection, threads, progress)

    def _recommend_with(
        self, user: Any, user_items: Any, selection: _Selection, threads: int, progress: Progress
    ) -> Listed:
        """From given histories; only how many users there are says anything."""
        is_one = _arrays.is_number(user) or isinstance(user, str)
        n_users = 1 if is_one else len(user)
        n_rows = user_items.shape[0] if len(user_items.shape) > 1 else 1
        if n_rows != n_users:
            raise InvalidArgumentError(
                f"user_items must have a row for each of {n_users} users, not {n_rows} rows"
            )
        ids, scores = self._recommend_rows(user_items, selection, threads, progress, many=not is_one)
        if isinstance(user, str) or (not is_one and n_users > 0 and isinstance(user[0], str)):
            return self._item_ids(ids), scores
        return ids, scores

    def _recommend_rows(
        self,
        matrix: Any,
        selection: _Selection,
        threads: int,
        progress: Progress,
        many: bool | None = None,
    ) -> Listed:
        rows = _arrays.rows("user_items", matrix)
        ids, scores = _room(rows.n_rows, selection[0])
        with told(progress) as callback:
            self._model.recommend_rows(
                *rows, *selection, ids.reshape(-1), scores.reshape(-1), threads, callback
            )
        is_many = rows.n_rows != 1 if many is None else many
        return (ids, scores) if is_many else _only(ids, scores)

    def _recommend_many(
        self, users: Any, selection: _Selection, threads: int, progress: Progress
    ) -> Listed:
        if len(users) > 0 and isinstance(users[0], str):
            return self._recommend_ids(users, selection)
        numbers = _arrays.numbers("user", users)
        ids, scores = _room(len(numbers), selection[0])
        with told(progress) as callback:
            self._model.recommend_many(
                numbers, *selection, ids.reshape(-1), scores.reshape(-1), threads, callback
            )
        return ids, scores

    def _recommend_ids(self, users: Sequence[str], selection: _Selection) -> Listed:
        ids, scores = _room(len(users), selection[0])
        for row, user in enumerate(users):
            numbers, found = self._model.recommend_by_id(user, *selection)
            ids[row, : len(numbers)] = numbers
            scores[row, : len(numbers)] = found
            ids[row, len(numbers) :] = NO_ITEM
            scores[row, len(numbers) :] = np.finfo(np.float32).min
        return self._item_ids(ids), scores

    def similar_items(self, item: Any, N: int | None = None, *, k: int = 10) -> Listed:
        """The items most like `item`, a number or an id, without itself; a row each for many."""
        how_many = _arrays.whole_number("k", k if N is None else N, 1, 2**63 - 1)
        if isinstance(item, str):
            number = _arrays.known_number("item", self.ratings.find_item(item), item)
            numbers, scores = self._model.similar_items(number, how_many)
            return self._item_ids(numbers), scores
        if _arrays.is_number(item):
            return self._model.similar_items(_arrays.whole_number("item", item, 0), how_many)
        lists = [self._model.similar_items(int(i), how_many) for i in _arrays.numbers("item", item)]
        return _stacked(lists, min(how_many, max(self.ratings.n_items - 1, 1)))

    def similar_users(
        self, user: Any, N: int | None = None, *, k: int = 10, progress: Progress = None
    ) -> Listed:
        """The users whose vectors are most like that of `user`, a number or an id."""
        how_many = _arrays.whole_number("k", k if N is None else N, 1, 2**63 - 1)
        with told(progress) as callback:
            if isinstance(user, str):
                number = _arrays.known_number("user", self.ratings.find_user(user), user)
                numbers, scores = self._model.similar_users(number, how_many, callback)
                return np.array([self.ratings.user(int(n)) for n in numbers], dtype=object), scores
            number = _arrays.whole_number("user", user, 0)
            return self._model.similar_users(number, how_many, callback)

    def predict(self, user: Any, items: Any) -> npt.NDArray[np.float32]:
        """The ratings that a user would give items, by numbers or ids.

        Refused by models that order items and predict no ratings: all but BiasedMf.
        """
        if isinstance(user, str):
            user = _arrays.known_number("user", self.ratings.find_user(user), user)
        number = _arrays.whole_number("user", user, 0)
        if isinstance(items, str) or _arrays.is_number(items):
            items = [items]
        if len(items) > 0 and isinstance(items[0], str):
            items = [_arrays.known_number("item", self.ratings.find_item(i), i) for i in items]
        return self._model.predict(number, _arrays.numbers("items", items))

    def _item_ids(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        item = self.ratings.item
        ids = [item(n) if n != NO_ITEM else "" for n in numbers.ravel().tolist()]
        return np.array(ids, dtype=object).reshape(numbers.shape)

    # --- vectors

    @property
    def item_factors(self) -> npt.NDArray[np.float32]:
        """A row an item, read-only and without a copy: the model's own."""
        return self._vectors(self._model.item_vectors())

    @property
    def user_factors(self) -> npt.NDArray[np.float32]:
        """A row a user, likewise; made of histories when first asked for."""
        return self._vectors(self._model.user_vectors(self.n_threads, None))

    def _vectors(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if vectors.shape[1] == 0:
            raise AttributeError(f"{self.fitted_model} has no vectors of users and items")
        return vectors

    # --- files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file, which the program and other bindings read too."""
        self._model.save(os.fspath(path))

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """Reads a model file of this class's model; coseno.load() reads any."""
        name = os.fspath(path)
        if not os.path.exists(name):
            raise MissingFileError(f"{name}: there is no such file")
        model = _coseno.Model.load(name)
        if cls.model_name not in (model.name, "auto"):
            raise InvalidArgumentError(f"{name}: holds {model.name}, not {cls.model_name}")
        return cls._of(model)

    @classmethod
    def _of(cls: type[Self], model: _coseno.Model) -> Self:
        recommender = cls()
        parameters: dict[str, Any] = {"seed": model.seed}
        for name, text in model.settings.items():
            parameters[name.replace(".", "__")] = _value(text, cls._defaults.get(name))
        if cls.model_name == model.name:
            recommender.set_params(**parameters)
        recommender._fitted = model
        return recommender

    def __getstate__(self) -> dict[str, Any]:
        return {
            "parameters": self.get_params(),
            "model": None if self._fitted is None else self._fitted.to_bytes(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).__init__(self, **state["parameters"])
        if state["model"] is not None:
            self._fitted = _coseno.Model.from_bytes(state["model"])

    # --- as scikit-learn has it

    @classmethod
    def _parameter_names(cls) -> list[str]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self: Self, **parameters: Any) -> Self:
        """Sets parameters; a model that was fitted stays so until the next fit()."""
        known = self._parameter_names()
        for name, value in parameters.items():
            if name not in known:
                raise InvalidArgumentError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def score(self, user_items: Any, y: Any = None) -> float:
        """NDCG@10 of what is held out of each row; see coseno.make_scorer()."""
        from ._evaluation import make_scorer

        return make_scorer()(self, user_items)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(sparse=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != self._default_of(name)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    @classmethod
    def _default_of(cls, name: str) -> Any:
        parameter = inspect.signature(cls.__init__).parameters.get(name)
        return None if parameter is None else parameter.default


class PartsRecommender(Recommender):
    """A model of models, whose own options may be set: ials__dim=64 is dim of ials."""

    def _set_options(self, options: dict[str, Any]) -> None:
        for name in options:
            if "__" not in name:
                raise TypeError(f"{type(self).__name__} has no parameter {name!r}")
        self._options = dict(options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {**super().get_params(deep), **self._options}

    def set_params(self: Parts, **parameters: Any) -> Parts:
        own = {name: value for name, value in parameters.items() if "__" not in name}
        self._set_options({**self._options, **{n: v for n, v in parameters.items() if n not in own}})
        return super().set_params(**own)


def _text(name: str, value: Any) -> str:
    """A parameter as the library reads it."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, str):
        return value
    raise TypeError(f"{name} must be a number or a text, not {value!r}")


def _value(text: str, default: Any) -> Any:
    """The other way; the default tells the type."""
    if isinstance(default, bool):
        return text == "true"
    for kind in (int, float):
        if isinstance(default, kind) or default is None:
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def is_by_cosine(by: str) -> bool:
    if by not in ("score", "cosine"):
        raise InvalidArgumentError(f"by must be score or cosine, not {by!r}")
    return by == "cosine"


def _allowed(items: Any) -> npt.NDArray[np.uint32] | None:
    allowed = _arrays.optional_numbers("items", items)
    if allowed is not None and allowed.size == 0:
        raise InvalidArgumentError("items must not be empty: no item could be in the list")
    return allowed


def _room(n: int, k: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    return np.empty((n, k), np.int32), np.empty((n, k), np.float32)


def _only(ids: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]) -> Listed:
    n = int(np.count_nonzero(ids[0] != NO_ITEM))
    return ids[0, :n], scores[0, :n]


def _stacked(lists: Iterable[Listed], k: int) -> Listed:
    found = list(lists)
    ids, scores = _room(len(found), k)
    ids.fill(NO_ITEM)
    scores.fill(np.finfo(np.float32).min)
    for row, (numbers, of_numbers) in enumerate(found):
        ids[row, : len(numbers)] = numbers
        scores[row, : len(numbers)] = of_numbers
    return ids, scores
