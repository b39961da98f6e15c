"""A browser without a window, spoken to through its DevTools: what a person sees, presses and is told."""

import base64
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe")
LOUD = {"Runtime.exceptionThrown", "Log.entryAdded"}
"""Events of which none should come."""


class Tab:
    """One page of a browser; commands are those of the DevTools protocol."""

    def __init__(self, into: Any, out: Any):
        self.into, self.out = into, out
        self.numbers = itertools.count(1)
        self.session: str | None = None
        self.complaints: list[str] = []
        self.events: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Do one command, and return what it returns; what the page complains of meanwhile is kept."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.into.write(json.dumps(message).encode() + b"\0")
        self.into.flush()
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def open(self, file: Path, width: int, height: int = 800, scheme: str = "light") -> None:
        """Show a file in a window of this size, for a person who has chosen light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self.send("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in self.events:
            self._read()

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        codes = {"Tab": 9, "Enter": 13}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
                **(text if kind == "keyDown" else {}),
            )

    def screenshot(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def _read(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self.out.read(1)) != b"\0":
            assert byte, "the browser has gone"
            data += byte
        answer = json.loads(data)
        method = answer.get("method", "")
        self.events.append(method)
        loud = method == "Runtime.consoleAPICalled" and answer["params"]["type"] in (
            "error",
            "warning",
            "assert",
        )
        if method in LOUD or loud:
            self.complaints.append(json.dumps(answer["params"]))
        return answer


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser with one tab, which is closed in the end; `profile` is an empty folder."""
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    command = f'exec "$@" 3<&{read_commands} 4>&{write_answers}'
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", str(CHROMIUM), *OPTIONS, f"--user-data-dir={profile}"],
        pass_fds=(read_commands, write_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        with os.fdopen(write_commands, "wb") as into, os.fdopen(read_answers, "rb") as out:
            yield Tab(into, out)
    finally:
        process.terminate()
        process.wait()
