"""The page in a real browser with a made camera: four seconds to start, and worth it: only this runs its code."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from stand_ins import Brightness, Unsure
from waiting import wait_for

from benchmarks.live.browser import ABSENT, chromium, installed, write_y4m
from benchmarks.live.served import served
from realtime.detectors.full_frame import FullFrame
from realtime.displays.web.options import Web
from realtime.sources.opencv import Camera
from realtime.sources.synthetic import Synthetic

pytestmark = pytest.mark.skipif(not installed(), reason=ABSENT)

# Counts the frames that the page sends, and how often it draws.
COUNT = """
window.sent = window.drawn = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) { window.sent += data instanceof Blob; send.call(this, data); };
const draw = () => { window.drawn += 1; requestAnimationFrame(draw); };
draw();
"""


# Counts the pictures that the page holds in memory by an address.
HELD = """
window.held = 0;
const [make, free] = [URL.createObjectURL, URL.revokeObjectURL];
URL.createObjectURL = (blob) => { window.held += 1; return make(blob); };
URL.revokeObjectURL = (address) => { window.held -= 1; free(address); };
"""

# Keeps where the last text was drawn, and how high its canvas is.
WRITTEN = """
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  if (this.canvas.id === "overlay") window.written = [y, this.canvas.clientHeight];
  fill.call(this, text, x, y);
};
"""


# Adds a column to a timeline of its own, draws that half a minute and two minutes later, and tells what was painted.
LATER = """
const done = arguments[arguments.length - 1];
import("/numbers.js").then(({ Timeline }) => {
  const canvas = document.body.appendChild(document.createElement("canvas")), painted = [];
  canvas.getContext("2d").fillRect = () => painted.push(true);
  const timeline = new Timeline(canvas, ["dark"]);
  timeline.add([1], 0);
  const counts = [30000, 120000].map((now) => { timeline.draw(now); return painted.splice(0).length; });
  canvas.remove();
  done(counts);
});
"""

# Counts how often the page draws over the picture, and how often it makes room for that anew.
OVERLAID = """
window.overlaid = window.resized = 0;
const overlay = document.getElementById("overlay"), context = overlay.getContext.bind(overlay);
overlay.getContext = (kind) => { window.overlaid += 1; return context(kind); };
const { get, set } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, "width");
Object.defineProperty(overlay, "width", {
  get: () => get.call(overlay), set: (value) => { window.resized += 1; set.call(overlay, value); },
});
"""

# Keeps each camera back until the test allows it, as a user does who thinks about it.
KEPT_BACK = """
window.asked = []; window.streams = [];
const cameras = navigator.mediaDevices, open = cameras.getUserMedia.bind(cameras);
cameras.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  window.streams.push(stream);
  await new Promise((allow) => window.asked.push(allow));
  return stream;
};
"""


def _half_dark_half_light() -> Iterator[np.ndarray]:
    """Two seconds dark, two light; a moving bar tells one frame from the next."""
    for number in range(120):
        frame = np.full((240, 320, 3), 40 if number < 60 else 215, np.uint8)
        frame[:20, number * 2 : number * 2 + 20] = 128
        yield frame


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_y4m(tmp_path_factory.mktemp("camera") / "camera.y4m", _half_dark_half_light())


@pytest.fixture(scope="module")
def page(camera: Path) -> Iterator[WebDriver]:
    with served(Web(port=0), Brightness(), FullFrame()) as address:
        browser = chromium(camera, 1200, 800)
        try:
            browser.get(address)
            yield browser
        finally:
            browser.quit()


def _text(page: WebDriver, name: str) -> str:
    return page.find_element(By.ID, name).text


_eventually = partial(wait_for, seconds=60)


def _press(page: WebDriver, key: str) -> None:
    page.find_element(By.ID, "frame").send_keys(key)


def test_the_page_begins_with_the_servers_source_unless_that_is_a_camera(page: WebDriver) -> None:
    assert page.find_element(By.ID, "mode").get_attribute("value") == "source"
    with served(Web(port=0), Brightness(), FullFrame(), Camera) as address:
        page.switch_to.new_window()
        page.get(address)
        assert page.find_element(By.ID, "mode").get_attribute("value") == "browser"
        page.close()
    page.switch_to.window(page.window_handles[0])


def test_the_label_on_the_page_follows_what_the_camera_shows(page: WebDriver) -> None:
    page.find_element(By.CSS_SELECTOR, "#mode option[value=browser]").click()
    page.find_element(By.ID, "run").click()
    for expected in ("dark", "light", "dark"):
        _eventually(lambda expected=expected: _text(page, "who") == expected)
    bars = {
        row.text.split("\n")[0]: row.text.split("\n")[-1] for row in page.find_elements(By.CSS_SELECTOR, "#bars li")
    }
    assert list(bars) == ["dark", "grey", "light"]
    assert _eventually(lambda: _text(page, "latency").endswith("ms"))
    assert _eventually(lambda: _text(page, "rate").isdigit())
    errors = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_a_face_as_high_as_the_picture_has_its_label_within_it(page: WebDriver) -> None:
    page.execute_script(WRITTEN)
    baseline, height = _eventually(lambda: page.execute_script("return window.written"))
    assert 17 <= baseline < height


def test_what_is_older_than_a_minute_leaves_the_timeline_though_nothing_new_comes(page: WebDriver) -> None:
    assert page.execute_async_script(LATER) == [1, 0]


def test_a_picture_of_the_camera_is_sent_once_however_often_the_page_draws(page: WebDriver) -> None:
    page.execute_script(COUNT)
    _eventually(lambda: page.execute_script("return window.sent") > 1)
    page.execute_script("document.getElementById('video').pause()")
    sent = []
    for _ in range(4):  # what was under way may still be sent, as long as the machine is busy
        sent.append(page.execute_script("window.drawn = 0; return window.sent"))
        _eventually(lambda: page.execute_script("return window.drawn") > 60)
    assert sent[-2] == sent[-1]
    page.execute_script("document.getElementById('video').play()")
    _eventually(lambda: page.execute_script("return window.sent") > sent[-1])


def test_the_mirror_turns_the_picture_and_is_a_switch(page: WebDriver) -> None:
    mirror = page.find_element(By.ID, "mirror")
    assert mirror.get_attribute("aria-checked") == "true"
    _press(page, "m")
    assert mirror.get_attribute("aria-checked") == "false"
    assert page.find_element(By.ID, "video").value_of_css_property("transform") == "none"
    mirror.click()
    assert "-1" in page.find_element(By.ID, "video").value_of_css_property("transform")


def test_the_page_draws_only_while_something_is_shown_and_on_a_canvas_that_stays(page: WebDriver) -> None:
    page.execute_script(COUNT + OVERLAID)
    _eventually(lambda: page.execute_script("return window.overlaid") > 3)
    assert page.execute_script("return window.resized") == 0
    page.find_element(By.ID, "run").click()
    page.execute_script("window.overlaid = window.drawn = 0")
    _eventually(lambda: page.execute_script("return window.drawn") > 10)
    assert page.execute_script("return window.overlaid") == 0
    page.find_element(By.ID, "run").click()
    _eventually(lambda: _text(page, "who") in ("dark", "light"))


def test_a_camera_that_is_unplugged_stops_the_page_which_says_that_start_opens_it_again(page: WebDriver) -> None:
    page.execute_script("document.getElementById('video').srcObject.getTracks()[0].stop()")
    _eventually(lambda: "still plugged in? Start opens it again." in _text(page, "status"))
    assert _text(page, "run") == "Start"
    page.find_element(By.ID, "run").click()
    _eventually(lambda: _text(page, "who") in ("dark", "light"))


def test_a_key_that_is_held_is_pressed_once_and_one_beside_the_picture_is_none_of_ours(page: WebDriver) -> None:
    for key, place, repeat in ((" ", "frame", "true"), ("m", "frame", "true"), (" ", "bars", "false")):
        page.execute_script(
            f"document.getElementById('{place}').dispatchEvent("
            f"new KeyboardEvent('keydown', {{key: '{key}', repeat: {repeat}, bubbles: true}}))"
        )
    assert _text(page, "run") == "Stop"
    assert page.find_element(By.ID, "run").get_attribute("aria-pressed") is None  # its name says it already
    assert page.find_element(By.ID, "mirror").get_attribute("aria-checked") == "true"


def test_the_keyboard_stops_it_and_the_camera_is_given_free(page: WebDriver) -> None:
    _press(page, " ")
    _eventually(lambda: _text(page, "status") == "Stopped.")
    assert page.execute_script("return document.getElementById('video').srcObject") is None


def test_a_camera_that_is_allowed_after_stop_and_start_is_on_once_and_off_with_the_next_stop(page: WebDriver) -> None:
    def tracks() -> list[str]:
        return page.execute_script("return window.streams.map((stream) => stream.getTracks()[0].readyState).sort()")

    page.execute_script(KEPT_BACK)
    run = page.find_element(By.ID, "run")
    for _ in ("Start", "Stop", "Start"):
        run.click()
    _eventually(lambda: page.execute_script("return window.asked.length") == 2)
    page.execute_script("for (const allow of window.asked) allow()")
    _eventually(lambda: _text(page, "who") in ("dark", "light"))
    assert tracks() == ["ended", "live"]
    run.click()
    assert tracks() == ["ended", "ended"]
    page.execute_script("delete navigator.mediaDevices.getUserMedia")


def test_the_servers_source_is_shown_on_the_same_page(page: WebDriver) -> None:
    page.execute_script(HELD)
    page.find_element(By.CSS_SELECTOR, "#mode option[value=source]").click()
    page.find_element(By.ID, "run").click()
    assert _eventually(lambda: page.execute_script("return document.getElementById('picture').naturalWidth") == 640)
    assert _eventually(lambda: _text(page, "who") in ("dark", "grey", "light"))
    assert _text(page, "status") == f"Showing {Synthetic().description}."
    page.find_element(By.ID, "run").click()
    assert _eventually(lambda: page.execute_script("return window.held") == 0)
    page.execute_script("document.getElementById('picture').dispatchEvent(new Event('load'))")
    assert _text(page, "who") == "No face"  # whatever comes after the end


def test_a_picture_that_cant_be_shown_is_passed_over(page: WebDriver) -> None:
    page.execute_script("document.getElementById('picture').src = ''")
    page.execute_script(
        "const make = URL.createObjectURL; URL.createObjectURL = () => {"
        " URL.createObjectURL = make; return make(new Blob(['no picture'])); }"
    )
    page.find_element(By.ID, "run").click()
    assert _eventually(lambda: page.execute_script("return document.getElementById('picture').naturalWidth") == 640)
    page.find_element(By.ID, "run").click()


def test_a_link_on_another_site_leads_to_the_page() -> None:
    with served(Web(port=0, token="0123456789abcdef"), Brightness(), FullFrame()) as address:
        browser = chromium(None, 1200, 800)
        try:
            browser.get(f'data:text/html,<a href="{address}">the page</a>')
            browser.find_element(By.TAG_NAME, "a").click()
            _eventually(lambda: browser.find_elements(By.ID, "run") or "token" in browser.page_source)
            assert browser.find_elements(By.ID, "run")
            assert "token" not in browser.current_url
        finally:
            browser.quit()


def test_a_face_that_no_class_is_sure_of_is_called_not_sure() -> None:
    with served(Web(port=0), Unsure(), FullFrame()) as address:
        browser = chromium(None, 1200, 800)
        try:
            browser.get(address)
            browser.find_element(By.ID, "run").click()
            _eventually(lambda: _text(browser, "who") == "not sure")
            assert _text(browser, "who") == "not sure"
            assert browser.find_element(By.ID, "mirror").get_attribute("aria-checked") == "false"  # no camera's picture
        finally:
            browser.quit()


class Renamed(Brightness):
    """Another run's recogniser: other classes."""

    classes = ("black", "dull", "white")


