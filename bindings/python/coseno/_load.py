"""A model file as the class of its model."""

from __future__ import annotations

import os

from . import _coseno
from ._errors import MissingFileError
from ._models import BY_NAME
from ._recommender import Recommender


def load(path: str | os.PathLike[str]) -> Recommender:
    """Reads a model file that save(), the program or another binding wrote.

    A model that is not fitted here, such as vectors that were published, is a Recommender.
    """
    name = os.fspath(path)
    if not os.path.exists(name):
        raise MissingFileError(f"{name}: there is no such file")
    model = _coseno.Model.load(name)
    return BY_NAME.get(model.name, Recommender)._of(model)
