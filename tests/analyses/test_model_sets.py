"""The language of model sets: what it means, and what it says of mistakes."""

import polars as pl
import pytest

from seealike.analyses.model_sets import members
from seealike.errors import SpecError, UnknownName

MODELS = pl.DataFrame(
    {
        "model": ["mae-b", "mae-l", "dino-b", "resnet50", "clip"],
        "objective": ["ssl", "ssl", "ssl", "supervised", "image-text"],
        "data": ["ImageNet-1k", "ImageNet-1k", "LVD 142M", None, "(web)"],
    }
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("all", "11111"),
        ("objective == ssl", "11100"),
        ("objective == SSL and not name ~ mae*", "00100"),
        ("not objective == ssl", "00011"),
        ("objective != ssl", "00011"),
        ("name !~ mae-?", "00111"),
        ("objective in (ssl, image-text)", "11101"),
        ("not (objective == ssl or objective == image-text)", "00010"),
        ("objective == ssl or objective == supervised and name == clip", "11100"),
        ("(objective == ssl or objective == supervised) and name ~ *50", "00010"),
        ('data == "LVD 142M"', "00100"),
        ("data == '(web)'", "00001"),
        ("data != ImageNet-1k", "00101"),  # a model without a value is in neither set
        ("NAME==clip", "00001"),
    ],
)
def test_what_it_means(expression, expected):
    assert members(expression, MODELS).tolist() == [digit == "1" for digit in expected]


@pytest.mark.parametrize(
    ("expression", "kind", "said"),
    [
        ("objectiv == ssl", UnknownName, "a field of the models, got 'objectiv'.*objective"),
        ("objective == sssl", UnknownName, "a value of objective, got 'sssl'.*ssl"),
        ("name ~ vit*", UnknownName, "a value of name, got 'vit*'"),
        ("objective ssl", SpecError, "expected ==, !=, ~, !~ or in, got 'ssl'"),
        ("objective ==", SpecError, "expected a value, got the end"),
        ("(objective == ssl", SpecError, "a closing parenthesis, got the end"),
        ("objective == ssl name", SpecError, "and, or, or the end, got 'name'"),
        ("objective in ssl", SpecError, "a list in parentheses"),
        ("objective in (ssl", SpecError, "a comma or a closing parenthesis"),
        ("", SpecError, "a field, got the end"),
        ('objective == "ssl', SpecError, "quoted value"),
        ("objective == ssl and objective == supervised", SpecError, "at least one model, got none"),
    ],
)
def test_mistakes_say_where(expression, kind, said):
    with pytest.raises(kind, match=said.replace("*", r"\*").replace(r".\*", ".*").replace("(", r"\(")):
        members(expression, MODELS)
