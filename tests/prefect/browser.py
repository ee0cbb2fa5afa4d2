"""A headless Chromium, driven over WebDriver with the standard library."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.servers import free_port

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip
PATIENCE = 120.0
# The innermost visible thing that can be pressed and says just this.
PRESS = """
const said = arguments[0];
const found = [...document.querySelectorAll('button, a, [role=menuitem]')].reverse()
  .find(e => e.offsetParent && e.innerText.trim() === said);
if (found) found.click();
return Boolean(found);
"""
FILL = """
const [present, value] = arguments;
const fields = ['textarea', 'input'].flatMap(kind => [...document.querySelectorAll(kind)]);
const field = fields.find(e => e.value === present && e.offsetParent);
const kind = field.tagName === 'INPUT' ? HTMLInputElement : HTMLTextAreaElement;
Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, value);
field.dispatchEvent(new Event('input', {bubbles: true}));
field.dispatchEvent(new Event('change', {bubbles: true}));
return new Promise(done => setTimeout(done, 1000));  // the form takes it over a moment later
"""


class Browser:
    """One window."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def open(self, profile: Path) -> None:
        """Open the window."""
        chrome = {"args": [*OPTIONS, f"--user-data-dir={profile}"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": chrome}}
        session = self._ask("POST", "/session", {"capabilities": wanted})["sessionId"]
        self._url += f"/session/{session}"

    def close(self) -> None:
        """Close it."""
        self._ask("DELETE", "")

    def go(self, url: str) -> None:
        """Show a page."""
        self._ask("POST", "/url", {"url": url})

    def script(self, text: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self._ask("POST", "/execute/sync", {"script": text, "args": arguments})

    @property
    def text(self) -> str:
        """What a person reads."""
        return str(self.script("return document.body.innerText"))

    def shows(self, *words: str) -> None:
        """Wait until the page says all of this."""
        self._until(lambda: all(word in self.text for word in words), f"{words} on the page")

    def press(self, label: str) -> None:
        """Press a button or link."""
        self._until(lambda: bool(self.script(PRESS, label)), f"a button {label!r}")

    def fill(self, present: str, value: str) -> None:
        """Replace the text of the field that holds `present`."""
        self.script(FILL, present, value)

    def _until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"never found {what}; the page says:\n{self.text}"
            time.sleep(0.1)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, sent, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A window with a fresh profile."""
    program, port = shutil.which("chromedriver"), free_port()
    if program is None:
        raise RuntimeError("the tests need the package `chromium-driver`")
    driver = subprocess.Popen([program, f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        _answers(f"http://127.0.0.1:{port}/status")
        browser = Browser(port)
        browser.open(folder / "chromium")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        driver.terminate()
        driver.wait()


def _answers(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError):
            urllib.request.urlopen(url).close()
            return
        time.sleep(0.1)
    raise RuntimeError("chromedriver does not start")
