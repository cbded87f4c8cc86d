"""A model is released while people talk: a real ``bot.serve`` against a small services server."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.model_archive import BrokenArchive, check
from tests.bot.conftest import FIXTURES, TOKEN, Rasa, train_small
from tests.bot.model_services import ModelServices
from tests.patience import PATIENCE_S

NEW_GREETING = "您好，我是新的邻答。"
#: Long enough for many questions at a poll of 0.2 s.
SOME_POLLS_S = 1.5


def sha256(archive: bytes) -> str:
    return hashlib.sha256(archive).hexdigest()


@pytest.fixture(scope="session")
def second_model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model that greets in other words."""
    folder = tmp_path_factory.mktemp("second")
    domain = (FIXTURES / "domain.yml").read_text(encoding="utf-8")
    changed = folder / "domain.yml"
    changed.write_text(domain.replace("您好，我是邻答。", NEW_GREETING), encoding="utf-8")
    return train_small(folder / "model", changed).read_bytes()


def changed(archive: bytes, change: Callable[[tarfile.TarInfo, bytes], bytes | None]) -> bytes:
    """A copy of a model whose files went through ``change``; ``None`` leaves one out."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(None, "w:gz", out) as new:
        for member in old:
            file = old.extractfile(member)
            content = change(member, file.read()) if file else b""
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return out.getvalue()


def cannot_parse(archive: bytes) -> bytes:
    """Loads, and breaks at the first sentence."""

    def change(member: tarfile.TarInfo, content: bytes) -> bytes:
        return pickle.dumps("no model") if member.name.endswith("intents.pkl") else content

    return changed(archive, change)


def needs_diet(archive: bytes) -> bytes:
    """Says that it uses a TensorFlow component."""

    def change(member: tarfile.TarInfo, content: bytes) -> bytes:
        if not member.name.endswith("metadata.json"):
            return content
        metadata = json.loads(content)
        node = next(iter(metadata["predict_schema"]["nodes"].values()))
        node["uses"] = "rasa.nlu.classifiers.diet_classifier.DIETClassifier"
        return json.dumps(metadata).encode()

    return changed(archive, change)


def leads_out(archive: bytes) -> bytes:
    """Has a member that would be written beside the folder it is unpacked in."""

    def change(member: tarfile.TarInfo, content: bytes) -> bytes:
        if member.name.endswith("mean.npy"):
            member.name = "../mean.npy"
        return content

    return changed(archive, change)


class Talk:
    """A running Rasa and the services it asks; each test begins with the first model."""

    def __init__(self, rasa: Rasa, services: ModelServices, first: bytes) -> None:
        self.rasa, self.services = rasa, services
        self.first = sha256(first)
        self._archive = first
        self._told = 0

    def begin(self) -> Talk:
        """Serve the first model, and forget what was."""
        self.services.token, self.services.cut = TOKEN, None
        self.services.release(self._archive)
        deadline = time.monotonic() + PATIENCE_S
        while not self._calm():
            assert time.monotonic() < deadline, self.services.reports
            time.sleep(0.05)
        self.services.reports.clear()
        self.services.sent = 0
        self._told = len(self.rasa.log)
        return self

    def _calm(self) -> bool:
        last = self.services.reports[-1:]
        return bool(last) and (last[0]["model"], last[0]["wanted"]) == (self.first, None)

    @property
    def log(self) -> str:
        """What was printed since :meth:`begin`."""
        return self.rasa.log[self._told :]


def start_rasa(folder: Path, model: Path, services: ModelServices) -> Rasa:
    return Rasa(folder, model, LINDA_URL=services.url, LINDA_MODEL_POLL_S="0.2").start()


@pytest.fixture(scope="module")
def running(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    services = ModelServices(TOKEN)
    rasa = start_rasa(tmp_path_factory.mktemp("release"), model_path, services)
    yield Talk(rasa, services, model_path.read_bytes())
    rasa.stop()
    services.close()


@pytest.fixture
def talk(running: Talk) -> Talk:
    return running.begin()


def greet(rasa: Rasa, sender: str) -> dict[str, Any]:
    body = {"sender": sender, "message_id": "m1", "kind": "text", "text": "你好",
            "metadata": {"now": "2026-11-24T10:00:00+08:00", "mode": "bot"}}  # fmt: skip
    status, answer = rasa.ask("/webhooks/linda/webhook", body)
    assert status == 200, answer
    return dict(answer)


def test_a_release_in_the_middle_of_talk_loses_nothing(talk: Talk, second_model: bytes) -> None:
    rasa, services, first = talk.rasa, talk.services, talk.first
    answers: list[dict[str, Any]] = []
    over = threading.Event()

    def chat(name: str) -> None:
        number = 0
        while not over.is_set():
            answers.append(greet(rasa, f"{name}-{number}"))
            number += 1

    people = [threading.Thread(target=chat, args=(f"p{n}",)) for n in range(3)]
    for person in people:
        person.start()
    time.sleep(0.5)
    new = services.release(second_model)
    served = services.wait_for(lambda report: report["model"] == new)
    assert (served["state"], served["wanted"], served["error"]) == ("serving", None, None)
    assert served["process"].endswith(f":{rasa.port}")
    time.sleep(0.5)
    over.set()
    for person in people:
        person.join()

    greetings = {first: "您好，我是邻答。", new: NEW_GREETING}
    assert {a["understood"]["model"] for a in answers} == {first, new}
    for answer in answers:
        assert answer["messages"][0]["text"] == greetings[answer["understood"]["model"]]
        assert answer["understood"]["intent"] == "greet"
    status, shown = rasa.ask("/status")
    assert (status, shown["model_file"]) == (200, f"serving-{rasa.port}.tar.gz")


def test_what_was_understood_before_a_release_keeps_its_model(
    talk: Talk, second_model: bytes
) -> None:
    rasa, services = talk.rasa, talk.services
    first = greet(rasa, "before")
    new = services.release(second_model)
    services.wait_for(lambda report: report["model"] == new)
    again = rasa.ask(
        "/webhooks/linda/webhook",
        {"sender": "before", "message_id": "m1", "kind": "text", "text": "你好", "retry": True},
    )[1]
    assert again["understood"] == first["understood"]
    assert again["understood"]["model"] == talk.first


def test_a_restart_without_services_serves_the_last_copy(
    model_path: Path, tmp_path: Path, second_model: bytes
) -> None:
    services = ModelServices(TOKEN)
    new = services.release(second_model)
    rasa = start_rasa(tmp_path, model_path, services)
    services.wait_for(lambda report: report["model"] == new)
    services.close()
    rasa.stop()
    rasa.start()
    assert greet(rasa, "c1")["messages"][0]["text"] == NEW_GREETING
    assert greet(rasa, "c2")["understood"]["model"] == new

    rasa.stop()
    copy = rasa.folder / "models" / f"serving-{rasa.port}.tar.gz"
    copy.write_bytes(second_model[:-1000])
    rasa.start()
    assert greet(rasa, "c3")["messages"][0]["text"] == "您好，我是邻答。"
    rasa.stop()
    assert f"{copy.name}：模型文件不完整或已损坏" in rasa.log


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda archive: archive[:-1000], "不完整或已损坏"),
        (cannot_parse, "试运行没有通过"),
        (needs_diet, "TensorFlow"),
        (leads_out, "不允许的内容"),
        (lambda archive: pickle.dumps("no archive"), "不完整或已损坏"),
    ],
    ids=["cut", "cannot-parse", "tensorflow", "leads-out", "no-archive"],
)
def test_a_model_that_cannot_be_used_is_told_once_and_the_old_one_goes_on(
    talk: Talk, second_model: bytes, spoil: Callable[[bytes], bytes], told: str
) -> None:
    rasa, services, first = talk.rasa, talk.services, talk.first
    before = {p.name: p.read_bytes() for p in (rasa.folder / "models").glob("*")}
    bad = services.release(spoil(second_model))
    failed = services.wait_for(lambda report: report["state"] == "failed")
    assert (failed["model"], failed["wanted"]) == (first, bad)
    assert told in failed["error"]
    time.sleep(SOME_POLLS_S)
    assert services.sent == 1, "a model that was refused is not fetched again and again"
    assert talk.log.count("没有启用") == 1
    assert greet(rasa, f"bad-{bad}")["understood"]["model"] == first
    assert {p.name: p.read_bytes() for p in (rasa.folder / "models").iterdir()} == before

    good = services.release(second_model)  # another release is looked at at once
    served = services.wait_for(lambda report: report["model"] == good)
    assert (served["state"], served["wanted"], served["error"]) == ("serving", None, None)


def test_a_wrong_checksum_is_refused(talk: Talk, second_model: bytes) -> None:
    announced = talk.services.release(second_model, announced="0" * 64)
    failed = talk.services.wait_for(lambda report: report["wanted"] == announced)
    assert "校验和" in failed["error"]


def test_a_broken_download_is_tried_again(talk: Talk, second_model: bytes) -> None:
    services = talk.services
    services.cut = 5000
    new = services.release(second_model)
    failed = services.wait_for(lambda report: report["state"] == "failed")
    assert "中断" in failed["error"]
    services.cut = None
    services.wait_for(lambda report: report["model"] == new)


def test_a_full_disk_is_told(talk: Talk, second_model: bytes) -> None:
    """The file that the download goes to is really a full device."""
    rasa, services = talk.rasa, talk.services
    folder = rasa.folder / "models"
    folder.mkdir(exist_ok=True)
    (folder / f"serving-{rasa.port}.tar.gz.part").symlink_to("/dev/full")
    services.release(second_model)
    failed = services.wait_for(lambda report: report["state"] == "failed")
    assert failed["error"] == "磁盘空间不足"
    assert greet(rasa, "full")["understood"]["model"] == talk.first, "the old one goes on"


def test_a_withdrawn_release_is_no_failure_any_more(
    talk: Talk, model_path: Path, second_model: bytes
) -> None:
    services = talk.services
    services.release(second_model, announced="0" * 64)
    services.wait_for(lambda report: report["state"] == "failed")
    heard = len(services.reports)
    first = services.release(model_path.read_bytes())
    back = services.wait_for(lambda report: report["state"] == "serving", since=heard)
    assert (back["model"], back["wanted"], back["error"]) == (first, None, None)


def test_no_model_yet_and_a_refused_token_change_nothing(talk: Talk) -> None:
    talk.services.archive = None
    time.sleep(SOME_POLLS_S)
    assert talk.log == ""
    talk.services.token = "another"
    time.sleep(SOME_POLLS_S)
    assert talk.log.count("口令不被接受") == 1
    assert greet(talk.rasa, "quiet")["understood"]["model"] == talk.first


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_an_archive_with_links_or_devices_is_refused(tmp_path: Path, kind: bytes) -> None:
    file = tmp_path / "model.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("metadata.json"))
        member = tarfile.TarInfo("components/x")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(BrokenArchive, match="不允许"):
        check(file)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "components/../../x"])
def test_an_archive_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "model.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(BrokenArchive, match="不允许"):
        check(file)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("photo.jpg"))
    with pytest.raises(BrokenArchive, match="不是对话模型"):
        check(file)
