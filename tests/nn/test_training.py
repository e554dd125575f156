"""Whole trainings from one seed: starting values, dropout and every update agree with PyTorch's, so the losses do."""

from __future__ import annotations

import pytest

import minigrad

from .compare import assert_same, mine, torch

pytestmark = pytest.mark.filterwarnings("ignore")


def cnn(library):
    nn = library.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(4 * 16, 5),
    )


def recurrent(library):
    class Model(library.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = library.nn.Embedding(11, 6, padding_idx=0)
            self.lstm = library.nn.LSTM(6, 7, num_layers=2, dropout=0.2, bidirectional=True)
            self.head = library.nn.Linear(14, 5)

        def forward(self, x):
            output, _ = self.lstm(self.embedding(x).transpose(0, 1))
            return self.head(output[-1])

    return Model()


def transformer(library):
    class Model(library.nn.Module):
        def __init__(self):
            super().__init__()
            nn = library.nn
            self.embedding = nn.Embedding(11, 8)
            layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, activation="gelu", norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8))
            self.head = nn.Linear(8, 5, bias=False)

        def forward(self, x):
            mask = library.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
            return self.head(self.encoder(self.embedding(x.t()), mask)[-1])

    return Model()


IMAGES = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
WORDS = torch.randint(11, (6, 9), generator=torch.Generator().manual_seed(1))
LABELS = torch.randint(5, (6,), generator=torch.Generator().manual_seed(2))


def train(library, build, inputs, labels):
    library.manual_seed(7)
    model = build(library)
    criterion = library.nn.CrossEntropyLoss(label_smoothing=0.1)
    losses = []
    for _ in range(8):
        loss = criterion(model(inputs), labels)
        model.zero_grad()
        loss.backward()
        library.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        with library.no_grad():
            for parameter in model.parameters():
                parameter -= 0.3 * parameter.grad
        losses.append(loss.item())
    return losses, model.eval()(inputs), model.state_dict()


@pytest.mark.parametrize(("build", "inputs"), [(cnn, IMAGES), (recurrent, WORDS), (transformer, WORDS)])
def test_training_from_the_same_seed_gives_pytorchs_losses(build, inputs):
    losses, output, state = train(minigrad, build, mine(inputs), mine(LABELS))
    expected, expected_output, expected_state = train(torch, build, inputs, LABELS)
    assert losses == pytest.approx(expected, rel=2e-4)
    assert losses[-1] < losses[0]
    assert_same(output, expected_output, 2e-3)
    assert list(state) == list(expected_state)
    assert_same(list(state.values()), list(expected_state.values()), 2e-3)
