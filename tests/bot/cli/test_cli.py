"""What the ``passage`` command promises people and programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot import compose
from bot.cli import app
from bot.text.graphemes import MOST_MARKS
from index.errors import ModelError
from index.models.compiled import ModelStore
from tests.support.fakes import BagOfWords, SharedWords
from tests.support.local_sites import serving

HARBOUR = "The harbour of Oslo was built in 1850. It cost nine crowns."
BRIDGE = "The bridge of Bergen was opened by a queen. The queen gave a long speech."


class Ran(NamedTuple):
    """What one run of the command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Run the command on a library of its own, with models that can be followed by hand."""
    monkeypatch.setattr(compose, "load_embedder", lambda *_: BagOfWords())
    monkeypatch.setattr(compose, "load_span_model", lambda *_: SharedWords())
    monkeypatch.setenv("PASSAGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PASSAGE_STARTER", "false")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["passage", *arguments])
        try:
            app.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return run


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    file = tmp_path / "harbour.txt"
    file.write_text(f"{HARBOUR}\n", "utf-8")
    return file


def test_an_added_article_answers_with_its_words_and_where_they_stand(
    passage: Run, harbour: Path
) -> None:
    added = passage("add", str(harbour), "--json").json
    assert (added["added"], added["passages"], added["errors"]) == (1, 1, [])
    answer = passage("ask", "harbour of Oslo built", "--json").json
    assert list(answer) == [
        "question",
        "state",
        "confidence",
        "reason",
        "answer",
        "passages",
        "timing_ms",
    ]
    assert answer["state"] == "answer"
    assert answer["answer"]["text"] == "The harbour of Oslo was built in 1850."
    assert list(answer["answer"]) == ["text", "marked", "marked_start", "article", "start", "end"]
    assert answer["answer"]["marked"] == "1850"
    first = answer["passages"][0]
    assert list(first) == [
        "rank",
        "score",
        "dense",
        "bm25",
        "evidence",
        "article",
        "section",
        "page",
        "text",
        "start",
        "end",
    ]
    assert first["article"]["id"] == added["articles"][0]["id"]
    whole = passage("show", first["article"]["id"], "--json").json["text"]
    assert whole[first["start"] : first["end"]] == first["text"]
    quote = answer["answer"]
    assert whole[quote["start"] : quote["end"]] == quote["text"]
    assert whole[quote["marked_start"] :].startswith("1850")


def test_the_words_that_answer_are_marked_where_nothing_can_be_bold(
    passage: Run, harbour: Path
) -> None:
    passage("add", str(harbour))
    shown = passage("ask", "harbour of Oslo built").out
    assert "**The harbour of Oslo was built in __1850__.**" in shown


def test_without_a_reader_no_words_are_marked(
    passage: Run, harbour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage("add", str(harbour))
    monkeypatch.setenv("PASSAGE_READER", "none")
    answer = passage("ask", "harbour of Oslo built", "--json").json
    assert (answer["state"], answer["answer"]["marked"]) == ("answer", None)
    assert answer["passages"][0]["evidence"] is None


def test_a_question_that_nothing_answers_gets_none_and_no_words(
    passage: Run, harbour: Path
) -> None:
    passage("add", str(harbour))
    answer = passage("ask", "banana smoothies", "--json").json
    assert (answer["state"], answer["answer"]) == ("none", None)
    shown = passage("ask", "banana smoothies").out
    assert "Not in here" in shown
    assert {"“banana”", "“smoothies”"} <= set(shown.split())


def test_an_empty_library_says_so(passage: Run) -> None:
    answer = passage("ask", "anything", "--json").json
    assert (answer["state"], answer["passages"]) == ("none", [])
    assert answer["reason"] == "the library is empty"


def test_a_batch_is_answered_in_its_order_with_its_ids(
    passage: Run, harbour: Path, tmp_path: Path
) -> None:
    passage("add", str(harbour))
    batch = tmp_path / "questions.jsonl"
    rows = [{"id": n, "text": f"harbour {n}"} for n in (3, 1, 2)]
    batch.write_text("\n\n".join(json.dumps(row) for row in rows), "utf-8")
    lines = passage("ask", "--batch", str(batch), "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [3, 1, 2]
    assert [json.loads(line)["question"] for line in lines] == [r["text"] for r in rows]


def test_a_batch_line_that_is_no_question_is_named_with_its_line(
    passage: Run, tmp_path: Path
) -> None:
    batch = tmp_path / "questions.jsonl"
    batch.write_text('{"id": 1, "text": "a"}\n{"id": 2}\n', "utf-8")
    ran = passage("ask", "--batch", str(batch))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f'{batch}, line 2: expected an object {{"id": …, "text": "…"}}.\n'


def test_a_dump_keeps_its_ids_and_its_exact_text(passage: Run, tmp_path: Path) -> None:
    dump = tmp_path / "articles.jsonl"
    text = "  The harbour\r\nof Oslo.  "
    row = {"id": "no-1", "title": "Oslo", "text": text, "published": "2017-09-28"}
    dump.write_text(json.dumps(row), "utf-8")
    assert passage("add", str(dump), "--json").json["articles"][0]["id"] == "no-1"
    assert passage("show", "no-1", "--json").json["text"] == text
    found = passage("search", "harbour", "--json").json["passages"][0]
    assert found["article"] == {
        "id": "no-1",
        "title": "Oslo",
        "url": None,
        "published": "2017-09-28",
    }


def test_one_bad_source_is_named_and_the_rest_is_added(
    passage: Run, harbour: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    ran = passage("add", str(empty), str(tmp_path / "gone.txt"), str(harbour), "--json")
    assert ran.code == 1
    assert ran.json["added"] == 1
    assert ran.json["errors"] == [
        f"{tmp_path / 'gone.txt'} does not exist: check the path.",
        f"{empty} is empty: add a file with a text in it.",
    ]


class Site(BaseHTTPRequestHandler):
    """A site with one page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(HARBOUR.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        pass


def test_a_page_that_is_not_public_is_added_only_where_the_settings_allow_it(
    passage: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Site) as address:
        refused = passage("add", f"{address}/a", "--json")
        assert refused.code == 1
        (told,) = refused.json["errors"]
        assert told == (
            f"{address}/a leads to 127.0.0.1, which is not on the public internet: add its text "
            "instead, or have it named in the setting allowed_hosts."
        )
        monkeypatch.setenv("PASSAGE_ALLOWED_HOSTS", "wiki.lan, 127.0.0.0/8")
        assert passage("add", f"{address}/a", "--json").json["added"] == 1
        assert passage("refresh", "--json").json["unchanged"] == 1
        monkeypatch.setenv("PASSAGE_ALLOWED_HOSTS", "wiki.lan")
        assert passage("refresh").code == 1


def test_the_same_again_changes_nothing_and_a_change_takes_its_place(
    passage: Run, harbour: Path
) -> None:
    passage("add", str(harbour))
    again = passage("add", str(harbour), "--json").json
    assert (again["unchanged"], again["added"], again["passages"]) == (1, 0, 0)
    harbour.write_text(BRIDGE, "utf-8")
    changed = passage("refresh", "--json").json
    assert (changed["replaced"], changed["passages"]) == (1, 1)
    texts = [p["text"] for p in passage("search", "harbour queen", "--json").json["passages"]]
    assert texts == [BRIDGE]


def test_the_same_text_under_another_name_is_skipped(
    passage: Run, harbour: Path, tmp_path: Path
) -> None:
    passage("add", str(harbour))
    copy = tmp_path / "copy" / "harbour.txt"
    copy.parent.mkdir()
    copy.write_bytes(harbour.read_bytes())
    again = passage("add", str(copy), "--json").json
    assert (again["duplicates"], again["added"]) == (1, 0)


def test_a_removed_article_answers_nothing_any_more(passage: Run, harbour: Path) -> None:
    name = passage("add", str(harbour), "--json").json["articles"][0]["id"]
    assert passage("remove", name, "--yes", "--json").json["removed"] == [name]
    assert passage("list", "--json").json["articles"] == []
    assert passage("ask", "harbour of Oslo", "--json").json["state"] == "none"


def test_an_unknown_article_is_one_sentence_and_exit_code_1(passage: Run) -> None:
    ran = passage("show", "nothing")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "No article 'nothing' in the collection 'shared'; `passage list` shows all.\n"
    )


