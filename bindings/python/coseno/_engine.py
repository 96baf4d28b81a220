"""The engine: an event is durable, and the next answer reflects it."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from . import _arrays, _coseno
from ._coseno import (
    Acknowledged,
    EngineStats,
    EventType,
    FolderContents,
    LoggedEvent,
    PastEvent,
    Recommendations,
    ShownList,
    SimilarUser,
    SnapshotInfo,
    TrainReport,
)
from ._errors import InvalidArgumentError, MissingFileError, NotFoundError
from ._progress import Progress, told
from ._recommender import Recommender

#: Unix milliseconds, or a time with a zone.
Time: TypeAlias = int | datetime.datetime | None
#: A filter of docs/filters.md: its JSON as a text or an object.
Filter: TypeAlias = str | Mapping[str, Any] | None

_EVENTS_AT_ONCE = 1000
_RECORDS_AT_ONCE = 1000
_MOST_K = 2**63 - 1


class Engine:
    """A data folder that is open: what the program and the server work on, in this process.

        with Engine.open("data") as engine:
            engine.observe(user="ann", item="tea")
            engine.recommend("ann").items

    Every function may be called from any thread, and lets others run meanwhile. One engine at a
    time writes a folder; open_beside() reads it meanwhile.
    """

    def __init__(self, engine: _coseno.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        *,
        durability: str = "interval",
        create: bool = True,
        history_length: int = 500,
        trending_half_life_days: float = 7,
        covisitation_width: int = 48,
        graph_items: int = 100_000,
        shown_days: int = 90,
        n_threads: int = 0,
        seed: int = 1,
    ) -> Engine:
        """Opens a data folder for writing, or makes one; include/coseno/engine.h tells the options.

        Raises ConflictError where another engine has it.
        """
        return cls._open(
            folder,
            False,
            durability,
            create,
            history_length,
            trending_half_life_days,
            covisitation_width,
            graph_items,
            shown_days,
            n_threads,
            seed,
        )

    @classmethod
    def open_beside(
        cls,
        folder: str | os.PathLike[str],
        *,
        history_length: int = 500,
        trending_half_life_days: float = 7,
        covisitation_width: int = 48,
        graph_items: int = 100_000,
        n_threads: int = 0,
        seed: int = 1,
    ) -> Engine:
        """Opens it for reading, beside an engine that writes; refresh() takes up what came since."""
        return cls._open(
            folder,
            True,
            "interval",
            False,
            history_length,
            trending_half_life_days,
            covisitation_width,
            graph_items,
            90,
            n_threads,
            seed,
        )

    @classmethod
    def _open(cls, folder: str | os.PathLike[str], beside: bool, *options: Any) -> Engine:
        durability, create, history_length, half_life, width, graph, days, threads, seed = options
        try:
            return cls(
                _coseno.Engine.open(
                    os.fspath(folder),
                    beside,
                    durability,
                    create,
                    _arrays.whole_number("history_length", history_length, 0),
                    half_life,
                    _arrays.whole_number("covisitation_width", width, 0),
                    _arrays.whole_number("graph_items", graph, 0),
                    _arrays.whole_number("shown_days", days, 0),
                    _arrays.whole_number("n_threads", threads, 0, 1024),
                    _arrays.whole_number("seed", seed, 0, 2**64 - 1),
                )
            )
        except NotFoundError as error:
            raise MissingFileError(str(error)) from None

    def close(self) -> None:
        """Syncs and lets the folder go; calling it again does nothing."""
        if not self._engine.closed:
            self._engine.close()

    @property
    def closed(self) -> bool:
        return self._engine.closed

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Engine(closed)" if self.closed else f"Engine({self.folder!r})"

    # --- events

    def observe(
        self,
        events: Iterable[Mapping[str, Any]] | None = None,
        /,
        *,
        user: str | None = None,
        item: str | None = None,
        type: str = "view",
        value: float = 1,
        time_ms: Time = None,
        id: str = "",
    ) -> Acknowledged:
        """Stores an event, or many given as dicts; every later answer reflects them.

        Many are taken whole or not at all.
        """
        if events is not None:
            if user is not None or item is not None:
                raise TypeError("observe takes events, or one user and item")
            return self._engine.observe_many([_event(event) for event in events])
        if user is None or item is None:
            raise TypeError("observe needs user and item")
        return self._engine.observe(user, item, type, value, _time_ms(time_ms), id)

    def retract(self, event_id: str) -> Acknowledged:
        """Takes back the event with that id."""
        return self._engine.retract(event_id)

    def events(self, start: int = 0) -> Iterator[LoggedEvent]:
        """The events of the log from a position on, oldest first."""
        start = _arrays.whole_number("start", start, 0, _MOST_K)
        while page := self._engine.events(start, _EVENTS_AT_ONCE):
            yield from page
            start = page[-1].position + 1

    def history(self, user: str) -> list[PastEvent]:
        """What is known of the user's events, oldest first."""
        return self._engine.history(user)

    def event_types(self) -> dict[str, EventType]:
        """What events of each type mean."""
        return self._engine.event_types()

    def set_event_types(self, types: Mapping[str, EventType]) -> None:
        self._engine.set_event_types(dict(types))

    # --- lists

    def recommend(
        self,
        user: str = "",
        k: int = 10,
        *,
        filter: Filter = None,
        exclude: Sequence[str] = (),
        pinned: Sequence[str] = (),
        boosts: Iterable[tuple[Filter, float]] = (),
        caps: Mapping[str, int] | Iterable[tuple[str, int]] = (),
        diversity: float = 0,
        calibrate: str = "",
        exploration: float = 0,
        seed: int = 1,
        log_shown: bool = False,
        include_seen: bool = False,
        explain: bool = False,
        history: Iterable[Mapping[str, Any]] | None = None,
        min_position: int = 0,
    ) -> Recommendations:
        """The best items for a user, or for a history that is given; docs/engine.md has the rest."""
        pairs = caps.items() if isinstance(caps, Mapping) else caps
        return self._engine.recommend(
            user,
            _arrays.whole_number("k", k, 0, _MOST_K),
            _filter(filter),
            _ids("exclude", exclude),
            _ids("pinned", pinned),
            [(_filter(of), amount) for of, amount in boosts],
            [(name, _arrays.whole_number("caps", most, 0, _MOST_K)) for name, most in pairs],
            diversity,
            calibrate,
            exploration,
            _arrays.whole_number("seed", seed, 0, 2**64 - 1),
            log_shown,
            include_seen,
            explain,
            None if history is None else [_act(act) for act in history],
            _arrays.whole_number("min_position", min_position, 0, 2**64 - 1),
        )

    def similar(self, item: str, k: int = 10, *, filter: Filter = None) -> Recommendations:
        """Items that are chosen with, or are like, an item."""
        return self._engine.similar(item, _arrays.whole_number("k", k, 0, _MOST_K), _filter(filter))

    def trending(self, k: int = 10, *, filter: Filter = None) -> Recommendations:
        return self._engine.trending(_arrays.whole_number("k", k, 0, _MOST_K), _filter(filter))

    def similar_users(self, user: str, k: int = 10) -> list[SimilarUser]:
        """The users who have had what the user has had."""
        return self._engine.similar_users(user, _arrays.whole_number("k", k, 0, _MOST_K))

    def shown_lists(self, start: Time = None, limit: int | None = None) -> list[ShownList]:
        """Lists that were shown (recommend(log_shown=True)) from a time on, oldest first."""
        most = None if limit is None else _arrays.whole_number("limit", limit, 0, _MOST_K)
        return self._engine.shown_lists(_time_ms(start), most)

    # --- items and users

    def put_item(self, item: str, properties: Mapping[str, Any] | None = None, /, **more: Any) -> int:
        """Sets all properties of an item, and makes it where it is not there; returns the position.

        available=False takes it out of every list.
        """
        return self._engine.put_item(item, _json(properties, more))

    def put_items(self, items: Mapping[str, Mapping[str, Any]]) -> int:
        """Sets all properties of many items, by id: all of them or none, 100,000 at most."""
        return self._engine.put_items([(id, _json(of, {})) for id, of in items.items()])

    def patch_item(
        self, item: str, properties: Mapping[str, Any] | None = None, /, **more: Any
    ) -> int:
        """Sets some properties; None removes one."""
        return self._engine.patch_item(item, _json(properties, more))

    def delete_item(self, item: str) -> int:
        return self._engine.delete_item(item)

    def item(self, item: str) -> dict[str, Any] | None:
        """The properties, or None where there is no such item."""
        return _object(self._engine.item(item))

    def items(
        self, *, filter: Filter = None, text: str = ""
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Items and their properties, in the order in which they came."""
        after = 0
        while True:
            page, after = self._engine.items(_filter(filter), text, after, _RECORDS_AT_ONCE)
            for id, properties in page:
                yield id, json.loads(properties)
            if after == 0:
                return

    def put_user(self, user: str, properties: Mapping[str, Any] | None = None, /, **more: Any) -> int:
        return self._engine.put_user(user, _json(properties, more))

    def put_users(self, users: Mapping[str, Mapping[str, Any]]) -> int:
        return self._engine.put_users([(id, _json(of, {})) for id, of in users.items()])

    def patch_user(
        self, user: str, properties: Mapping[str, Any] | None = None, /, **more: Any
    ) -> int:
        return self._engine.patch_user(user, _json(properties, more))

    def user(self, user: str) -> dict[str, Any] | None:
        return _object(self._engine.user(user))

    def users(self) -> Iterator[tuple[str, dict[str, Any]]]:
        after = 0
        while True:
            page, after = self._engine.users(after, _RECORDS_AT_ONCE)
            for id, properties in page:
                yield id, json.loads(properties)
            if after == 0:
                return

    def erase_user(self, user: str) -> int:
        """A person's events, history and properties are gone from every answer; compact() takes them
        from disk."""
        return self._engine.erase_user(user)

    # --- training

    def train(
        self,
        model: str | Recommender = "auto",
        *,
        settings: Mapping[str, Any] | None = None,
        seconds: float = 30,
        progress: Progress = None,
    ) -> TrainReport:
        """Fits to the log and puts in service what is not worse; others go on meanwhile.

        `model`: a name, or a model with parameters, such as Ials(dim=64).
        """
        name = model if isinstance(model, str) else model.model_name
        texts = {} if isinstance(model, str) else model._settings()
        texts.update({key: _setting(value) for key, value in (settings or {}).items()})
        with told(progress) as callback:
            return self._engine.train(name, texts, seconds, callback)

    def publish_vectors(
        self,
        items: Sequence[str],
        item_vectors: Any,
        *,
        item_biases: Any = None,
        users: Sequence[str] = (),
        user_vectors: Any = None,
        name: str = "vectors",
        settings: Mapping[str, Any] | None = None,
        position: int | None = None,
        force: bool = False,
        progress: Progress = None,
    ) -> TrainReport:
        """Puts vectors in service that were trained elsewhere: a row an item, and a row a user where
        there are any. include/coseno/engine.h tells the rest.
        """
        of_items = _matrix("item_vectors", item_vectors)
        dim = of_items.shape[1]
        of_users = np.zeros((0, dim)) if user_vectors is None else user_vectors
        with told(progress) as callback:
            return self._engine.publish_vectors(
                _ids("items", items),
                of_items.reshape(-1),
                dim,
                None if item_biases is None else _arrays.float32s("item_biases", item_biases),
                _ids("users", users),
                _matrix("user_vectors", of_users).reshape(-1),
                name,
                {key: _setting(value) for key, value in (settings or {}).items()},
                None if position is None else _arrays.whole_number("position", position, 0, 2**63),
                force,
                callback,
            )

    def snapshots(self) -> list[SnapshotInfo]:
        """Trained models that the folder has, newest first."""
        return self._engine.snapshots()

    def refresh(self) -> None:
        """Of an engine beside: takes up what the writer has stored since."""
        self._engine.refresh()

    # --- the folder

    @property
    def folder(self) -> str:
        return self._engine.folder

    @property
    def position(self) -> int:
        """Every event up to here is in the next answer."""
        return self._engine.position

    def note(self, name: str) -> str | None:
        """A small text that a program keeps with the data; None where there is none."""
        return self._engine.note(name)

    def set_note(self, name: str, text: str) -> None:
        self._engine.set_note(name, text)

    def stats(self) -> EngineStats:
        return self._engine.stats()

    def compact(self, *, progress: Progress = None) -> None:
        """Drops from disk what was erased; others wait meanwhile."""
        with told(progress) as callback:
            self._engine.compact(callback)

    def back_up(self, target: str | os.PathLike[str], *, progress: Progress = None) -> None:
        """Copies to a folder that is missing, empty, or an earlier backup, which is brought up to
        date."""
        with told(progress) as callback:
            self._engine.back_up(os.fspath(target), callback)

    @staticmethod
    def restore(
        backup: str | os.PathLike[str],
        folder: str | os.PathLike[str],
        *,
        progress: Progress = None,
    ) -> None:
        """Makes a data folder from a backup."""
        with told(progress) as callback:
            _of_files(_coseno.Engine.restore, os.fspath(backup), os.fspath(folder), callback)

    @staticmethod
    def verify(
        folder: str | os.PathLike[str], *, progress: Progress = None
    ) -> FolderContents:
        """Reads every byte of a data folder; raises CorruptError with the first fault."""
        with told(progress) as callback:
            contents: FolderContents = _of_files(
                _coseno.Engine.verify, os.fspath(folder), callback
            )
            return contents


def _of_files(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except NotFoundError as error:
        raise MissingFileError(str(error)) from None


def _time_ms(time: Time) -> int | None:
    if isinstance(time, datetime.datetime):
        if time.tzinfo is None:
            raise ValueError("a time needs a zone: datetime.timezone.utc, say")
        since = time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return since // datetime.timedelta(milliseconds=1)
    if time is None:
        return None
    return _arrays.whole_number("time_ms", time, -(2**63), 2**63 - 1)


_EVENT_FIELDS = {"user", "item", "type", "value", "time_ms", "id"}


def _known(fields: Mapping[str, Any], known: set[str]) -> None:
    for name in fields:
        if name not in known:
            raise TypeError(f"there is no field {name!r}; there are {', '.join(sorted(known))}")


def _event(event: Mapping[str, Any]) -> tuple[str, str, str, float, int | None, str]:
    _known(event, _EVENT_FIELDS)
    if "user" not in event or "item" not in event:
        raise TypeError(f"an event needs user and item: {dict(event)!r}")
    return (
        event["user"],
        event["item"],
        event.get("type", "view"),
        event.get("value", 1),
        _time_ms(event.get("time_ms")),
        event.get("id", ""),
    )


def _act(act: Mapping[str, Any]) -> tuple[str, str, float, int | None]:
    _known(act, _EVENT_FIELDS - {"user", "id"})
    if "item" not in act:
        raise TypeError(f"an act of a history needs item: {dict(act)!r}")
    return act["item"], act.get("type", "view"), act.get("value", 1), _time_ms(act.get("time_ms"))


def _ids(name: str, ids: Sequence[str]) -> list[str]:
    if isinstance(ids, str):
        raise TypeError(f"{name} must be a list of items, not one text")
    return list(ids)


def _matrix(name: str, matrix: Any) -> npt.NDArray[np.float32]:
    rows = _arrays.float32s(name, matrix)
    if rows.ndim != 2:
        raise InvalidArgumentError(f"{name} must have two dimensions, not {rows.ndim}")
    return rows


def _filter(filter: Filter) -> str:
    if filter is None:
        return ""
    return filter if isinstance(filter, str) else json.dumps(filter)


def _json(properties: Mapping[str, Any] | None, more: Mapping[str, Any]) -> str:
    return json.dumps({**(properties or {}), **more}, allow_nan=False)


def _object(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def _setting(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
