"""What ran: versions, revision, seed, digests and times, so that a number can be traced to its making."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from seealike.study.results import Outcome
from seealike.study.spec import Study

_LIBRARIES = (
    "numpy",
    "scipy",
    "torch",
    "torchvision",
    "timm",
    "open_clip_torch",
    "transformers",
    "tokenizers",
    "onnxruntime",
    "pillow",
    "polars",
    "safetensors",
)


@cache
def versions() -> dict[str, str]:
    """The installed versions of the libraries that can change a number."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_revision(folder: Path) -> str | None:
    """The commit of the repository that holds `folder` (with ``+changes`` if it is not clean); None outside one."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def run_record(
    study: Study, outcomes: list[Outcome], elapsed_s: float, warnings: list[str]
) -> dict[str, object]:
    """The record of one run, ready for JSON and for the report."""
    now = datetime.now(UTC)
    by_stage: dict[str, float] = {}
    for outcome in outcomes:
        by_stage[outcome.stage] = by_stage.get(outcome.stage, 0.0) + (outcome.elapsed_s or 0.0)
    counts = Counter(outcome.status for outcome in outcomes)
    return {
        "name": study.name,
        "study_file": study.file.name,
        "study_digest": study.digest,
        "seed": study.settings.seed,
        "normalize": study.settings.normalize,
        "autocast": study.settings.autocast,
        "store": study.settings.store,
        "on_bad_image": study.settings.on_bad_image,
        "started": (now - timedelta(seconds=elapsed_s)).isoformat(timespec="seconds"),
        "finished": now.isoformat(timespec="seconds"),
        "elapsed_s": round(elapsed_s, 3),
        "elapsed_by_stage": {stage: round(s, 3) for stage, s in by_stage.items()},
        "cells": {status: counts.get(status, 0) for status in ("done", "failed", "skipped", "todo")},
        "warnings": warnings,
        "seealike": version("seealike"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(),
        "git_revision": git_revision(study.file.parent),
        "command": " ".join(["seealike", *sys.argv[1:]]),
    }