def test_a_title_of_several_articles_names_the_ids_that_lead_to_them(
    passage: Run, tmp_path: Path
) -> None:
    lines = [json.dumps({"id": name, "title": "Same", "text": f"{name}."}) for name in ("x1", "x2")]
    (tmp_path / "same.jsonl").write_text("\n".join(lines), "utf-8")
    passage("add", "same.jsonl")
    for command in (("show", "same"), ("remove", "Same", "--yes"), ("refresh", "Same")):
        ran = passage(*command)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("2 articles are called “")
        assert "give the id of the one that is meant. They are x2 (from same.jsonl#x2, " in ran.err
        assert "; x1 (from same.jsonl#x1, " in ran.err
    assert "x1." in passage("show", "x1").out


def test_a_collection_is_asked_together_with_shared_and_no_other(
    passage: Run, harbour: Path, tmp_path: Path
) -> None:
    bridge = tmp_path / "bridge.txt"
    bridge.write_text(BRIDGE, "utf-8")
    passage("add", str(harbour), "--collection", "guild:1")
    passage("add", str(bridge))

    def seen(collection: str) -> set[str]:
        found = passage("search", "harbour bridge", "--json", "--collection", collection).json
        return {p["text"] for p in found["passages"]}

    assert seen("guild:1") == {HARBOUR, BRIDGE}
    assert seen("guild:2") == seen("shared") == {BRIDGE}


