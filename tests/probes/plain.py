"""The published probe as a plain loop over torch's own parts: one fit at a time, one sample at a time."""

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    def __init__(self, values, labels):
        self.values, self.labels = torch.from_numpy(values), torch.from_numpy(labels)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, row):
        return self.values[row], self.labels[row]


def fit(values, labels, seed, rate, decay, *, epochs, batch_size, n_classes):
    torch.manual_seed(seed)
    loader = DataLoader(Rows(values, labels), batch_size=batch_size, shuffle=True)
    model = torch.nn.Linear(values.shape[1], n_classes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    steps = epochs * len(loader)
    step = 0
    for _ in range(epochs):
        for x, y in loader:
            for group in optimizer.param_groups:
                group["lr"] = 0.5 * (1 + np.cos(np.pi * step / steps)) * rate
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            step += 1
    return model


@torch.no_grad()
def right(model, values, labels):
    return int((model(torch.from_numpy(values)).argmax(dim=1).numpy() == labels).sum())


def probe(train, test, seed, *, rates, decays, coarse, epochs, batch_size):
    """The settings that the search finds, and the last model; `train`, `test` are (values, labels)."""
    values, labels = train
    n_classes = int(labels.max()) + 1
    rows, out = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed)
    options = {"epochs": epochs, "batch_size": batch_size, "n_classes": n_classes}

    def tried(rate, position):
        model = fit(values[rows], labels[rows], seed, rate, decays[position], **options)
        return right(model, values[out], labels[out])

    best = (-1, None, None)
    for rate in rates:
        peak, highest = None, -1
        for position in coarse:
            if (found := tried(rate, position)) >= highest:
                peak, highest = position, found
        for span in (4, 2, 1):
            sides = [max(peak - span, 0), min(peak + span, len(decays) - 1)]
            outcome = [(tried(rate, side), side) for side in sides if side != peak]
            if outcome and max(outcome)[0] > highest:
                highest, peak = max(outcome)
        if highest > best[0]:
            best = (highest, rate, decays[peak])
    model = fit(values, labels, seed, best[1], best[2], **options)
    return best, model, right(model, *test) / len(test[1])
