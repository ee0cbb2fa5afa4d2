"""What images keep of the models' packages is enough to answer, and small."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.models.conftest import Made
from tests.models.test_decoder import prompts
from tests.storms.scene import report

ROOT = Path(__file__).parents[2]
PACKAGES = ("tvm", "tvm_ffi", "xgrammar", "tokenizers", "numpy", "numpy.libs", "msgspec")
MODULES = ("typing_extensions.py",)
MOST_BYTES = 110e6
ANSWER = """
import sys
from pathlib import Path
from edge_agent.models.runtime.library import load_runtime
load_runtime()
from edge_agent.models.runtime.decoder import Decoder
from edge_agent.models.runtime.grammar import Grammars
from edge_agent.models.runtime.text import Tokens
folder, library, *prompt = sys.argv[1:]
decoder = Decoder(Path(folder), Path(library), sequences=2, tokens=256)
Grammars(Tokens(Path(folder)), decoder.vocabulary, [1]).json({"type": "object"}).allowed()
decoder.add(0)
print(decoder.step([(0, [int(token) for token in prompt])])[0].argmax(), "torch" in sys.modules)
"""


def test_a_model_answers_on_what_is_left(llama: Made, tmp_path: Path) -> None:
    site = slimmed(tmp_path / "site")
    assert [path.name for path in (site / "tvm").rglob("*") if path.is_file()] == [
        "libtvm_runtime.so"
    ]
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    report(f"{size / 1e6:.0f} MB for models, numpy and tokenizers included")
    assert size < MOST_BYTES
    prompt = prompts()[3]
    said = subprocess.run(
        [sys.executable, "-S", "-c", ANSWER, llama.folder, llama.library, *map(str, prompt)],
        env={**os.environ, "PYTHONPATH": f"{site}:{ROOT}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.split() == [str(llama.tiny.greedy(prompt, 1)[0]), "False"]


def slimmed(site: Path) -> Path:
    """The packages, as links to the installed files where that works, and slimmed."""
    installed = Path(sysconfig.get_path("platlib"))
    for name in PACKAGES:
        shutil.copytree(installed / name, site / name, copy_function=linked)
    for name in MODULES:
        linked(str(installed / name), str(site / name))
    subprocess.run([sys.executable, ROOT / "scripts" / "slim_runtime.py", site], check=True)
    return site


def linked(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target
