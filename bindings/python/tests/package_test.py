"""The package: typed, its generated files as they would be generated now, pins alike."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import coseno

ROOT = pathlib.Path(__file__).parents[1]
TOP = ROOT.parents[1]

TYPED_PROGRAM = '''
import numpy as np
import numpy.typing as npt
import coseno

model = coseno.Ials(dim=4).fit({"ann": {"tea": 1.0}})
reveal_type(model)
scores: npt.NDArray[np.float32] = model.recommend("ann", k=3)[1]
with coseno.Engine.open("data") as engine:
    position: int = engine.observe(user="ann", item="tea").position
    names: list[str] = [one.item for one in engine.recommend("ann").items]
coseno.Ials(dims=4)
'''


def mypy(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )


class TypesTest(unittest.TestCase):
    def test_the_package_is_clean_and_users_see_its_types(self):
        with tempfile.TemporaryDirectory() as folder:
            cache = ["--cache-dir", folder + "/cache"]
            ran = mypy(*cache, ROOT / "coseno")
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            program = pathlib.Path(folder) / "program.py"
            program.write_text(TYPED_PROGRAM, encoding="utf-8")
            told = mypy(*cache, program).stdout
        self.assertIn('Revealed type is "coseno._models.Ials"', told)
        self.assertIn('Unexpected keyword argument "dims"', told)
        self.assertIn("Found 1 error", told)


class GeneratedTest(unittest.TestCase):
    def test_models_are_those_of_the_library(self):
        ran = subprocess.run(
            [sys.executable, ROOT / "generators" / "models.py", "--check"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_stubs_are_those_of_the_module(self):
        with tempfile.TemporaryDirectory() as folder:
            stub = pathlib.Path(folder) / "_coseno.pyi"
            subprocess.run(
                [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "coseno._coseno", "-o", stub],
                check=True,
                timeout=60,
            )
            self.assertEqual(
                stub.read_text(encoding="utf-8"),
                (ROOT / "coseno" / "_coseno.pyi").read_text(encoding="utf-8"),
                "run: PYTHONPATH=build/python python3 -m nanobind.stubgen -m coseno._coseno"
                " -o bindings/python/coseno/_coseno.pyi",
            )


class ProjectTest(unittest.TestCase):
    def test_what_builds_the_module_is_pinned_alike(self):
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        pinned = (TOP / "tests" / "requirements.txt").read_text(encoding="utf-8").splitlines()
        for requirement in re.findall(r'"((?:nanobind|scikit-build-core)==[^"]+)"', project):
            self.assertIn(requirement, pinned)

    def test_everything_exported_is_there(self):
        for name in coseno.__all__:
            self.assertTrue(hasattr(coseno, name), name)

    def test_a_wheel_of_a_ready_build_installs_and_runs(self):
        build = pathlib.Path(coseno.__file__).parents[2]
        self.assertTrue(list((build / "python" / "coseno").glob("_coseno*.so")), build)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(
                pip
                + ["wheel", ROOT, "--no-build-isolation", "--no-deps", "--wheel-dir", folder]
                + ["--config-settings", "cmake.source-dir=prebuilt"]
                + ["--config-settings", f"cmake.define.COSENO_BUILD={build}"]
                + ["--config-settings", f"build-dir={folder}/build"],
                capture_output=True,
                text=True,
                timeout=300,
            )
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            (wheel,) = pathlib.Path(folder).glob("coseno-*.whl")
            version = re.search(r"project\(coseno VERSION ([0-9.]+)", (TOP / "CMakeLists.txt").read_text())
            self.assertTrue(wheel.name.startswith(f"coseno-{version.group(1)}-cp3"), wheel.name)
            target = pathlib.Path(folder) / "site"
            subprocess.run(
                pip + ["install", "--no-deps", "--no-index", "--target", target, wheel],
                check=True,
                timeout=120,
            )
            ran = subprocess.run(
                [sys.executable, "-c", "import coseno; print(coseno.__file__, len(coseno.models()))"],
                env={"PYTHONPATH": str(target), "PATH": ""},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertIn(str(target), ran.stdout)
            self.assertTrue((target / "coseno" / "py.typed").is_file())


if __name__ == "__main__":
    unittest.main()
