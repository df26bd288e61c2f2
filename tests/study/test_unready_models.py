"""A model whose library is missing, or that does not exist, fails by itself; the study goes on."""

import sys

from seealike import read_studies, run

OTHERS = """
  - {source: open_clip, name: clip, model: ViT-B-32, pretrained: openai, layer: visual, fields: {objective: image-text}}
  - {source: torchvision, name: typo, model: resnet5o, layer: avgpool, fields: {objective: supervised}}
"""


def test_models_that_cannot_be_known_are_failed_cells(study_file, monkeypatch):
    text = study_file.read_text(encoding="utf-8")
    study_file.write_text(
        text.replace("datasets:\n", OTHERS.lstrip("\n") + "datasets:\n", 1), encoding="utf-8"
    )
    monkeypatch.setitem(sys.modules, "open_clip", None)
    outcomes = [o for o in run(read_studies(study_file)[0]) if o.stage == "extract"]
    failed = {o.cell.partition(" ×")[0]: o.reason for o in outcomes if o.status == "failed"}
    assert sorted(failed) == ["clip", "typo"]
    assert 'pip install "seealike[open_clip]"' in failed["clip"]
    assert "Did you mean 'resnet50'" in failed["typo"]
    assert sum(o.status == "done" for o in outcomes) == 8
