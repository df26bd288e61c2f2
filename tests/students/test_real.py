"""The small end to end of studies/align-small.yaml on real images: a student becomes more like people than it was.

The study itself has three seeds, more steps and intervals (docs/students.md). Here, with one seed, the same direction:
more like people, on concepts that nobody has seen, than before and than the control.
"""

import importlib
import re
from pathlib import Path

import pytest

from seealike.cli.tune import tune

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.mark.slow
def test_a_student_becomes_more_like_people_than_the_control(real_data, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    small = importlib.import_module("align_small")
    (tmp_path / "cifar_resnet.py").write_text((STUDIES / "cifar_resnet.py").read_text())
    text = (STUDIES / "align-small.yaml").read_text()
    text = text.replace("seeds: [0, 1, 2]", "seeds: [0]").replace("steps: 150", "steps: 60")
    study = tmp_path / "study.yaml"
    study.write_text(text)

    small.make(real_data, tmp_path / "triplets")
    assert tune(study, set_=[f"data={real_data}", f"triplets={tmp_path / 'triplets'}"]) == 0
    said = "\n".join(small.score(real_data, tmp_path / "triplets", study))
    for other in ("base", "control"):
        gain = float(re.search(rf"aligned - {other}: (\S+) ", said).group(1))
        assert gain > 0.005, said
