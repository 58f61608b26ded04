"""Where the recogniser's calibration starts from: `python bench/prior.py DATA`, over many small bots.

A bot with few examples cannot learn from itself how sure it may be. So small bots are drawn from the training splits of
public sets (a few intents, a few examples each); each hears held-back messages of its intents and messages of others,
and one logistic regression over all of them gives `PRIOR` in flashbot/dialogue/recognition/calibration.py. Also prints
the log loss on bots drawn with another seed: of the shipped prior, of the new one, and of what each bot learns.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from flashbot.dialogue.recognition import calibration, recogniser
from flashbot.dialogue.recognition.calibration import Calibration, Signs
from flashbot.dialogue.recognition.recogniser import Recogniser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flashbot.dialogue.recognition.encoder import Encoder

SETS = ("clinc150", "banking77", "massive_en", "massive_fr")
FAR = 0.4
"""Of the strangers that come from another set: small talk and wrong numbers, rather than near misses."""
HEARD = 60


def read(folder: Path) -> dict[str, list[str]]:
    """Texts by intent."""
    found: dict[str, list[str]] = {}
    with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found.setdefault(row["intent"], []).append(row["text"])
    return found


Case = tuple[Recogniser, list[Signs], list[bool], list[bool]]


def bots(data: Path, count: int, seed: int, encoder: Encoder | None) -> Iterator[Case]:
    """Each with what it saw of the messages it heard, whether its best guess was right, and which were strangers."""
    rng = np.random.default_rng(seed)
    sets = {name: read(data / name) for name in SETS}
    for number in range(count):
        name = SETS[number % len(SETS)]
        intents = list(sets[name])
        wanted = int(np.exp(rng.uniform(np.log(2), np.log(40))))
        mine = [intents[n] for n in rng.permutation(len(intents))[:wanted]]
        pairs, held = [], []
        for intent in mine:
            texts = [sets[name][intent][n] for n in rng.permutation(len(sets[name][intent]))]
            most = min(len(texts) - 1, int(np.exp(rng.uniform(0, np.log(40)))))
            pairs += [(text, intent) for text in texts[:most]]
            held += [(text, intent) for text in texts[most : most + 20]]
        held = [held[n] for n in rng.permutation(len(held))[:HEARD]]
        others = [text for other in SETS if other != name for texts in sets[other].values() for text in texts[:5]]
        near = [text for intent in intents if intent not in mine for text in sets[name][intent][:5]] or others
        strangers = [
            str(rng.choice(others if rng.random() < FAR else near)) for _ in range(HEARD)
        ]  # fmt: skip
        trained = Recogniser.train(pairs, encoder=encoder)
        signs, right = [], []
        for text, intent in [*held, *((text, None) for text in strangers)]:
            view = trained.view(text)
            signs.append(view.signs)
            right.append(trained.intents[int(view.order[0])] == intent)
        yield trained, signs, right, [False] * len(held) + [True] * len(strangers)


def loss(weights: Calibration, signs: list[Signs], right: list[bool], strange: list[bool]) -> float:
    """Per message, strangers counted as the share they are taken to be."""
    scores = np.clip([weights.score(one) for one in signs], 1e-6, 1 - 1e-6)
    truth, odd = np.array(right), np.array(strange)
    mass = np.where(odd, recogniser.STRANGERS / odd.mean(), (1 - recogniser.STRANGERS) / (1 - odd.mean()))
    return float(-(mass * np.where(truth, np.log(scores), np.log(1 - scores))).mean())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("data", type=Path)
    asked.add_argument("--bots", type=int, default=200)
    asked.add_argument("--semantic", action="store_true")
    given = asked.parse_args()
    encoder = None
    if given.semantic:
        from flashbot.dialogue.recognition.encoder import sentence_encoder

        encoder = sentence_encoder()
    drawn = list(bots(given.data, given.bots, 1, encoder))
    signs = [one for _, many, _, _ in drawn for one in many]
    right = [one for _, _, many, _ in drawn for one in many]
    strange = [one for _, _, _, many in drawn for one in many]
    prior = Calibration.fit(signs, right, strange, recogniser.STRANGERS, trust=0.001)
    print("PRIOR =", tuple(round(weight, 2) for weight in prior.weights))
    fresh = list(bots(given.data, max(20, given.bots // 4), 2, encoder))
    shipped, other, own = (
        float(np.mean([loss(which(bot), signs, right, strange) for bot, signs, right, strange in fresh]))
        for which in (lambda _: Calibration(calibration.PRIOR), lambda _: prior, lambda bot: bot.calibration)
    )
    print(f"log loss: shipped prior {shipped:.4f}, this one {other:.4f}, what bots made of the shipped one {own:.4f}")


if __name__ == "__main__":
    main()
