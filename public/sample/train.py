"""Makes Octet's sample project: a small depthwise-separable CNN for Fashion-MNIST.

Writes next to this file:
  fashion-mnist-dw.onnx   the float model, with BatchNormalization left as separate nodes
  calibration-*.gz        300 training images and labels, 30 of each class
  evaluation-*.gz         the first 500 test images and labels
and prints the accuracy in float, and with BN folded and int8 weights per tensor and per channel.

Run it (under ten minutes on two idle cores; the seed is fixed):
  apt install python3-torch dataset-fashion-mnist
  /usr/bin/python3 train.py
"""
import copy
import gzip
import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SEED, EPOCHS, BATCH, PEAK_LR = 0, 8, 128, 0.02
MEAN, STD = 0.2860, 0.3530  # of the training images divided by 255
DATA = Path("/usr/share/datasets/fashion-mnist")
HERE = Path(__file__).resolve().parent


def read_idx(name):
    raw = gzip.decompress((DATA / name).read_bytes())
    shape = struct.unpack_from(f">{raw[3]}I", raw, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def write_idx(name, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    (HERE / name).write_bytes(gzip.compress(header + array.tobytes(), mtime=0))


def write_subset(name, images, labels):
    write_idx(f"{name}-images-idx3-ubyte.gz", images)
    write_idx(f"{name}-labels-idx1-ubyte.gz", labels)


def to_input(images):
    return torch.from_numpy((images[:, None].astype(np.float32) / 255 - MEAN) / STD)


def to_target(labels):
    return torch.from_numpy(labels.astype(np.int64))


class ConvBnRelu(nn.Sequential):
    def __init__(self, cin, cout, kernel, stride=1, groups=1):
        super().__init__(OrderedDict(
            conv=nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
            bn=nn.BatchNorm2d(cout),
            relu=nn.ReLU(),
        ))


class Block(nn.Module):
    """Depthwise 3x3, then pointwise 1x1; a residual sum where the shapes agree."""

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.dw = ConvBnRelu(cin, cin, 3, stride, groups=cin)
        self.pw = ConvBnRelu(cin, cout, 1)
        self.residual = cin == cout and stride == 1

    def forward(self, x):
        y = self.pw(self.dw(x))
        return x + y if self.residual else y


def make_model():
    return nn.Sequential(OrderedDict(
        stem=ConvBnRelu(1, 16, 3),
        block1=Block(16, 32, stride=2),
        block2=Block(32, 32),
        block3=Block(32, 64, stride=2),
        block4=Block(64, 64),
        block5=Block(64, 96),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        classifier=nn.Linear(96, 10),
    ))


def train(model, x, y):
    steps = len(x) // BATCH
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LR, total_steps=EPOCHS * steps, pct_start=0.2)
    model.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x))[:steps * BATCH].split(BATCH):
            flip = torch.rand(BATCH, 1, 1, 1) < 0.5
            images = torch.where(flip, x[batch].flip(3), x[batch])
            loss = F.cross_entropy(model(images), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{EPOCHS}: training loss {total / steps:.4f}", flush=True)
    model.eval()


@torch.no_grad()
def accuracy(model, x, y):
    hits = sum((model(a).argmax(1) == b).sum().item() for a, b in zip(x.split(1000), y.split(1000)))
    return 100 * hits / len(x)


@torch.no_grad()
def with_int8_weights(model, per_channel):
    """A copy with BN folded and the weights rounded to symmetric int8, [-127, 127]."""
    model = copy.deepcopy(model)
    for layer in model.modules():
        if isinstance(layer, ConvBnRelu):
            layer.conv = nn.utils.fuse_conv_bn_eval(layer.conv, layer.bn)
            layer.bn = nn.Identity()
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            w = layer.weight
            axes = tuple(range(1 if per_channel else 0, w.dim()))
            scale = w.abs().amax(axes, keepdim=True) / 127
            layer.weight.copy_((w / scale).round() * scale)
    return model


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    train_images, train_labels = read_idx("train-images-idx3-ubyte.gz"), read_idx("train-labels-idx1-ubyte.gz")
    test_images, test_labels = read_idx("t10k-images-idx3-ubyte.gz"), read_idx("t10k-labels-idx1-ubyte.gz")

    rng = np.random.default_rng(SEED)
    chosen = np.sort(np.concatenate(
        [rng.choice(np.flatnonzero(train_labels == c), 30, replace=False) for c in range(10)]))
    write_subset("calibration", train_images[chosen], train_labels[chosen])
    write_subset("evaluation", test_images[:500], test_labels[:500])

    model = make_model()
    train(model, to_input(train_images), to_target(train_labels))

    # PRESERVE with the model in eval mode: inference BN, and the exporter does not fold it.
    torch.onnx.export(
        model, torch.zeros(1, 1, 28, 28), str(HERE / "fashion-mnist-dw.onnx"), opset_version=17,
        input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)

    x, y = to_input(test_images), to_target(test_labels)
    print("top-1 on the 10,000 test images:")
    print(f"  float                    {accuracy(model, x, y):.2f} %")
    print(f"  int8 weights per tensor  {accuracy(with_int8_weights(model, False), x, y):.2f} %")
    print(f"  int8 weights per channel {accuracy(with_int8_weights(model, True), x, y):.2f} %")


if __name__ == "__main__":
    main()
