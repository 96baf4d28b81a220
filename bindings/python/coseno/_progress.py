"""How long work goes: a function of the caller's, or a bar of tqdm."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

Callback: TypeAlias = Callable[[str, float], object]
#: True shows a bar of tqdm; a function is called with the stage and the share that is done, at most
#: twenty times a second, and stops the work by returning False.
Progress: TypeAlias = bool | Callback | None


@contextlib.contextmanager
def told(progress: Progress) -> Iterator[Callback | None]:
    """What the module calls; a bar is closed at the end."""
    if progress is True:
        with _bar() as callback:
            yield callback
    elif callable(progress):
        yield progress
    elif progress is None or progress is False:
        yield None
    else:
        raise TypeError(f"progress must be True or a function, not {progress!r}")


@contextlib.contextmanager
def _bar() -> Iterator[Callback]:
    from tqdm.auto import tqdm

    with tqdm(total=1.0, bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def show(stage: str, share: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.n = share
            bar.refresh()

        yield show
