import pytest
from lsm9ds1_bus import Imu


@pytest.fixture
def imu() -> Imu:
    return Imu()
