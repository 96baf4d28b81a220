"""From what people have (SciPy, NumPy, pandas, Polars, numbers) to arrays that the module takes."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._errors import InvalidArgumentError, NotFoundError

_MOST = 2**31 - 1

Int32s = npt.NDArray[np.int32]
UInt32s = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]


def whole_number(name: str, value: Any, least: int, most: int = _MOST) -> int:
    """`value` as an int in its bounds; True is no number."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if not least <= number <= most:
        raise InvalidArgumentError(f"{name} must be in [{least}, {most}], not {number}")
    return number


def is_number(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def numbers(name: str, values: Any) -> UInt32s:
    """Numbers of users or items, in any whole type, layout and byte order."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidArgumentError(f"{name} must have one dimension, not {array.ndim}")
    if array.size == 0:
        return np.zeros(0, np.uint32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, not {array.dtype}")
    least, most = int(array.min()), int(array.max())
    if least < 0 or most > _MOST:
        wrong = least if least < 0 else most
        raise InvalidArgumentError(f"{name} must be in [0, {_MOST}], not {wrong}")
    return np.ascontiguousarray(array, dtype=np.uint32)


def optional_numbers(name: str, values: Any) -> UInt32s | None:
    return None if values is None else numbers(name, values)


class Rows(NamedTuple):
    """Compressed sparse rows, as the module takes them: without a copy where they lie so already."""

    n_rows: int
    n_columns: int
    row_begin: npt.NDArray[np.int64]
    columns: Int32s
    values: Floats


def is_matrix(values: Any) -> bool:
    """A sparse matrix, or a dense one of two dimensions."""
    return is_sparse(values) or (isinstance(values, np.ndarray) and values.ndim == 2)


def is_sparse(values: Any) -> bool:
    return hasattr(values, "tocsr") and hasattr(values, "shape")


def rows(name: str, matrix: Any) -> Rows:
    """Of a sparse matrix or array of SciPy, or of a dense one of NumPy, of which zeros are none."""
    if not is_sparse(matrix):
        return _dense_rows(name, np.asarray(matrix))
    compressed = matrix.tocsr()
    if len(compressed.shape) == 1:
        compressed = compressed.reshape(1, -1).tocsr()
    n_rows, n_columns = (int(length) for length in compressed.shape)
    return Rows(
        n_rows,
        n_columns,
        np.ascontiguousarray(compressed.indptr, dtype=np.int64),
        _columns(name, compressed.indices, n_columns),
        float32s(name, compressed.data),
    )


def _dense_rows(name: str, matrix: npt.NDArray[Any]) -> Rows:
    if matrix.ndim != 2:
        raise InvalidArgumentError(f"{name} must have two dimensions, not {matrix.ndim}")
    if matrix.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, not {matrix.dtype}")
    of_rows, columns = np.nonzero(matrix)
    row_begin = np.zeros(matrix.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(of_rows, minlength=matrix.shape[0]), out=row_begin[1:])
    return Rows(
        matrix.shape[0],
        matrix.shape[1],
        row_begin,
        _columns(name, columns, matrix.shape[1]),
        float32s(name, matrix[of_rows, columns]),
    )


def _columns(name: str, columns: npt.NDArray[Any], n_columns: int) -> Int32s:
    if columns.size > 0:
        least, most = int(columns.min()), int(columns.max())
        if least < 0 or most >= n_columns:
            wrong = least if least < 0 else most
            raise InvalidArgumentError(f"{name} has column {wrong}, where there are {n_columns}")
    return np.ascontiguousarray(columns, dtype=np.int32)


def float32s(name: str, values: Any) -> Floats:
    """Finite numbers; what is larger than a float32 can be is refused, not rounded to infinity."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, not {array.dtype}")
    with np.errstate(over="ignore"):
        floats = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(floats)
    if not finite.all():
        wrong = array.ravel()[int(np.argmin(finite))]
        raise InvalidArgumentError(f"{name} must hold finite float32 numbers, not {wrong}")
    return floats


def known_number(name: str, number: int | None, id: str) -> int:
    if number is None:
        raise NotFoundError(f"there is no {name} {id!r}")
    return number
