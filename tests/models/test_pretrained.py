import hashlib
import logging
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from answering import answering

from emolab.errors import ConfigError
from emolab.models import pretrained
from emolab.models.pretrained import HDF5, IMAGENET, imagenet_or_file


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address is on this machine, where nothing listens: the real client is refused at once."""
    nowhere = {
        name: pretrained.PublishedFile(f"http://127.0.0.1:9/{published.file_name}", published.digest)
        for name, published in IMAGENET.items()
    }
    monkeypatch.setattr(pretrained, "IMAGENET", nowhere)


def test_a_whole_cached_file_is_taken_without_asking_the_network(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = HDF5 + b"weights"
    digest = f"md5:{hashlib.md5(weights).hexdigest()}"
    monkeypatch.setattr(
        pretrained, "IMAGENET", {"vgg19": pretrained.PublishedFile("http://127.0.0.1:9/vgg19.h5", digest)}
    )
    path = keras_home / "models" / "vgg19.h5"
    path.parent.mkdir()
    path.write_bytes(weights)
    found = imagenet_or_file("auto", "vgg19")
    assert (found.requested, found.used, found.path) == ("auto", "imagenet", path)


@pytest.mark.usefixtures("no_network")
def test_a_damaged_cached_file_is_not_taken(keras_home: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = keras_home / "models" / IMAGENET["vgg19"].file_name
    path.parent.mkdir()
    path.write_bytes(b"wei")
    assert imagenet_or_file("auto", "vgg19").used == "random"
    assert f"{path} is damaged" in caplog.text


def test_the_page_of_a_network_that_wants_a_login_is_neither_kept_nor_taken(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = keras_home / "models" / "mobilenetv2.h5"
    with answering(lambda _: [b"<html>Log in to the guest network</html>"]) as host:
        published = pretrained.PublishedFile(f"http://{host}/{path.name}", None)
        monkeypatch.setattr(pretrained, "IMAGENET", {"mobilenetv2": published})
        assert imagenet_or_file("auto", "mobilenetv2").used == "random"
        assert "isn't the file that was expected: it begins with b'<html>Lo'" in caplog.text
        assert not path.exists()
        path.write_bytes(b"<html>kept by emolab before</html>")
        assert imagenet_or_file("auto", "mobilenetv2").used == "random"
        assert f"{path} is damaged" in caplog.text


@pytest.mark.usefixtures("keras_home", "no_network")
def test_auto_without_a_network_falls_back_to_random_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = imagenet_or_file("auto", "vgg19")
    assert (found.used, found.path) == ("random", None)
    assert "RANDOM WEIGHTS" in caplog.text
    assert "model.weights=<file>" in caplog.text


@pytest.mark.usefixtures("keras_home", "no_network")
def test_imagenet_without_a_network_is_an_error_that_says_how_to_mend_it() -> None:
    with pytest.raises(ConfigError, match=r"Put vgg19_weights.*into .*models"):
        imagenet_or_file("imagenet", "vgg19")


@pytest.fixture
def slow_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that takes three seconds for VGG19's weights, at 50 kB/s."""

    def slowly(_: str) -> Iterator[bytes]:
        yield HDF5
        for _ in range(30):
            yield b"x" * 5_000
            time.sleep(0.1)

    with answering(slowly) as host:
        published = pretrained.PublishedFile(f"http://{host}/vgg19.h5", None)
        monkeypatch.setattr(pretrained, "IMAGENET", {"vgg19": published})
        yield


@pytest.mark.usefixtures("slow_network")
def test_auto_waits_less_long_than_imagenet(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert pretrained.DOWNLOAD_SECONDS["auto"] < pretrained.DOWNLOAD_SECONDS["imagenet"]
    monkeypatch.setitem(pretrained.DOWNLOAD_SECONDS, "auto", 1.0)
    assert imagenet_or_file("auto", "vgg19").used == "random"
    assert "it took longer than 1 s" in caplog.text
    assert imagenet_or_file("imagenet", "vgg19").path == keras_home / "models" / "vgg19.h5"


@pytest.mark.usefixtures("slow_network")
def test_a_slow_download_is_given_up_by_auto_alone(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert pretrained.LEAST_RATES["imagenet"] < 50_000 < pretrained.LEAST_RATES["auto"]
    monkeypatch.setitem(pretrained.LEAST_RATES, "imagenet", 0.0)  # no machine is too busy for that
    monkeypatch.setattr(pretrained, "fetch", partial(pretrained.fetch, patience=0.5))
    assert imagenet_or_file("auto", "vgg19").used == "random"
    assert "too slow" in caplog.text
    assert imagenet_or_file("imagenet", "vgg19").path == keras_home / "models" / "vgg19.h5"


def test_a_path_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a file"):
        imagenet_or_file(str(tmp_path / "none.h5"), "vgg19")


def test_null_is_random() -> None:
    assert imagenet_or_file(None, "vgg19").used == "random"
