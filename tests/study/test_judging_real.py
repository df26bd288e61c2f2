"""Trained networks against judgements made by a stated rule (they are nobody's): depth serves classes."""

import runpy
import sys
from pathlib import Path

import polars as pl
import pytest

from seealike import read_studies, run

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_layers_of_trained_networks(real_data, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["made", str(real_data / "images/caltech101"), str(tmp_path / "made")])
    runpy.run_path(str(ROOT / "studies/made_judgements.py"), run_name="__main__")
    text = (ROOT / "studies/made-judgements.yaml").read_text()
    listed = "in1k_mnv2_100_224, in1k_mnv1_025_128, autoenc_taesana, seg_pascal_dlv3_mnv2_dm05"
    assert listed in text
    study_file = tmp_path / "study.yaml"
    study_file.write_text(
        text.replace(listed, "in1k_mnv1_025_128, autoenc_taesana").replace("draws: 50", "draws: 10")
    )
    values = {"data": str(real_data), "made": str(tmp_path / "made")}
    (study,) = read_studies(study_file, values)
    assert {outcome.status for outcome in run(study)} == {"done"}
    rows = pl.read_parquet(tmp_path / "results/made-judgements/tables/alignment.parquet")
    found = {
        (model, layer): value
        for model, layer, value in rows.filter(score="odd_one_out", distance="cosine")
        .select("model", "layer", "value")
        .rows()
    }
    network = "in1k_mnv1_025_128"
    assert found[network, "features"] > found[network, "stage1"] + 0.1
    assert found[network, "features"] > found["autoenc_taesana", "features"] + 0.1
    differences = pl.read_parquet(tmp_path / "results/made-judgements/tables/alignment_differences.parquet")
    row = differences.filter(human="classes", distance="cosine", model_x=network, model_y="autoenc_taesana")
    assert row["low"].item() > 0
    pixels = rows.filter(model="pixels", human="distortions", score="spearman")["value"].item()
    early = rows.filter(model=network, layer="stage1", human="distortions", score="spearman")["value"].item()
    assert early > 0.5
    assert pixels > 0.3
