from __future__ import annotations

import onnx
import pytest

import npusim_models


@pytest.fixture(scope="session")
def resnet50() -> onnx.ModelProto:
    return npusim_models.build("resnet50")
