"""coseno: a recommender engine whose answer changes the moment a user acts.

Models on sparse matrices, in the manners of implicit and scikit-learn:

    model = coseno.Ials(dim=64).fit(user_items)
    ids, scores = model.recommend(user_items[0], k=10)

and the engine, on the data folder that the server and the program use:

    engine = coseno.Engine.open("data")
    engine.observe(user="ann", item="tea")
"""

from ._coseno import (
    Acknowledged,
    EngineStats,
    EventType,
    FolderContents,
    LoggedEvent,
    ModelDescription,
    ModelOption,
    PastEvent,
    Ratings,
    Reason,
    RecommendedItem,
    Recommendations,
    ShownList,
    SimilarUser,
    SnapshotInfo,
    Source,
    TrainReport,
    default_event_types,
    models,
)
from ._engine import Engine
from ._errors import (
    CancelledError,
    ClosedError,
    ConflictError,
    CorruptError,
    CosenoError,
    InternalError,
    InvalidArgumentError,
    IoError,
    MissingFileError,
    NotFittedError,
    NotFoundError,
    UnavailableError,
)
from ._evaluation import evaluate, make_scorer
from ._load import load
from ._models import *  # noqa: F403
from ._models import __all__ as _model_names
from ._ratings import read_ratings, to_ratings
from ._recommender import NO_ITEM, Recommender

__all__ = [
    "NO_ITEM",
    "Acknowledged",
    "CancelledError",
    "ClosedError",
    "ConflictError",
    "CorruptError",
    "CosenoError",
    "Engine",
    "EngineStats",
    "EventType",
    "FolderContents",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "LoggedEvent",
    "MissingFileError",
    "ModelDescription",
    "ModelOption",
    "NotFittedError",
    "NotFoundError",
    "PastEvent",
    "Ratings",
    "Reason",
    "Recommendations",
    "RecommendedItem",
    "Recommender",
    "ShownList",
    "SimilarUser",
    "SnapshotInfo",
    "Source",
    "TrainReport",
    "UnavailableError",
    "default_event_types",
    "evaluate",
    "load",
    "make_scorer",
    "models",
    "read_ratings",
    "to_ratings",
]
__all__ += _model_names
