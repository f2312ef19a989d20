"""Headless Chromium for tests, and texts that mean harm."""

import shutil

import pytest

EVIL = r"""
<script>window.hit=1</script>
<img src=x onerror='window.hit=1'>
"><svg onload=window.hit=1>
</style></title></script><script>window.hit=1</script>
{raw:html}`<script>window.hit=1</script>`
[x](javascript:window.hit=1)
`</code><script>window.hit=1</script>`
```{raw} html\n<script>window.hit=1</script>\n```
'-window.hit=1-'
""".strip()
EVIL = [text.replace(r"\n", "\n") for text in EVIL.splitlines()]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update"
).split()
FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


def launch():
    """Yield a headless Chromium; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


def hit(browser, html):
    """Whether a page ran what a name says (also after every link was clicked), and its text."""
    shown = browser.new_page()
    dialogs = []
    shown.on("dialog", lambda d: (dialogs.append(d.message), d.dismiss()))
    shown.set_content(html, wait_until="load")
    shown.wait_for_timeout(200)
    for link in shown.query_selector_all("a[href^='javascript']"):
        link.click(force=True)
    found = shown.evaluate("window.hit === 1") or bool(dialogs)
    text = shown.evaluate("document.body.innerText")
    shown.close()
    return found, text
