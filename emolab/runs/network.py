"""The network of a run, built again from its settings and its best weights. No code of the run is run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from emolab.config.saved import network_settings_of
from emolab.errors import ConfigError, RunError
from emolab.runs.record import RunRecord

if TYPE_CHECKING:
    import keras


def load_network(record: RunRecord, trusted_modules: Sequence[str] = ()) -> "keras.Model":
    """Return the run's network: uint8-range RGB (N, S, S, 3) -> logits (N, C); float32 unless a trainer builds it.

    Args:
        record: the run.
        trusted_modules: modules of the user's own that the run's settings may name, besides emolab's.

    Raises:
        RunError: if the settings name anything else, or the weights are missing, changed or don't fit.
    """
    settings = network_settings_of(record, trusted_modules)
    weights = record.checkpoint_path("best")

    from emolab.models.network import build_network, whole_weights  # imports TensorFlow, which no refusal above needs

    try:
        network = build_network(
            settings["name"],
            instantiate(settings["backbone"], _convert_="all"),
            len(record.classes),
            record.facts.image_size,
            dropout=settings["dropout"],
            grey=record.facts.data.grey,
            draw=False,
        )
        with whole_weights():
            network.load_weights(weights)
    except (ConfigError, OSError, ValueError, KeyError, TypeError, UserWarning, InstantiationException) as error:
        raise RunError(f"the weights {weights} don't fit the network of the run {record.id}: {error}") from error
    return network