def test_a_search_in_one_article_takes_its_id_or_title(
    passage: Run, harbour: Path, tmp_path: Path
) -> None:
    bridge = tmp_path / "bridge.txt"
    bridge.write_text(f"{BRIDGE} Seen from the harbour.", "utf-8")
    added = passage("add", str(harbour), str(bridge), "--json").json["articles"]
    (wanted,) = (one for one in added if one["title"] == "Bridge")
    for name in (wanted["id"], "bridge"):
        for home in ("shared", "guild:1"):
            line = ("search", "harbour", "--article", name, "--collection", home, "--json")
            told = passage(*line).json
            assert told["article"] == wanted["id"]
            assert {one["article"]["title"] for one in told["passages"]} == {"Bridge"}
    assert passage("search", "harbour", "--json").json["article"] is None
    ran = passage("search", "harbour", "--article", "nothing")
    assert (ran.code, ran.out) == (1, "")
    assert "No article 'nothing' in the collection 'shared'" in ran.err


@pytest.mark.parametrize("arguments", [("nonsense",), ("show",), ("ask", "--passages", "0")])
def test_wrong_usage_is_exit_code_2(passage: Run, arguments: tuple[str, ...]) -> None:
    assert passage(*arguments).code == 2


def test_every_command_has_help_and_json(passage: Run) -> None:
    names = ["ask", "search", "add", "list", "show", "remove", "refresh", "eval", "doctor"]
    overview = passage("--help").out
    for name in names:
        assert f" {name} " in overview
        assert "--json" in passage(name, "--help").out


