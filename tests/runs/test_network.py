import sys
from pathlib import Path

import pytest
from run_fields import FIELDS

from emolab.errors import RunError
from emolab.runs import RunRecord
from emolab.runs.network import load_network


def test_untrusted_settings_and_changed_weights_are_refused_before_tensorflow_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("tensorflow", "keras", "emolab.models.network"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    for target, told in (("mine.network", "trust its module"), ("emolab.models.backbones.vgg19", "SHA-256")):
        config = f"model: {{name: vgg19, backbone: {{_target_: {target}}}}}"
        record = RunRecord.create(tmp_path, "try", FIELDS, config=config)
        record.save_checkpoint("best", lambda path: path.write_text("one"), tag=0).write_text("two")
        with pytest.raises(RunError, match=told):
            load_network(record)
