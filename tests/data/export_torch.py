"""Write the `torch_*.onnx` files of this folder: a small residual network as PyTorch's exporters write it.

Run it where PyTorch is installed (the tests only read the files):

    pip install torch==2.13.0 onnxscript && python tests/data/export_torch.py
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import nn

HERE = Path(__file__).parent


class Block(nn.Module):
    """A residual unit with an optional projection."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.side = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.side = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.main(x) + self.side(x))


class Residual(nn.Module):
    """Stem, two units, a branch whose halves are joined, mean, classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 12, 5, 2, 2, bias=False), nn.BatchNorm2d(12), nn.ReLU6(), nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        )
        self.units = nn.Sequential(Block(12, 12, 1), Block(12, 20, 2))
        self.left, self.right = nn.Conv2d(20, 8, 1), nn.Conv2d(20, 10, 3, padding=1, groups=2)
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(18, 32), nn.LeakyReLU(0.1), nn.Linear(32, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.units(self.stem(x * 2.0 - 1.0))
        x = self.pool(torch.cat([torch.sigmoid(self.left(x)), torch.tanh(self.right(x))], dim=1))
        x = nn.functional.adaptive_avg_pool2d(x, 1)
        return self.head(x.view(x.size(0), -1))


def main() -> None:
    """Export with the current exporter and with the one before it."""
    torch.manual_seed(7)
    model = Residual()
    for module in model.modules():  # statistics as after training, so that normalisation is not the identity
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    model.eval()
    example = (torch.rand(1, 3, 35, 33),)
    batch = torch.export.Dim("batch", min=1)
    torch.onnx.export(model, example, HERE / "torch_dynamo.onnx", dynamo=True, external_data=False)
    two = (torch.rand(2, 3, 35, 33),)
    torch.onnx.export(
        model, two, HERE / "torch_dynamo_batch.onnx", dynamo=True, external_data=False, dynamic_shapes=({0: batch},)
    )
    torch.onnx.export(
        model,
        example,
        HERE / "torch_legacy.onnx",
        dynamo=False,
        opset_version=11,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        dynamic_axes={"x": {0: "batch"}},
        input_names=["x"],
        output_names=["y"],
    )

    for path in HERE.glob("torch_*.onnx"):
        strip(path)


def strip(path: Path) -> None:
    """Remove stack traces and other notes about the machine that exported."""
    model = onnx.load(path)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)


if __name__ == "__main__":
    main()
