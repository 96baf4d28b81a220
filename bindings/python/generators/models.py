#!/usr/bin/env python3
"""Writes coseno/_models.py: a class for each model of the library, with its options as parameters.

    PYTHONPATH=build/python bindings/python/generators/models.py [--check]

Run it when a model or an option has changed. --check writes nothing and fails where it would; a
test runs that.
"""

import pathlib
import sys

from coseno import _coseno

TARGET = pathlib.Path(__file__).parent.parent / "coseno" / "_models.py"

HEAD = '''"""The models, one a class. Written by generators/models.py from what the library says of them."""

from __future__ import annotations

from typing import Any, Literal

from ._recommender import Recommender

'''

COMMON = [
    ("seed", "int", "1", "of everything random; the same seed gives the same model"),
    ("n_threads", "int", "0", "0: one a core; the result does not depend on it"),
]


def class_name(model):
    if model == "rp3beta":
        return "Rp3Beta"
    return "".join(word.capitalize() for word in model.split("_"))


def kind_of(option):
    """Type and default, as Python writes them."""
    if option.range == "true or false":
        return "bool", option.default_value.capitalize()
    if option.is_whole:
        return "int", option.default_value
    try:
        return "float", repr(float(option.default_value))
    except ValueError:
        pass
    quoted = f'"{option.default_value}"'
    choices = option.range.replace(" or ", ", ").split(", ")
    if len(choices) < 2:
        return "str", quoted
    return f"Literal[{', '.join(repr(c) for c in choices)}]".replace("'", '"'), quoted


def wrapped(text, indent):
    import textwrap

    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent + "    ")


def class_text(model):
    options = [(o.name, *kind_of(o), o.help) for o in model.options] + COMMON
    lines = ["", f"class {class_name(model.name)}(Recommender):", f'    """{model.summary.capitalize()}.', ""]
    for option in model.options:
        told = f"{option.name}: {option.help}"
        lines.append(wrapped(f"{told} ({option.range})", "    "))
    for name, _, _, told in COMMON:
        lines.append(wrapped(f"{name}: {told}", "    "))
    has_parts = model.name == "blend"
    if has_parts:
        lines.append("    An option of one of the models is named with two underscores: ials__dim=64")
    lines += ['    """', "", f'    model_name = "{model.name}"']
    lines += ["    _defaults = {"]
    lines += [f'        "{name}": {default},' for name, _, default, _ in options[: -len(COMMON)]]
    lines += ["    }", "", "    def __init__(", "        self,", "        *,"]
    lines += [f"        {name}: {kind} = {default}," for name, kind, default, _ in options]
    if has_parts:
        lines.append("        **options: Any,")
    lines += ["    ) -> None:", "        super().__init__()"]
    lines += [f"        self.{name} = {name}" for name, *_ in options]
    if has_parts:
        lines.append("        self._set_options(options)")
    lines.append("")
    return "\n".join(lines)


def text():
    models = _coseno.models()
    names = [class_name(model.name) for model in models]
    parts = [HEAD.replace("import Recommender", "import PartsRecommender, Recommender")]
    for model in models:
        part = class_text(model)
        parts.append(part.replace("(Recommender)", "(PartsRecommender)") if model.name == "blend" else part)
    exported = "".join(f'    "{name}",\n' for name in sorted(names))
    parts.append(f"\n\n__all__ = [\n{exported}]\n")
    by_name = "".join(f'    "{m.name}": {class_name(m.name)},\n' for m in models)
    parts.append(f"\nBY_NAME: dict[str, type[Recommender]] = {{\n{by_name}}}\n")
    return "\n".join(parts).replace("\n\n\n\n", "\n\n\n")


def main():
    made = text()
    if "--check" in sys.argv:
        if TARGET.read_text(encoding="utf-8") == made:
            return 0
        print("coseno/_models.py is not what generators/models.py writes: run it")
        return 1
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
