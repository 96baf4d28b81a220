"""The README's first lines run as they stand there."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

README = pathlib.Path(__file__).parents[1] / "README.md"


def first_program():
    return re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL).group(1)


class TenLinesTest(unittest.TestCase):
    def test_they_run(self):
        program = first_program()
        lines = [line for line in program.splitlines() if line.strip()]
        self.assertLessEqual(len(lines), 10)
        with tempfile.TemporaryDirectory() as folder:
            ran = subprocess.run(
                [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
            )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("jam", ran.stdout)


if __name__ == "__main__":
    unittest.main()
