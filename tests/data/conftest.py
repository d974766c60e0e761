import pytest
from made_photographs import class_folders, made

from emolab.data.prepared import PreparedData
from emolab.data.readers.folder import FolderReader


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> PreparedData:
    folder = tmp_path_factory.mktemp("data")
    return made(FolderReader(class_folders(folder / "photographs", {"sad": 40, "anger": 20})), folder / "cache")