def test_the_page_comes_back_by_itself_when_the_server_does_with_the_classes_it_has_then(camera: Path) -> None:
    browser = chromium(camera, 400, 800)
    try:
        with served(Web(port=0), Brightness(), FullFrame()) as address:
            browser.get(address)
            browser.find_element(By.CSS_SELECTOR, "#mode option[value=browser]").click()
            browser.find_element(By.ID, "run").click()
            _eventually(lambda: _text(browser, "who") in ("dark", "light"))
        _eventually(lambda: "Trying again" in _text(browser, "status"))
        port = int(address.rstrip("/").rpartition(":")[2])
        with served(Web(port=port), Renamed(), FullFrame()):
            _eventually(lambda: _text(browser, "who") in Renamed.classes)
            bars = browser.find_elements(By.CSS_SELECTOR, "#bars .label")
            assert tuple(bar.text for bar in bars) == Renamed.classes
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
    finally:
        browser.quit()


def test_a_page_that_is_refused_says_why(page: WebDriver) -> None:
    first = page.current_window_handle
    tabs = []
    with served(Web(port=0, connections=1, token="0123456789abcdef"), Brightness(), FullFrame()) as address:
        for _ in range(2):
            page.switch_to.new_window()
            tabs.append(page.current_window_handle)
            page.get(address)
            page.find_element(By.ID, "run").click()
            _eventually(lambda: _text(page, "status") != "Connecting.")
        assert "No connection (all connections are in use). Trying again" in _text(page, "status")
    port = urlsplit(address).port
    with served(Web(port=port, token="another token, 16"), Brightness(), FullFrame()):
        _eventually(lambda: "open the address with its token" in _text(page, "status"))
    for tab in tabs:
        page.switch_to.window(tab)
        page.close()
    page.switch_to.window(first)


def test_every_control_has_a_name_and_the_results_are_announced(page: WebDriver) -> None:
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('button, select')].filter(e => !(e.textContent.trim() && "
        "(e.tagName === 'BUTTON' || e.labels.length))).map(e => e.id)"
    )
    assert unnamed == []
    live = page.execute_script("return [...document.querySelectorAll('[aria-live=polite]')].map(e => e.id)")
    assert set(live) == {"status", "spoken"}
