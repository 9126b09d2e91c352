"""A real headless Chromium, driven over a pipe in its own DevTools protocol: no driver, no port, nothing to install."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

WHERE = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
SECONDS = 30


class Chromium:
    """One page of one browser without any network; `events` are those of the domains that were enabled."""

    def __init__(self, profile: Path) -> None:
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"]
        flags += ["--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}"]
        flags += ["--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "about:blank"]
        # the protocol is spoken on descriptors 3 and 4, which these may be already: so they go by way of others
        moves = [(theirs_in, 63), (theirs_out, 64), (63, 3), (64, 4)]
        moved = "import os, sys; " + "; ".join(f"os.dup2({old}, {new})" for old, new in moves)
        command = [sys.executable, "-S", "-c", f"{moved}; os.execv(sys.argv[1], sys.argv[1:])", str(WHERE), *flags]
        self.process = subprocess.Popen(
            command, pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.out, self.incoming = os.fdopen(ours_out, "wb", buffering=0), os.fdopen(ours_in, "rb")
        self.number, self.rest, self.session = 0, b"", None
        self.events: deque[dict[str, Any]] = deque()
        page = next(t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility", "DOM"):
            self(f"{domain}.enable")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.out.close()
        self.incoming.close()

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:  # the protocol's own names
        self.number += 1
        asked: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            asked["sessionId"] = self.session
        self.out.write(json.dumps(asked).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == self.number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']['message']}")
                return said["result"]
            self.events.append(said)

    def _read(self) -> dict[str, Any]:
        message = bytearray()
        while True:
            ready, _, _ = select.select([self.incoming], [], [], SECONDS) if not self.rest else ([1], [], [])
            if not ready:
                raise TimeoutError("Chromium does not answer")
            chunk = self.rest or os.read(self.incoming.fileno(), 1 << 16)
            if not chunk:
                raise RuntimeError("Chromium has ended")
            part, found, self.rest = chunk.partition(b"\0")
            message += part
            if found:
                return json.loads(message)

    def open(self, path: Path, width: int = 1300, height: int = 900) -> None:
        """Load a file from disk, and wait for its load event."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.events.clear()
        self("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def run(self, expression: str) -> Any:
        """What a JavaScript expression says in the page; a promise is waited for."""
        said = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"]["exception"].get("description", expression))
        return said["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression holds; TimeoutError if it does not."""
        self.run(f"new Promise(done => {{ const look = () => ({condition}) ? done() : setTimeout(look, 10); look() }})")

    def press(self, *keys: str) -> None:
        """Press real keys, by name."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for key in keys:
            text = {"text": "\r"} if key == "Enter" else {}
            said = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
            self("Input.dispatchKeyEvent", type="keyDown", **said, **text)
            self("Input.dispatchKeyEvent", type="keyUp", **said)

    def point(self, selector: str, click: bool = False) -> None:
        """Move the mouse to the middle of an element, and click it if asked to."""
        at = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{at}.scrollIntoView({{block: 'center'}})")
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it has scrolled
        x, y = self.run(
            f"(({{left, top, width, height}}) => [left + width / 2, top + height / 2])({at}.getBoundingClientRect())"
        )
        self("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Type text into what has the focus."""
        self("Input.insertText", text=text)

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """Write a PNG of what is seen, or of the whole page."""
        path.write_bytes(base64.b64decode(self("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))
