"""Downloads: by full address and content, resumed, verified, and never mixed up."""

import hashlib
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from seealike.errors import SourceError, StoreError
from seealike.sources import download
from seealike.sources.download import fetch


def content(seed, size=300_000):
    return np.random.default_rng(seed).bytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@dataclass
class Site:
    """What a server has, how it misbehaves, and what it was asked."""

    files: dict[str, bytes]
    ranges: bool = True
    shift: int = 0
    cut_after: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


def handler(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            site.asked.append((self.path, wanted))
            data = site.files.get(self.path)
            code = site.codes.pop(0) if site.codes else 200 if data is not None else 404
            if code != 200:
                self.send_error(code)
                return
            start = int(wanted[6:-1]) if wanted and site.ranges else 0
            if start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                first = start + site.shift
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            body = data[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.cut_after.pop(0)] if site.cut_after else body)

        def log_message(self, *args):
            pass

    return Handler


@pytest.fixture
def site(monkeypatch, tmp_path):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("SEEALIKE_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "PAUSES_S", (0.0, 0.0))
    site = Site({"/a/model_final.torch": content(1), "/b/model_final.torch": content(2)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(site)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield site
        server.shutdown()
        thread.join()


def get(site, path="/a/model_final.torch", data=None):
    return fetch(site.address + path, sha256(data or site.files[path]), where="model m")


def parts(tmp_path):
    return list((tmp_path / "cache" / "downloads").glob("*.part"))


def test_two_addresses_that_end_alike_stay_two_files(site, tmp_path):
    first, second = get(site), get(site, "/b/model_final.torch")
    assert first != second
    assert (first.read_bytes(), second.read_bytes()) == (content(1), content(2))
    assert first.name == sha256(content(1))
    assert parts(tmp_path) == []
    get(site)
    assert len(site.asked) == 2


def test_the_first_digits_of_a_hash_find_the_file(site):
    url = site.address + "/a/model_final.torch"
    assert fetch(url, sha256(content(1))[:8], where="m").read_bytes() == content(1)
    fetch(url, sha256(content(1))[:10].upper(), where="m")
    assert len(site.asked) == 1


def test_one_content_at_two_addresses_is_downloaded_once(site):
    site.files["/c"] = content(1)
    assert get(site) == get(site, "/c")
    assert len(site.asked) == 1


def test_a_truncated_transfer_goes_on_where_it_stopped(site):
    site.cut_after = [100_000, 50_000]
    assert get(site).read_bytes() == content(1)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_without_ranges_starts_again(site):
    site.ranges, site.cut_after = False, [100_000]
    assert get(site).read_bytes() == content(1)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-"]


def test_a_range_that_was_not_asked_for_is_not_appended(site):
    site.shift, site.cut_after = 7, [100_000]
    assert get(site).read_bytes() == content(1)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-", None]


def test_a_connection_that_always_breaks_keeps_what_came_for_the_next_run(site, tmp_path):
    site.cut_after = [100_000, 0, 0]
    with pytest.raises(
        SourceError, match=r"got 100000 of 300000 bytes; 100000 bytes are kept. .* goes on where"
    ):
        get(site)
    assert [p.stat().st_size for p in parts(tmp_path)] == [100_000]
    assert get(site).read_bytes() == content(1)
    assert site.asked[-1][1] == "bytes=100000-"


def test_a_wrong_hash_names_both_and_keeps_nothing(site, tmp_path):
    with pytest.raises(
        SourceError, match=f"sha256 {sha256(b'x')}, got sha256 {sha256(content(1))}; .* deleted"
    ):
        get(site, data=b"x")
    assert parts(tmp_path) == []
    assert not (tmp_path / "cache" / "downloads" / sha256(content(1))).exists()


def test_a_part_of_an_older_file_is_no_part_of_the_new_one(site):
    site.cut_after = [100_000, 0, 0]
    with pytest.raises(SourceError, match="100000 of 300000"):
        get(site)
    site.files["/a/model_final.torch"] = content(3)
    assert get(site).read_bytes() == content(3)
    assert site.asked[-1][1] is None


@pytest.mark.parametrize("extra", [0, 5])
def test_a_part_that_is_whole_or_too_long(site, tmp_path, extra):
    url = site.address + "/a/model_final.torch"
    folder = tmp_path / "cache" / "downloads"
    folder.mkdir(parents=True)
    part = folder / f"{hashlib.sha256(url.encode()).hexdigest()}.part"
    part.write_bytes(content(1) + b"x" * extra)
    with pytest.raises(SourceError, match=sha256(content(1))):
        fetch(url, None, where="m")
    assert len(site.asked) == 1 + bool(extra)


def test_server_errors_are_tried_again_and_missing_files_are_not(site):
    site.codes = [503, 500]
    assert get(site).read_bytes() == content(1)
    asked = len(site.asked)
    site.codes = [503, 503, 503]
    with pytest.raises(SourceError, match="got HTTP 503 Service Unavailable"):
        get(site, "/b/model_final.torch")
    assert len(site.asked) == asked + 3
    with pytest.raises(SourceError, match="got HTTP 404 Not Found"):
        get(site, "/nothing", data=b"x")
    assert len(site.asked) == asked + 4


def test_no_server_at_all(site):
    with pytest.raises(SourceError, match="Connection refused"):
        fetch("http://127.0.0.1:9/x", "0" * 64, where="m")


def test_without_a_hash_the_download_says_its_own(site):
    url = site.address + "/a/model_final.torch"
    with pytest.raises(SourceError, match=f'got none. .* add sha256: "{sha256(content(1))}"'):
        fetch(url, None, where="model m")
    fetch(url, sha256(content(1)), where="model m")
    assert len(site.asked) == 1


def test_a_copy_that_was_damaged_on_disk_is_downloaded_again(site):
    path = get(site)
    path.write_bytes(b"rot")
    assert get(site).read_bytes() == content(1)
    assert len(site.asked) == 2


@pytest.mark.parametrize("variable", ["SEEALIKE_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_reads_the_cache_and_asks_nobody(site, monkeypatch, variable):
    get(site)
    monkeypatch.setenv(variable, "1")
    assert get(site).read_bytes() == content(1)
    with pytest.raises(
        SourceError, match=rf"in the cache, got none, and this is offline mode \({variable}\)"
    ):
        get(site, "/b/model_final.torch")
    assert len(site.asked) == 1


def test_only_the_network_is_downloaded_from(site):
    with pytest.raises(SourceError, match="expected an http:// or https:// address, got file:///etc/passwd"):
        fetch("file:///etc/passwd", "0" * 64, where="m")


def test_a_cache_that_cannot_be_written(site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="Free some space or set SEEALIKE_CACHE"):
        get(site)


def test_a_process_killed_in_the_middle_leaves_a_part_that_is_gone_on_with(site, tmp_path):
    """The server holds the connection after a third of the file; the process is killed there."""
    held, path = threading.Event(), "/a/model_final.torch"

    class Slow(handler(site)):
        def do_GET(self):
            if held.is_set():
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content(1))))
            self.end_headers()
            self.wfile.write(content(1)[:100_000])
            self.wfile.flush()
            held.wait(20)

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        code = f"from seealike.sources.download import fetch; fetch({site.address + path!r}, None, where='m')"
        with subprocess.Popen([sys.executable, "-c", code]) as process:
            while not any(p.stat().st_size for p in parts(tmp_path)):
                assert process.poll() is None
            process.kill()
        held.set()
        kept = parts(tmp_path)[0].stat().st_size
        assert get(site).read_bytes() == content(1)
        assert site.asked == [(path, f"bytes={kept}-")]
        server.shutdown()
        thread.join()


def test_threads_that_want_one_file_download_it_once(site):
    found = []
    threads = [threading.Thread(target=lambda: found.append(get(site))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(site.asked) == 1


def test_checkpoints_of_one_name_give_each_model_its_own_features(site, tmp_path):
    """What gave three self-supervised models of the literature one and the same checkpoint."""
    from safetensors.torch import save
    from torch import nn

    from seealike.sources.models import CheckpointCard

    pixels, features = np.ones((1, 3, 8, 8), np.float32), []
    for folder in ("simclr", "swav", "pirl"):
        path = f"/{folder}/model_final_checkpoint_phase799.torch"
        state = nn.Conv2d(3, 4, 8).state_dict()
        site.files[path] = save(state)
        entry = {
            "source": "checkpoint", "name": folder, "layer": "output", "input": {"size": 8},
            "network": "torch.nn:Conv2d", "arguments": {"in_channels": 3, "out_channels": 4, "kernel_size": 8},
            "weights_url": site.address + path, "sha256": sha256(site.files[path]),
        }  # fmt: skip
        model = CheckpointCard.model_validate(entry).load("cpu")
        features.append(model.forward(pixels, ["output"])["output"].ravel())
        expected = (state["weight"].sum((1, 2, 3)) + state["bias"]).numpy()
        np.testing.assert_allclose(features[-1], expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(features[0], features[1])
    assert not np.allclose(features[1], features[2])
