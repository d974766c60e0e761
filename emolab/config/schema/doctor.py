"""What the configuration of `python -m emolab.doctor` may hold."""

from emolab.config.schema.parts import Closed, Paths


class Doctor(Closed):
    """`conf/doctor.yaml`."""

    paths: Paths
    tensorflow: bool