def test_a_malformed_setting_is_one_sentence(passage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_PASSAGES", "many")
    ran = passage("ask", "anything")
    assert ran.code == 1
    assert ran.err.startswith("The setting 'passages' (in the variable PASSAGE_PASSAGES) is 'many'")


def test_doctor_finds_a_sound_installation_sound(passage: Run, harbour: Path) -> None:
    passage("add", str(harbour))
    checked = passage("doctor", "--json").json
    assert checked["good"] is True
    assert "The library is whole: 1 article, 1 passage, 1 collection" in [
        check["sentence"] for check in checked["checks"]
    ]


@pytest.mark.parametrize("command", ["doctor", "setup"])
def test_what_an_older_version_compiled_beside_the_library_is_deleted(
    passage: Run, tmp_path: Path, command: str
) -> None:
    older = tmp_path / "data" / "models"
    ModelStore(older).keep("embedder one@1 int8", lambda _: {})
    (older / "verified").mkdir()
    told = passage(command)
    assert f"that an older version kept in {older} are deleted" in " ".join(told.out.split())
    assert told.code == 0
    assert not older.exists()
    assert "older version" not in passage(command).out


def test_what_else_lies_where_an_older_version_compiled_is_left_with_a_note(
    passage: Run, tmp_path: Path
) -> None:
    older = tmp_path / "data" / "models"
    (older / "my-model").mkdir(parents=True)
    ModelStore(older).keep("embedder one@1 int8", lambda _: {})
    sentences = [check["sentence"] for check in passage("doctor", "--json").json["checks"]]
    assert [path.name for path in older.iterdir()] == ["my-model"]
    (told,) = [sentence for sentence in sentences if str(older) in sentence]
    assert told.endswith(f"{older} is of no use to Passage any more: look into it and delete it")


def test_models_that_the_settings_want_beside_the_library_stay(
    passage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "data" / "models"
    monkeypatch.setenv("PASSAGE_MODELS", str(models))
    kept = ModelStore(models).keep("embedder one@1 int8", lambda _: {})
    assert passage("doctor").code == 0
    assert ModelStore(models).find("embedder one@1 int8") == kept


def test_older_models_stay_while_those_in_use_do_not_load(
    passage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> BagOfWords:
        raise ModelError("The model is not there.")

    monkeypatch.setattr(compose, "load_embedder", missing)
    older = tmp_path / "data" / "models"
    ModelStore(older).keep("embedder one@1 int8", lambda _: {})
    ran = passage("doctor", "--json")
    assert "The model is not there." in ran.out
    assert ran.code == 1
    assert len(ModelStore(older).models()) == 1


def test_doctor_says_where_models_can_be_kept_instead(
    passage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").touch()
    monkeypatch.setenv("PASSAGE_MODELS", str(tmp_path / "cache" / "models"))
    ran = passage("doctor", "--json")
    (bad,) = [check for check in ran.json["checks"] if not check["good"]]
    assert bad["sentence"] == (
        f"Compiled models can't be kept, because {tmp_path / 'cache' / 'models'} can't be written "
        "(Not a directory), so each start takes a minute: name a folder that can be in the "
        "setting `models` (or PASSAGE_MODELS)."
    )


def test_doctor_names_a_library_that_is_none(passage: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "library.db").write_bytes(b"no database at all" * 100)
    ran = passage("doctor", "--json")
    assert ran.code == 1
    (bad,) = [check for check in ran.json["checks"] if not check["good"]]
    assert bad["sentence"].startswith(f"The library {data / 'library.db'} is damaged (file is no")


def test_a_backup_is_made_and_put_back(passage: Run, harbour: Path, tmp_path: Path) -> None:
    passage("add", str(harbour))
    made = passage("backup").out
    assert made.startswith(f"✓ {tmp_path / 'data' / 'backups' / 'library-'}")
    passage("remove", "Harbour", "--yes")
    assert "what was there is" in passage("restore").out
    assert [a["title"] for a in passage("list", "--json").json["articles"]] == ["Harbour"]
    copy = tmp_path / "copy.db"
    assert passage("backup", str(copy), "--json").json == {
        "backup": str(copy),
        "bytes": copy.stat().st_size,
    }
    restored = passage("restore", str(copy), "--json").json
    assert restored["restored"] == str(copy)
    assert Path(restored["before"]).is_file()


def test_without_a_backup_there_is_nothing_to_restore(passage: Run, harbour: Path) -> None:
    passage("add", str(harbour))
    ran = passage("restore")
    assert (ran.code, ran.err) == (
        1,
        "There is no good backup of this library; name the file of one.\n",
    )


def test_doctor_looks_through_the_backups(passage: Run, harbour: Path, tmp_path: Path) -> None:
    def told() -> tuple[bool, str]:
        checks = passage("doctor", "--json").json["checks"]
        (found,) = [check for check in checks if check["name"] == "backups"]
        return found["good"], found["sentence"]

    passage("add", str(harbour))
    assert told()[0]
    assert "No backup yet" in told()[1]
    passage("backup")
    assert told()[0]
    assert told()[1].startswith("Backups: 1, the newest library-")
    (copy,) = (tmp_path / "data" / "backups").iterdir()
    copy.write_bytes(copy.read_bytes()[:5000])
    good, sentence = told()
    assert not good
    assert "; none of them is good. Make one with `passage backup`" in sentence


def test_an_article_can_not_steer_the_terminal(passage: Run, tmp_path: Path) -> None:
    dump = tmp_path / "articles.jsonl"
    hostile = "The harbour \x1b[31mred\x1b]0;title\x07 \u202eevil\u202c [bold]shown[/bold] \x9b2J"
    dump.write_text(json.dumps({"id": "x", "title": hostile, "text": hostile}), "utf-8")
    assert passage("add", str(dump)).code == 0
    for arguments in (("ask", "harbour"), ("search", "harbour"), ("list",), ("show", "x")):
        out = passage(*arguments).out
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)
        assert "[bold]" in " ".join(out.split())


def test_an_articles_id_can_not_steer_the_terminal(passage: Run, tmp_path: Path) -> None:
    dump = tmp_path / "articles.jsonl"
    ids = ("\x1b]52;c;ZXZpbA==\x07first", "\x1b[2Jtwin")
    rows = [json.dumps({"id": name, "title": "Oslo", "text": HARBOUR}) for name in ids]
    dump.write_text("\n".join(rows), "utf-8")
    out = passage("add", str(dump)).out
    assert "✓ Oslo []52;c;ZXZpbA==first]: 1 passages" in out
    assert "✓ Oslo [[2Jtwin]: has the same text as ]52;c;ZXZpbA==first, skipped" in out
    assert not {"\x1b", "\x07"} & set(out)


def test_what_is_not_printed_does_not_shift_the_marked_words(passage: Run, tmp_path: Path) -> None:
    dump = tmp_path / "articles.jsonl"
    text = f"Bells \x07\x08\x0b\x0c\x1b ring. {HARBOUR}"
    dump.write_text(json.dumps({"id": "x", "title": "Oslo", "text": text}), "utf-8")
    passage("add", str(dump))
    shown = passage("ask", "harbour of Oslo built").out
    assert "**The harbour of Oslo was built in __1850__.**" in shown


def test_marks_do_not_pile_up_on_the_terminal(passage: Run, tmp_path: Path) -> None:
    piled = "The harbour of O\u0301\u0316" + "\u0301\u200b" * 40 + "slo"
    dump = tmp_path / "articles.jsonl"
    dump.write_text(json.dumps({"id": "x", "title": piled, "text": piled}), "utf-8")
    assert passage("add", str(dump)).code == 0
    for arguments in (("ask", "harbour"), ("search", "harbour"), ("list",), ("show", "x")):
        out = passage(*arguments).out
        times = out.count("O\u0301\u0316")
        assert times
        assert out.count("\u0301") + out.count("\u0316") == MOST_MARKS * times


def test_names_that_are_no_utf_8_are_names_of_nothing(passage: Run, harbour: Path) -> None:
    passage("add", str(harbour))
    for command in ("show", "remove", "refresh"):
        ran = passage(command, "caf\udce9")
        assert (ran.code, ran.out) == (1, "")
        assert "No article 'caf\ufffd' in the collection 'shared'" in ran.err
    assert "'caf\ufffd' is empty" in passage("list", "--collection", "caf\udce9").out


def test_the_name_of_an_empty_collection_is_shown_as_it_stands(passage: Run) -> None:
    ran = passage("list", "--collection", "[/x] [bold]y[/bold]")
    assert ran.code == 0
    assert "The collection '[/x] [bold]y[/bold]' is empty" in " ".join(ran.out.split())


def test_eval_prints_the_figures_of_labelled_questions(passage: Run, tmp_path: Path) -> None:
    passages, questions = tmp_path / "p.jsonl", tmp_path / "q.jsonl"
    passages.write_text(
        json.dumps({"id": "a", "doc": "a", "title": "Oslo", "text": HARBOUR})
        + "\n"
        + json.dumps({"id": "b", "doc": "b", "title": "Bergen", "text": BRIDGE}),
        "utf-8",
    )
    questions.write_text(
        json.dumps({"id": "1", "text": "the harbour of Oslo", "relevant": ["a"]})
        + "\n"
        + json.dumps({"id": "2", "text": "banana smoothies", "relevant": []}),
        "utf-8",
    )
    ran = passage("eval", "--passages", str(passages), "--questions", str(questions), "--json")
    assert ran.json == {
        "n": 2,
        "recall@1": 1.0,
        "recall@3": 1.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "mrr@10": 1.0,
        "auroc": 1.0,
        "states": {
            "answerable": {"answer": 1.0, "closest": 0.0, "none": 0.0},
            "unanswerable": {"answer": 0.0, "closest": 0.0, "none": 1.0},
        },
    }


@pytest.fixture
def towns(tmp_path: Path) -> tuple[str, str]:
    """Two articles and questions on them, one of them a near miss."""
    articles, questions = tmp_path / "articles.jsonl", tmp_path / "questions.jsonl"
    told = [
        {"id": "a", "title": "Oslo", "text": HARBOUR},
        {"id": "b", "title": "Bergen", "text": BRIDGE},
    ]
    asked = [
        {
            "id": "1",
            "article": "a",
            "text": "the harbour of Oslo",
            "answerable": True,
            "answers": ["1850"],
            "evidence": ["The harbour of Oslo was built in 1850."],
            "style": "keywords",
        },
        {"id": "2", "article": "b", "text": "banana smoothies", "answerable": False},
    ]
    for path, rows in ((articles, told), (questions, asked)):
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return str(articles), str(questions)


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_eval_prints_the_figures_of_questions_on_articles(
    passage: Run, towns: tuple[str, str], each: list[str]
) -> None:
    found = passage("eval", *towns, *each, "--json").json
    styles = found.pop("styles")
    assert (found["n"], found["answerable"], found["near_misses"]) == (2, 1, 1)
    assert (found["passage_first"], found["sentence"], found["overlap"]) == (1.0, 1.0, 1.0)
    assert (found["auroc"], found["aurc"]) == (1.0, 0.25)
    assert found["states"]["answerable"]["answer"] == 1.0
    assert {name: figures["n"] for name, figures in styles.items()} == {"any": 1, "keywords": 1}
    assert list(styles["keywords"]) == list(found)


def test_eval_on_articles_shows_a_table_by_style(passage: Run, towns: tuple[str, str]) -> None:
    ran = passage("eval", *towns)
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["sentence", "1.0"] in lines
    assert ["keywords", "1", "1.0", "1.0", "-", "-"] in lines
    assert passage("eval", "--passages", towns[0], "--questions", towns[1]).out == ran.out


@pytest.mark.parametrize("names", [[], ["a"], ["a", "--passages", "b"], ["--questions", "a"]])
def test_eval_asks_for_two_files(passage: Run, names: list[str]) -> None:
    ran = passage("eval", *names)
    assert (ran.code, ran.out) == (2, "")
    assert "ARTICLES QUESTIONS" in ran.err
