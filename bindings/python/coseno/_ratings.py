"""Ratings from files, matrices and frames."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._coseno import Ratings
from ._errors import InvalidArgumentError, MissingFileError, NotFoundError
from ._progress import Progress, told

# Names of columns, in any case, in the order in which they are looked for (docs/formats.md).
_COLUMNS = {
    "user": ("user", "user_id", "userid", "u"),
    "item": ("item", "item_id", "itemid", "i", "movie_id", "movieid", "book_id", "product_id"),
    "value": ("rating", "value", "score", "count", "weight"),
    "time": ("time", "timestamp", "time_s", "unixtime"),
}


def read_ratings(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    repeats: str = "last",
    items: str | os.PathLike[str] | None = None,
    users: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Ratings:
    """Reads a file of ratings or acts, in any format of docs/formats.md, plain, gzip or zstd.

    `repeats`: what counts where a user has an item several times: last, first, sum or max.
    `items`, `users`: files of titles and properties.
    """
    name = os.fspath(path)
    with told(progress) as callback:
        try:
            return Ratings.read(
                name,
                format or "",
                repeats,
                os.fspath(items) if items is not None else "",
                os.fspath(users) if users is not None else "",
                callback,
            )
        except NotFoundError as error:
            raise MissingFileError(str(error)) from None


def to_ratings(user_items: Any, *, repeats: str = "last") -> Ratings:
    """Ratings of what people have.

    A sparse matrix of SciPy or a dense one of NumPy, users in rows, of which zeros are none: users
    and items then are numbers. A frame of pandas or Polars with a column user and a column item,
    and perhaps rating and timestamp (Unix seconds). A mapping {user: {item: rating}}. A path.
    """
    if isinstance(user_items, Ratings):
        return user_items
    if isinstance(user_items, (str, os.PathLike)):
        return read_ratings(user_items, repeats=repeats)
    if isinstance(user_items, Mapping):
        return _of_mapping(user_items, repeats)
    if hasattr(user_items, "columns") and hasattr(user_items, "dtypes"):
        return _of_frame(user_items, repeats)
    found = _arrays.rows("user_items", user_items)
    return Ratings.from_rows(*found)


def _of_mapping(ratings: Mapping[Any, Any], repeats: str) -> Ratings:
    users: list[Any] = []
    items: list[Any] = []
    values: list[Any] = []
    for user, rated in ratings.items():
        if not isinstance(rated, Mapping):
            raise TypeError(f"user {user!r}: must be a mapping of items to ratings, not {rated!r}")
        users.extend([user] * len(rated))
        items.extend(rated)
        values.extend(rated.values())
    return _of_columns(users, items, values, None, repeats)


def _of_frame(frame: Any, repeats: str) -> Ratings:
    by_name = {str(name).lower(): name for name in frame.columns}

    def column(role: str) -> Any | None:
        for known in _COLUMNS[role]:
            if known in by_name:
                return frame[by_name[known]]
        return None

    users, items = column("user"), column("item")
    if users is None or items is None:
        raise InvalidArgumentError(
            f"the frame needs columns user and item; it has {', '.join(map(str, frame.columns))}"
        )
    return _of_columns(users, items, column("value"), column("time"), repeats)


def _of_columns(users: Any, items: Any, values: Any, times: Any, repeats: str) -> Ratings:
    user_ids, user_codes = _coded("user", users)
    item_ids, item_codes = _coded("item", items)
    return Ratings.from_columns(
        user_ids,
        user_codes,
        item_ids,
        item_codes,
        None if values is None else _arrays.float32s("rating", _plain(values)),
        None if times is None else _seconds(_plain(times)),
        repeats,
    )


def _plain(column: Any) -> npt.NDArray[Any]:
    array = column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    if array.dtype == object:
        raise TypeError(f"a column of numbers holds {array.ravel()[0]!r}")
    return np.asarray(array)


def _seconds(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Unix seconds, of whole numbers or of times of NumPy."""
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            raise InvalidArgumentError("a time is missing")
        return np.ascontiguousarray(times.astype("datetime64[s]").astype(np.int64))
    if times.dtype.kind == "f":
        if not np.isfinite(times).all() or np.abs(times).max(initial=0) > 1e15:
            raise InvalidArgumentError("times must be finite Unix seconds")
        times = np.floor(times)
    elif times.dtype.kind not in "iu":
        raise TypeError(f"times must be Unix seconds, not {times.dtype}")
    return np.ascontiguousarray(times, dtype=np.int64)


def _coded(name: str, values: Iterable[Any]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Distinct ids in the order of appearance, and the place of each value's among them."""
    listed = values.to_list() if hasattr(values, "to_list") else list(values)
    places: dict[Any, int] = {}
    codes = np.fromiter(
        (places.setdefault(value, len(places)) for value in listed), np.int64, len(listed)
    )
    return [_id(name, value) for value in places], codes


def _id(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if _arrays.is_number(value):
        return str(int(value))
    raise TypeError(f"a {name} must be a text or a whole number, not {value!r}")
