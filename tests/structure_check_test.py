#!/usr/bin/env python3
"""The structure check finds each kind of breach in a made-up tree, and nothing in a good one."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import structure_check  # noqa: E402

HEADER = "#pragma once\n"

GOOD = {
    "src/base/error.h": HEADER,
    "src/data/ids.h": HEADER + '#include "base/error.h"\n',
    "src/data/ids_test.cc": '#include "data/ids.h"\n\n#include <gtest/gtest.h>\n',
    "src/math/top_k.h": HEADER + "// TODO(#12): blocks\n",
    "src/models/model.h": HEADER + '#include "data/ids.h"\n#include "math/top_k.h"\n',
    "src/cli/script.h.in": HEADER,
    "src/cli/main.cc": '#include "cli/script.h"\n#include "models/model.h"\n',
    "docs/formats.md": "Files go to ~/.cache, `../shared/data` or https://example.org/home/page.\n",
    "build/src/common/made.h": "",
}


class StructureCheckTest(unittest.TestCase):
    def check(self, files):
        """The breaches of a tree of these files, as 'path:line: sentence'."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return [f"{path}:{line}: {text}" for path, line, text in structure_check.breaches(root)]

    def check_with(self, path, text):
        return self.check({**GOOD, path: text})

    def test_good_tree_is_clean(self):
        self.assertEqual(self.check(GOOD), [])

    def test_include_of_a_room_above_is_refused(self):
        self.assertEqual(
            self.check_with("src/data/bad.h", HEADER + '#include "models/model.h"\n'),
            ['src/data/bad.h:2: "models/model.h": room models is above data'],
        )

    def test_include_of_a_room_beside_is_refused(self):
        self.assertEqual(
            self.check_with("src/data/bad.cc", '#include "math/top_k.h"\n'),
            ['src/data/bad.cc:1: "math/top_k.h": room math is beside data'],
        )

    def test_public_headers_belong_to_the_room_of_their_name(self):
        public = {"include/coseno/engine.h": HEADER, "include/coseno/error.h": HEADER}
        low = {"src/data/x.h": HEADER + '#include "coseno/error.h"\n'}
        self.assertEqual(self.check({**GOOD, **public, **low}), [])
        high = {"src/data/x.h": HEADER + '#include "coseno/engine.h"\n'}
        self.assertEqual(
            self.check({**GOOD, **public, **high}),
            ['src/data/x.h:2: "coseno/engine.h": room engine is above data'],
        )

    def test_tests_obey_the_order_too(self):
        self.assertEqual(len(self.check_with("src/base/x_test.cc", '#include "data/ids.h"\n')), 1)

    def test_include_without_its_room_is_refused(self):
        found = self.check_with("src/data/bad.cc", '#include "ids.h"\n')
        self.assertEqual(len(found), 1)
        self.assertIn('"ids.h" is not a file of src/', found[0])

    def test_header_needs_pragma_once(self):
        self.assertEqual(
            self.check_with("src/base/bad.h", "// #pragma once\n"),
            ["src/base/bad.h:1: header without #pragma once"],
        )

    def test_unknown_room_is_refused(self):
        self.assertEqual(
            self.check_with("src/magic/wand.h", HEADER),
            ["src/magic/wand.h:1: 'magic' is not a room of the design"],
        )

    def test_folder_name_without_meaning_is_refused(self):
        for name in ("utils", "common", "helpers", "misc"):
            self.assertEqual(
                self.check_with(f"bench/{name}/timer.h", HEADER),
                [f"bench/{name}/timer.h:1: folder '{name}' says nothing of what is in it"],
            )

    def test_code_outside_a_room_is_refused(self):
        self.assertEqual(
            self.check_with("src/main.cc", ""), ["src/main.cc:1: code in src/ belongs in a room"]
        )

    def test_file_names_are_snake_case(self):
        for name in ("TopK.cc", "top-k.h", "top__k.cc", "_top.h"):
            self.assertEqual(
                self.check_with(f"src/math/{name}", HEADER),
                [f"src/math/{name}:1: file name '{name}' is not snake_case"],
            )

    def test_a_type_is_defined_once(self):
        one = "namespace coseno {\n\nclass One : public Two {\n};\n\n}  // namespace coseno\n"
        self.assertEqual(
            self.check({**GOOD, "src/data/one.h": HEADER + one, "src/math/other.cc": one}),
            ["src/math/other.cc:3: coseno::One is defined in src/data/one.h too"],
        )
        for apart in (
            "namespace coseno::cli {\n\nclass One {};\n\n}  // namespace coseno::cli\n",
            "namespace coseno {\nnamespace {\n\nstruct One {\n};\n\n}  // namespace\n}  // namespace coseno\n",
            "namespace coseno {\n\nclass One;\nclass One::Part {};\n\n}  // namespace coseno\n",
        ):
            files = {**GOOD, "src/data/one.h": HEADER + one, "src/math/other.cc": apart}
            self.assertEqual(self.check(files), [])

    def test_todo_needs_an_issue(self):
        for todo in ("TODO: faster", "TODO(ann): faster", "TODO #12"):
            self.assertEqual(
                self.check_with("src/math/slow.cc", f"\n// {todo}\n"),
                ["src/math/slow.cc:2: TODO without an issue number: TODO(#12)"],
            )

    def test_path_of_one_machine_is_refused(self):
        for path in ("/home/ann/data", "/root/x", "/Users/ann", "/tmp/run.log"):
            self.assertEqual(
                self.check_with("docs/bad.md", f"Run it on `{path}`.\n"),
                ["docs/bad.md:1: path of one machine"],
            )

    def test_program_exits_1_with_a_line_a_breach(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src", "misc"))
            with open(os.path.join(root, "src", "misc", "a.h"), "w", encoding="utf-8") as file:
                file.write(HEADER)
            run = subprocess.run(
                [sys.executable, structure_check.__file__, root],
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(run.stdout.splitlines()), 2)  # not a room, and no noun


if __name__ == "__main__":
    unittest.main()
