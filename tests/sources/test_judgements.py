"""Every source of human judgements on a small tree of its published layout, with a planted observer to recover."""

import json
import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

import seealike
from seealike import Features
from seealike.errors import BadParameter, DataError, MisalignedSamples, UnknownName
from seealike.human.ratings import jnd, rating_agreement
from seealike.human.rdm import rsa_to_human
from seealike.sources.datasets.files import image_files
from seealike.sources.judgements import JUDGEMENT_SOURCES, read_embedding, read_judgements
from seealike.sources.judgements.rdms import things48


def draw(path, strength, seed=0):
    """A small image, `strength` away from the image of its seed."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(80, 170, size=(4, 4, 3))
    noise = np.random.default_rng(99).uniform(-1, 1, size=base.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(base + 12 * strength * noise, 0, 255).astype(np.uint8)).save(path)


def pixels(root):
    """Features of all images of a folder: their pixels, by the ids of an image folder."""
    names = image_files(root)
    values = [np.asarray(Image.open(root / name).convert("RGB"), dtype=np.float32).ravel() for name in names]
    return Features(np.stack(values), tuple(names))


def recovered(root, ratings, n):
    """The planted observer rates by the strength of the distortion: pixels see it."""
    assert len(ratings) == n
    assert rating_agreement(pixels(root), ratings, draws=2).spearman > 0.9


def tid(root, levels=5, kinds=3):
    """Letter case differs between rows and files, as in the published archive."""
    lines = []
    for ref in (1, 2, 25):
        draw(root / "reference_images" / ("i25.bmp" if ref == 25 else f"I{ref:02d}.BMP"), 0, ref)
        for kind in range(1, kinds + 1):
            for level in range(1, levels + 1):
                ending = "BMP" if kind == 1 else "bmp"
                draw(root / "distorted_images" / f"i{ref:02d}_{kind:02d}_{level}.bmp", level, ref)
                head = "I" if (kind, level) == (1, 1) else "i"
                lines.append(f"{6 - level + 0.01 * kind:.5f} {head}{ref:02d}_{kind:02d}_{level}.{ending}")
    (root / "mos_with_names.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("name", "levels"), [("tid2013", 5), ("tid2008", 4)])
def test_tid(tmp_path, name, levels):
    tid(tmp_path, levels)
    ratings = read_judgements(name, tmp_path)
    recovered(tmp_path, ratings, 9 * levels)
    assert ratings.higher_is_better
    assert ratings.references[-1] == "reference_images/i25.bmp"
    assert ratings.distorted[0] == "distorted_images/i01_01_1.bmp"
    assert set(ratings.distortions) == {"01", "02", "03"}


def test_tid_names_the_row_that_is_wrong(tmp_path):
    tid(tmp_path)
    table = tmp_path / "mos_with_names.txt"
    good = table.read_text()
    (tmp_path / "distorted_images" / "i01_01_2.bmp").unlink()
    with pytest.raises(
        DataError, match="mos_with_names.txt row 2: expected the image distorted_images/i01_01_2"
    ):
        read_judgements("tid2013", tmp_path)
    for bad, message in (
        ("5.5 x.bmp", "row 1: expected a name such as"),
        ("5.5", "row 1: expected two columns, got 1"),
    ):
        table.write_text(bad + "\n" + good)
        with pytest.raises(DataError, match=message):
            read_judgements("tid2013", tmp_path)
    table.write_text(good.replace("4.01000", "good"))
    (tmp_path / "distorted_images" / "i01_01_2.bmp").write_bytes(b"")
    with pytest.raises(DataError, match="row 2: expected a number as MOS, got 'good'"):
        read_judgements("tid2013", tmp_path)


def test_kadid(tmp_path):
    rows = ["dist_img,ref_img,dmos,var"]
    for ref in (1, 2):
        draw(tmp_path / "images" / f"I{ref:02d}.png", 0, ref)
        for level in range(1, 6):
            draw(tmp_path / "images" / f"I{ref:02d}_07_{level:02d}.png", level, ref)
            rows.append(f"I{ref:02d}_07_{level:02d}.png,I{ref:02d}.png,{5 - level / 2},0.1")
    (tmp_path / "dmos.csv").write_text("\n".join(rows))
    ratings = read_judgements("kadid10k", tmp_path)
    recovered(tmp_path, ratings, 10)  # "dmos", and yet higher is better
    assert set(ratings.distortions) == {"07"}
    (tmp_path / "dmos.csv").write_text(rows[0].replace("dmos", "mos") + "\n" + rows[1])
    with pytest.raises(UnknownName, match="a column 'dmos'"):
        read_judgements("kadid10k", tmp_path)


def workbook(path, rows):
    """A workbook as Excel writes it: texts in one list, the table from column D and row 4 on."""
    texts = sorted({cell for row in rows for cell in row if isinstance(cell, str)})
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = ""
    for r, row in enumerate(rows, start=4):
        cells += f'<row r="{r}">'
        for letter, cell in zip("DEFGHI", row, strict=True):
            kind, value = ('t="s"', texts.index(cell)) if isinstance(cell, str) else ("", cell)
            cells += f'<c r="{letter}{r}" {kind}><v>{value}</v></c>'
        cells += "</row>"
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/sharedStrings.xml", f"<sst {main}>{''.join(f'<si><t>{t}</t></si>' for t in texts)}</sst>"
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{link}"><sheets><sheet name="by_type" r:id="rId2"/>'
            '<sheet name="all_by_image" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet5.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet5.xml", f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>"
        )


def test_csiq(tmp_path):
    rows = [["image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]]
    for seed, name in enumerate((1600, "boston")):
        draw(tmp_path / "src_imgs" / f"{name}.png", 0, seed)
        for kind, folder, token in (("noise", "awgn", "AWGN"), ("jpeg 2000", "jpeg2000", "jpeg2000")):
            for level in range(1, 6):
                draw(tmp_path / "dst_imgs" / folder / f"{name}.{token}.{level}.png", level, seed)
                rows.append([name, 1, kind, level, 0.05, level / 6])
    workbook(tmp_path / "csiq.DMOS.xlsx", rows)
    ratings = read_judgements("csiq", tmp_path)
    recovered(tmp_path, ratings, 20)
    assert not ratings.higher_is_better
    assert ratings.distorted[0] == "dst_imgs/awgn/1600.AWGN.1.png"
    (tmp_path / "csiq.DMOS.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(DataError, match="expected an Excel workbook"):
        read_judgements("csiq", tmp_path)


def live(root):
    scores, originals, references = [], [], []
    for ref in (1, 2):
        draw(root / "refimgs" / f"ref{ref}.bmp", 0, ref)
    for folder in ("jp2k", "jpeg", "wn", "gblur", "fastfading"):
        (root / folder).mkdir()
        (root / folder / "info.txt").write_text("img1.bmp ref1.bmp 0.5\n")
        for k in range(12):  # 10 before 2 by name: the order is by number
            ref, strength = 1 + k % 2, k // 2
            draw(root / folder / f"img{k + 1}.bmp", strength, ref)
            scores.append(10.0 * strength)
            originals.append(strength == 0)
            references.append(f"ref{ref}.bmp")
    savemat(root / "dmos.mat", {"dmos": np.array([scores]), "orgs": np.array([originals], dtype=np.uint8)})
    savemat(root / "refnames_all.mat", {"refnames_all": np.array([references], dtype=object)})


def test_live(tmp_path):
    live(tmp_path)
    ratings = read_judgements("live", tmp_path)
    recovered(tmp_path, ratings, 50)  # without the ten undistorted copies
    assert not ratings.higher_is_better
    assert ratings.distorted[9] == "jp2k/img12.bmp"
    with pytest.raises(DataError, match="expected the file dmos_realigned.mat, got no such file"):
        read_judgements("live", tmp_path, realigned=True)
    (tmp_path / "wn" / "img3.bmp").unlink()
    with pytest.raises(DataError, match=r"60 images img\*.bmp, one a score, got 59 \(jp2k 12.* wn 11"):
        read_judgements("live", tmp_path)


def test_pipal(tmp_path):
    (tmp_path / "Train_Label").mkdir()
    for ref in (1, 2):
        draw(tmp_path / "Train_Ref" / f"A{ref:04d}.bmp", 0, ref)
        lines = []
        for level in range(6):
            draw(
                tmp_path / f"Train_Distort_{1 + level % 2}" / f"A{ref:04d}_03_{level:02d}.bmp", level + 1, ref
            )
            lines.append(f"A{ref:04d}_03_{level:02d}.bmp,{1500 - 40 * level}")
        (tmp_path / "Train_Label" / f"A{ref:04d}.txt").write_text("\n".join(lines))
    ratings = read_judgements("pipal", tmp_path)
    recovered(tmp_path, ratings, 12)
    assert set(ratings.distortions) == {"03"}
    with pytest.raises(DataError, match="files Train_Label"):
        read_judgements("pipal", tmp_path / "Train_Ref")


NIGHTS = "id,left_vote,right_vote,votes,ref_path,left_path,right_path,prompt,category,split,is_imagenet\n"


def nights(root, n=24):
    """People choose the less distorted variation; every third row has five votes only."""
    lines = []
    rng = np.random.default_rng(0)
    for k in range(n):
        left, right = rng.permutation([1, 4])
        paths = f"ref/000/{k:03d}.png", f"distort/000/{k:03d}_0.png", f"distort/000/{k:03d}_1.png"
        for path, strength in zip(paths, (0, left, right), strict=True):
            draw(root / path, strength, k)
        votes = 5 if k % 3 == 2 else 8
        split = ("train", "val", "test")[k % 2 + (k % 4 == 3)]
        lines.append(
            f"{k},{int(left < right)},{int(right < left)},{votes},{','.join(paths)},a cat,cat,{split},{k < 12}"
        )
    (root / "data.csv").write_text(NIGHTS + "\n".join(lines) + "\n")


def test_nights(tmp_path):
    nights(tmp_path)
    choices = read_judgements("nights", tmp_path)
    assert len(choices) == 16
    assert len(read_judgements("nights", tmp_path, min_votes=0)) == 24
    assert set(read_judgements("nights", tmp_path, split="test").groups) == {"test"}
    parts = [
        read_judgements("nights", tmp_path, split=f"test_{part}") for part in ("imagenet", "no_imagenet")
    ]
    assert sum(map(len, parts)) == len(read_judgements("nights", tmp_path, split="test"))
    found = seealike.two_afc(pixels(tmp_path), choices)
    assert found.accuracy == 1
    assert found.low > 0.7
    assert choices.references[0] == "ref/000/000.png"


def test_nights_says_what_is_wrong(tmp_path):
    nights(tmp_path, 6)
    table = tmp_path / "data.csv"
    good = table.read_text()
    table.write_text(good.replace("\n3,1,0", "\n3,1,1").replace("\n3,0,1", "\n3,1,1"))
    with pytest.raises(
        DataError, match="row 4: expected shares of votes for left and right that sum to 1, got 1.0 and 1"
    ):
        read_judgements("nights", tmp_path)
    table.write_text(good.replace("distort/000/003_1.png", "distort/000/103_1.png"))
    with pytest.raises(
        DataError, match="data.csv row 4: expected the image distort/000/103_1.png, got no such file"
    ):
        read_judgements("nights", tmp_path)
    table.write_text(good)
    with pytest.raises(DataError, match="at least 9 votes, got none"):
        read_judgements("nights", tmp_path, min_votes=9)
    with pytest.raises(BadParameter, match="nights: split: expected 'train'"):
        read_judgements("nights", tmp_path, split="dev")


def bapps(root, n=30):
    rng = np.random.default_rng(1)
    for part in ("traditional", "cnn"):
        for k in range(n):
            strengths = rng.uniform(0, 5, size=2)
            for name, strength in zip(("ref", "p0", "p1"), (0, *strengths), strict=True):
                draw(root / "2afc/val" / part / name / f"{k:06d}.png", strength, k)
            prefers_p1 = 1 / (1 + np.exp(3 * (strengths[1] - strengths[0])))
            judge = root / "2afc/val" / part / "judge" / f"{k:06d}.npy"
            judge.parent.mkdir(exist_ok=True)
            np.save(judge, np.array([rng.binomial(5, prefers_p1) / 5], dtype=np.float32))
            draw(root / "jnd/val" / part / "p0" / f"{k:06d}.png", 0, k)
            draw(root / "jnd/val" / part / "p1" / f"{k:06d}.png", strengths[0], k)
            same = root / "jnd/val" / part / "same" / f"{k:06d}.npy"
            same.parent.mkdir(exist_ok=True)
            np.save(same, np.array([rng.binomial(3, 1 / (1 + np.exp(3 * (strengths[0] - 2)))) / 3]))


def test_bapps(tmp_path):
    bapps(tmp_path)
    choices = read_judgements("bapps", tmp_path)
    assert len(choices) == 60
    assert set(choices.groups) == {"cnn", "traditional"}
    features = pixels(tmp_path)
    found, ceiling = seealike.two_afc(features, choices), seealike.noise_ceiling(choices)
    assert found.low < ceiling.leave_one_out < found.high
    assert found.accuracy <= ceiling.majority
    pairs = read_judgements("bapps_jnd", tmp_path, parts=["cnn"])
    assert len(pairs) == 30
    assert jnd(features, pairs, draws=20).average_precision > 0.7 > pairs.same_share.mean() + 0.1


def test_bapps_joins_by_number_never_by_position(tmp_path):
    bapps(tmp_path, 4)
    (tmp_path / "2afc/val/cnn/p1/000001.png").unlink()
    with pytest.raises(
        DataError, match=r"2afc/val/cnn/p1: expected the same numbers as beside it, got no 000001 \(1"
    ):
        read_judgements("bapps", tmp_path)
    with pytest.raises(DataError, match="patches below 2afc/train, got no such folder"):
        read_judgements("bapps", tmp_path, split="train")
    np.save(tmp_path / "jnd/val/cnn/same/000002.npy", np.array([1.5]))
    with pytest.raises(DataError, match="row 2: expected a share of votes between 0 and 1, got 1.5"):
        read_judgements("bapps_jnd", tmp_path)


#: In the order of unique_id.txt, which is not that of the image files.
OBJECTS = ["aardvark", "camera_lens", "camera1", "chicken_wire", "chicken1", "ice", "ice-cream_cone", "zebra"]
FILES = ["aardvark", "camera1", "camera_lens", "chicken1", "chicken_wire", "ice-cream_cone", "ice", "zebra"]


def things(root, n=600):
    """An embedding in the order of ids; trials of people who follow it, in numbers of image files."""
    rng = np.random.default_rng(2)
    z = 2 * rng.random((8, 5))
    (root / "unique_id.txt").write_text("\n".join(OBJECTS) + "\n")
    np.savetxt(root / "embedding.txt", z)
    (root / "sortindex").write_text("\n".join(str(FILES.index(name)) for name in OBJECTS) + "\n")
    of = {name: z[k] for k, name in enumerate(OBJECTS)}
    raw, derived = [], []
    for rater in range(n):
        i, j, k = rng.choice(8, 3, replace=False)
        a, b, c = (of[FILES[x]] for x in (i, j, k))
        odd = int(np.argmax([b @ c, a @ c, a @ b]))
        raw.append(f"{i + 1}\t{j + 1}\t{k + 1}\t{odd + 1}\t{rater % 7}")
        rest = [x for place, x in enumerate((i, j, k)) if place != odd]
        derived.append([*rest, (i, j, k)[odd]])
    (root / "raw.csv").write_text("\n".join(raw))
    (root / "headed.csv").write_text("img1\timg2\timg3\tchoice\tsubject\n" + "\n".join(raw))
    (root / "derived.txt").write_text("\n".join(" ".join(map(str, row)) for row in derived))
    np.save(root / "test_10.npy", np.array(derived))


@pytest.mark.parametrize("file", ["raw.csv", "headed.csv", "derived.txt", "test_10.npy"])
def test_things_in_every_format_joins_by_object(tmp_path, file):
    things(tmp_path)
    features = read_embedding(tmp_path / "embedding.txt", tmp_path / "unique_id.txt")
    trials = read_judgements(
        "things", tmp_path / file, ids=tmp_path / "unique_id.txt", sortindex=tmp_path / "sortindex"
    )
    assert seealike.odd_one_out(features, trials).accuracy == 1
    assert (trials.raters is not None) == file.endswith(".csv")
    wrong = read_judgements("things", tmp_path / file, ids=tmp_path / "unique_id.txt", order="unique_id")
    assert seealike.odd_one_out(features, wrong).accuracy < 0.8


def test_things_by_image(tmp_path):
    things(tmp_path)
    options = {"ids": tmp_path / "unique_id.txt", "sample": "{id}/{id}_01b.jpg"}
    trials = read_judgements("things", tmp_path / "derived.txt", **options)
    assert set(trials.triplets.ravel()) == {f"{name}/{name}_01b.jpg" for name in OBJECTS}


def test_things_refuses_what_it_would_have_to_guess(tmp_path):
    things(tmp_path)
    ids, table = tmp_path / "unique_id.txt", tmp_path / "derived.txt"
    table.write_text("1 2 3\n4 5 6\n")
    with pytest.raises(DataError, match="got 1 to 6, which may count from 0 or from 1. Say `base: 0`"):
        read_judgements("things", table, ids=ids)
    assert read_judgements("things", table, ids=ids, base=1).triplets[0].tolist() == FILES[:3]
    assert read_judgements("things", table, ids=ids, base=0).triplets[0].tolist() == FILES[1:4]
    for text, message in (
        ("0 1 8\n", "numbers of 8 objects, got 0 to 8"),
        (
            "0 1 2\n3 4 4\n",
            "line 2: expected three different objects, got chicken1, chicken_wire, chicken_wire",
        ),
        ("0 1 2\n3 4\n", "line 2: expected 3 whole numbers, got 3 4"),
        ("1 2 8 0\n", "row 0: expected 1, 2 or 3"),
    ):
        table.write_text(text)
        with pytest.raises(DataError, match=message):
            read_judgements("things", table, ids=ids)
    table.write_text("0 1 7\n")
    (tmp_path / "other").write_text("\n".join(map(str, range(8))))
    with pytest.raises(DataError, match="expected camera1 as object 1 of the image files, got camera_lens"):
        read_judgements("things", table, ids=ids, sortindex=tmp_path / "other")
    np.savetxt(tmp_path / "short.txt", np.ones((3, 2)))
    with pytest.raises(MisalignedSamples, match="8 rows, one an id, got 3"):
        read_embedding(tmp_path / "short.txt", ids)


def test_human_matrices_in_every_shape(tmp_path):
    rng = np.random.default_rng(3)
    names = [f"object {k}" for k in range(10)]
    (tmp_path / "ids.txt").write_text("\n".join(names))
    x = rng.standard_normal((10, 3))
    upper = np.triu_indices(10, 1)
    square = np.linalg.norm(x[:, None] - x[None], axis=-1)
    people = np.stack([square + 0.1 * k for k in range(3)])  # one matrix a participant
    savemat(tmp_path / "one.mat", {"rdm": square, "n": np.array([3, 4])})
    savemat(tmp_path / "people.mat", {"rdms": people.transpose(1, 2, 0)})
    np.save(tmp_path / "triangle.npy", square[upper])
    np.save(tmp_path / "triangles.npy", np.stack([square[upper]] * 4))
    np.save(tmp_path / "similar.npy", 5 - square)
    np.savetxt(tmp_path / "plain.txt", square)
    shuffled = Features(x[::-1].copy(), tuple(names[::-1]))
    for file, options in {
        "one.mat": {"variable": "rdm"},
        "people.mat": {},
        "triangle.npy": {},
        "triangles.npy": {},
        "similar.npy": {"similarities": True},
        "plain.txt": {},
    }.items():
        human = read_judgements("human_rdm", tmp_path / file, ids=tmp_path / "ids.txt", **options)
        found = rsa_to_human(shuffled, human, "euclidean", permutations=9)
        assert found.correlation == pytest.approx(1), file
    with pytest.raises(DataError, match="one matrix, got .*'rdm'.*Say which as `variable:`"):
        read_judgements("human_rdm", tmp_path / "one.mat", ids=tmp_path / "ids.txt")
    (tmp_path / "ids.txt").write_text("a\nb\nc")
    with pytest.raises(DataError, match="dissimilarities of 3 samples.*a triangle of 10 samples"):
        read_judgements("human_rdm", tmp_path / "triangle.npy", ids=tmp_path / "ids.txt")


def test_things48_knows_its_objects(tmp_path):
    values = np.random.default_rng(4).random((48, 48))
    savemat(tmp_path / "RDM48_triplet.mat", {"RDM48_triplet": values + values.T})
    human = read_judgements("things48", tmp_path / "RDM48_triplet.mat", sample="{id}_01b.jpg")
    assert human.sample_ids == tuple(f"{name}_01b.jpg" for name in things48())
    savemat(tmp_path / "RDM48_triplet.mat", {"RDM48_triplet": values})
    with pytest.raises(DataError, match="a symmetric matrix"):
        read_judgements("things48", tmp_path / "RDM48_triplet.mat")


def levels(n_participants=4, n=40):
    rng = np.random.default_rng(5)
    images = [f"n{c:02d}/{c}_{k}.JPEG" for c in range(6) for k in range(4)]
    z = dict(zip(images, 2 * rng.random((24, 4)), strict=True))
    made = {}
    for person in range(n_participants):
        trials = []
        for k in range(n if person else 3):  # the first gave up
            three = [images[i] for i in rng.choice(24, 3, replace=False)]
            a, b, c = (z[name] for name in three)
            odd = int(np.argmax([b @ c, a @ c, a @ b]))
            trials.append(
                {
                    **{f"image{i + 1}Path": name for i, name in enumerate(three)},
                    "selected_image": three[odd],
                    "rt": np.float64(900 + k) if k else None,
                    "triplet_type": ("between_class", "within_class", "class_border")[k % 3],
                    "exp_trial_type": "catch" if k == 5 else "exp_trial",
                }
            )
        made[f"P{person}"] = trials
    return made, Features(np.stack(list(z.values())), tuple(z))


def test_levels(tmp_path):
    made, features = levels()
    (tmp_path / "levels.pkl").write_bytes(pickle.dumps(made))
    (tmp_path / "levels.json").write_text(json.dumps(made, default=float))
    for file in ("levels.pkl", "levels.json"):
        trials = read_judgements("levels", tmp_path / file, min_trials=30)
        assert len(trials) == 3 * 39
        assert set(trials.raters) == {"P1", "P2", "P3"}
        assert set(trials.kinds) == {"coarse", "fine", "border"}
        assert np.isnan(trials.response_times[0])
        assert trials.response_times[1] == 901
        assert seealike.odd_one_out(features, trials).accuracy == 1
        assert 0 < len(trials[trials.kinds == "fine"]) < 60
    with pytest.raises(DataError, match="at least 300 trials, got none"):
        read_judgements("levels", tmp_path / "levels.json")


def test_levels_says_what_is_wrong(tmp_path):
    made, _ = levels()
    made["P1"][7]["selected_image"] = "another.JPEG"
    (tmp_path / "levels.json").write_text(json.dumps(made, default=float))
    with pytest.raises(DataError, match="participant P1, trial 8: expected one of the three images"):
        read_judgements("levels", tmp_path / "levels.json", min_trials=1)
    del made["P1"][7]["rt"]
    (tmp_path / "levels.json").write_text(json.dumps(made, default=float))
    with pytest.raises(DataError, match="trial 8: expected the keys .* got no rt"):
        read_judgements("levels", tmp_path / "levels.json", min_trials=1)


class Dangerous:
    """What a pickle may hide."""

    def __reduce__(self):
        return exec, ("raise SystemExit('ran')",)


def test_pickles_are_never_run(tmp_path):
    (tmp_path / "levels.pkl").write_bytes(pickle.dumps({"P1": [Dangerous()]}))
    with pytest.raises(
        DataError, match="a pickle of dictionaries, lists, texts and numbers, got builtins.exec"
    ):
        read_judgements("levels", tmp_path / "levels.pkl")


def test_every_source_is_tried_here_and_unknown_ones_are_refused(tmp_path):
    assert set(JUDGEMENT_SOURCES) == {
        *("tid2013", "tid2008", "kadid10k", "csiq", "live", "pipal", "nights", "bapps", "bapps_jnd"),
        *("things", "things48", "human_rdm", "levels"),
    }
    with pytest.raises(UnknownName, match="Did you mean 'tid2013'"):
        read_judgements("tid-2013", tmp_path)
    with pytest.raises(BadParameter, match="nights: minimum.*one of its keys .name, path, split, min_votes"):
        read_judgements("nights", tmp_path, minimum=3)
    with pytest.raises(BadParameter, match="which does not exist"):
        read_judgements("nights", tmp_path / "nowhere")


def test_an_object_twice_in_a_trial_is_named_with_its_file_and_line(tmp_path):
    (tmp_path / "ids.txt").write_text("cat\ndog\ncar\n")
    how = {"ids": tmp_path / "ids.txt", "order": "unique_id"}
    (tmp_path / "plain.txt").write_text("0 1 2\n0 2 2\n")
    with pytest.raises(
        DataError, match=r"plain.txt line 2: expected three different objects, got cat, car, car"
    ):
        read_judgements("things", tmp_path / "plain.txt", **how)
    (tmp_path / "headed.txt").write_text("a b c odd who\n1 2 3 3 7\n1 1 3 3 7\n")
    with pytest.raises(DataError, match=r"headed.txt line 3: .* got cat, cat, car"):
        read_judgements("things", tmp_path / "headed.txt", **how)
    np.save(tmp_path / "trials.npy", np.array([[0, 1, 2], [1, 1, 2]]))
    with pytest.raises(DataError, match=r"trials.npy row 1: .* got dog, dog, car"):
        read_judgements("things", tmp_path / "trials.npy", **how)


def test_an_option_that_a_source_does_not_have_is_told_with_its_likeness(tmp_path):
    (tmp_path / "ids.txt").write_text("cat\ndog\ncar\n")
    with pytest.raises(BadParameter, match=r"things: ordr: .* got no such key. Did you mean 'order'"):
        read_judgements("things", tmp_path, ids=tmp_path / "ids.txt", ordr="file")
    with pytest.raises(BadParameter, match="things: base: expected 0 or 1, got 2"):
        read_judgements("things", tmp_path, ids=tmp_path / "ids.txt", base=2)
    with pytest.raises(BadParameter, match="things: ids: expected a value, got nothing"):
        read_judgements("things", tmp_path)
