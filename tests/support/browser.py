"""Chromium without a window, driven over its DevTools protocol through a pipe: pages as a person would use them."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest


class Browser:
    """One page. Downloads go to `downloads`; each browser starts with an empty profile."""

    def __init__(self, downloads):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise unittest.SkipTest("chromium is not installed: the page was not tried")
        self.profile = tempfile.TemporaryDirectory(prefix="hilum-browser-", ignore_cleanup_errors=True)
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        # Its channel is descriptors 3 and 4.
        ends = {to_read: 3, to_write: 4}
        command = (f"exec {program} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
                   f"--remote-debugging-pipe --user-data-dir={self.profile.name} --window-size=1600,1000 about:blank "
                   f"{' '.join(f'{there}{sign}&{here}' for (here, there), sign in zip(ends.items(), '<>'))}")
        self.process = subprocess.Popen(["bash", "-c", command], pass_fds=list(ends), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for end in ends:
            os.close(end)
        self.number, self.buffer, self.session = 0, b"", None
        self.errors = []
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.downloads = pathlib.Path(downloads)
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def close(self):
        os.close(self.write_end)
        os.close(self.read_end)
        self.process.terminate()
        self.process.wait(30)
        self.profile.cleanup()

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            if time.monotonic() > deadline:
                raise TimeoutError("the browser did not answer")
            more = os.read(self.read_end, 1 << 20)
            if not more:
                raise ConnectionError("the browser ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"])
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.errors.append(message["params"]["entry"])
        return message

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + 60
        while True:
            message = self.receive(deadline)
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, file):
        self.visit(pathlib.Path(file).absolute().as_uri())

    def visit(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.run(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never: {condition}")
            time.sleep(0.02)

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      **({"text": key} if len(key) == 1 and kind == "keyDown" else {}))

    def drag(self, begin, end):
        for kind, (x, y), buttons in (("mousePressed", begin, 1), ("mouseMoved", end, 1), ("mouseReleased", end, 0)):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=buttons, clickCount=1)

    def downloaded(self, name, seconds=30):
        file, deadline = self.downloads / name, time.monotonic() + seconds
        while not file.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not saved")
            time.sleep(0.02)
        return file

    def screenshot(self, file):
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(picture))
