"""The page: numbers by hand, strings of strangers as text, and what a real Chromium makes of it without any network."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from chromium import WHERE, Chromium
from records import SETTINGS, done, failed, score
from typer.testing import CliRunner

import models
import tasks
from leaderboard.cli import app
from leaderboard.protocol import digest
from leaderboard.site import figures, overview, panels, plots, sheets
from leaderboard.site import page as site
from leaderboard.store.record import write
from leaderboard.tables.cells import cells
from leaderboard.tables.frame import frame
from leaderboard.tables.protocols import grouped
from leaderboard.tables.table import table

HOSTILE = "\"><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\u202e</script>&lt;"
SAFE = HOSTILE.replace("\u202e", " ")  # marks that turn the direction of text are no text


def of(record: dict[str, Any], task: str, model: str) -> dict[str, Any]:
    """A record of a task and a model that there are."""
    card = tasks.get(task).card
    record["task"] |= {"name": task, "label": task, "parameters": {}, "version": 1, "class": card.complexity}
    record["model"]["name"] = model
    return record


def twice(one: float, two: float, **change: Any) -> list[dict[str, Any]]:
    """Scores at the training length and at twice; the reference is right everywhere."""
    trained = [score(accuracy=one, **change), score(accuracy=two, factor=2, word=0.0, curve_length=100.0)]
    return [*trained, score("reference"), score("reference", 2, curve_length=25.0)]


def records() -> list[dict[str, Any]]:
    """Parity: resnet 0.6 and 0.8 at twice the length, gru one run and one failure, a submission; addition: resnet only."""
    said = {"name": HOSTILE, "authors": ["A. Author", HOSTILE], "link": "https://example.org/?a=1&b=\"'<", "badge": "verified"}
    loss = [[100 * step, 10.0**-step] for step in range(1, 5)]
    runs = [of(done(seed=s, scores=twice(1.0, a)), "parity", "resnet") for s, a in enumerate([0.6, 0.8])]
    runs += [
        of(done(task="addition", seed=s, scores=twice(0.9, 0.5 + 0.2 * s, word=0.5)), "addition", "resnet") for s in (0, 1)
    ]
    runs += [of(done("gru", scores=twice(1.0, 0.9)), "parity", "gru"), of(failed("gru", seed=1), "parity", "gru")]
    for run in runs:
        if run["training"]:
            run["training"]["loss"] = loss
    claimed = {"24": {"symbol": 0.95, "word": 0.0}}
    mine = of(done(scores=twice(1.0, 0.7), id="feedfacefeedface"), "parity", "resnet")
    mine |= {"submission": said | {"claimed": claimed, "sha256": "ab" * 32}}
    mine |= {"files": {"feedfacefeedface.safetensors": {"sha256": "cd" * 32, "bytes": 1}}}
    return [*runs, mine]


def made(records: list[dict[str, Any]]) -> site.Page:
    """The page of records of one protocol."""
    (group,) = grouped(records)
    return site.page(group)


@pytest.fixture(scope="module")
def page() -> site.Page:
    return made(records())


class Parsed(HTMLParser):
    """Elements with their attributes, and the text of styles and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw.append((*self.elements[-1], data))

    def text(self, id: str) -> str:
        return "".join(text for _, attributes, text in self.raw if attributes.get("id") == id)

    @property
    def packed(self) -> str:
        """What the script unfolds."""
        texts = [base64.b64decode(text) for _, attributes, text in self.raw if attributes.get("class") == "packed"]
        assert all(text[4:8] == bytes(4) for text in texts)  # gzip's time: the same bytes tomorrow
        return "".join(gzip.decompress(text).decode() for text in texts)


# what it says


def test_cell_by_hand() -> None:
    df = frame(records())
    found = cells(df, "symbol", 2)
    shown = table(df, "symbol", 2, found)
    lines, sums = sheets.heat(shown, found, ["parity", "addition"])
    assert [line.model for line in lines] == ["reference", "shortcut", "resnet", "gru", f"resnet · {SAFE} [verified]"]
    reference, shortcut, resnet, gru, mine = lines
    assert [(cell.score, cell.level) for cell in shortcut.cells] == [("0.500", 0), ("0.500", 0)]
    assert [cell.score for cell in reference.cells] == ["1.000", "1.000"]
    assert [cell.level for cell in reference.cells] == [20, 20]
    # parity: (0.6 + 0.8) / 2, from the shortcut 0.5 to 1: 0.4 of 20 shades
    assert resnet.cells[0] == sheets.Box("0.700", "[0.60, 0.80]", ["gap 0.300"], "", 8)
    assert gru.cells[0][:3] == ("0.700", "[0.50, 0.90]", ["gap 0.300", "1 failed"])
    assert (gru.cells[1].score, gru.cells[1].more, gru.cells[1].level) == ("not run", ["2 missing"], None)
    assert mine.cells[0].more == ["gap 0.400", "1 missing"]
    assert (mine.flags, gru.flags) == (["claim differs"], [])
    assert sums[:3] == ["solves", "frontier", "score"]
    assert resnet.sums[2].value == pytest.approx((0.4 + 0.2) / 2)
    assert any(note == "failed, counted as the shortcut: diverged" for note in shown.footnotes)


def test_what_was_not_measured_is_not_unsolved_on_the_page() -> None:
    run = of(done(scores=[score(factor=2, accuracy=0.7), score("reference", 2)]), "parity", "resnet")
    df = frame([run, of(failed("gru"), "parity", "gru")])
    found = cells(df, "symbol", 2)
    assert sheets.passed(found, ["gru", "resnet"], ["parity"]) == [[[None, None, None, 0, 0, 0, 1]]] * 2
    lines, sums = sheets.heat(table(df, "symbol", 2, found), found, ["parity"])
    column = sums.index("solves")
    assert [line.sums[column].score for line in lines] == ["–", "", "–", "–"]
    assert sheets.level(float("nan")) is None


def test_a_task_without_a_score_has_no_best_row() -> None:
    df = frame([done("a", scores=[score()]), failed("b"), done("a", "rule"), done("b", "rule")])
    found = cells(df, "symbol", 1)
    found.loc[(found["task"] == "parity") & (found["model"] == "a"), "trained"] = np.nan
    ((_, (parity, rule)),) = sheets.rungs(found, ["a", "b"], {"parity": "P", "rule": "P"})
    assert (parity.best, parity.model, parity.gap, parity.bar) == (sheets.Box("–"), "", "–", 0.0)
    assert (rule.best.score, rule.model) == ("1.000", "a")


def test_a_row_above_every_reference_is_flagged() -> None:
    scores = [score(), score("reference", accuracy=0.9)]
    df = frame(done(seed=seed, scores=scores) for seed in range(3))
    lines, _ = sheets.heat(table(df, "symbol", 1), cells(df, "symbol", 1), ["parity"])
    assert lines[2].flags == ["above 1"]
    assert lines[2].cells[0].level == sheets.LEVELS


def test_number_of_runs_is_told_where_it_is_not_the_usual_one() -> None:
    df = frame([done(task=task, seed=seed) for task, seeds in (("a", 3), ("b", 3), ("c", 2)) for seed in range(seeds)])
    lines, _ = sheets.heat(table(df, "symbol", 1), cells(df, "symbol", 1), ["a", "b", "c"])
    assert [list(cell.more) for cell in lines[2].cells] == [["gap 0.000"], ["gap 0.000"], ["gap 0.000", "n 2"]]


def test_ladder_goes_by_class_and_shows_the_best_ranked_row() -> None:
    df = frame(records())
    order = panels.ordered(records())
    assert {label: complexity for label, (complexity, _) in order.items()} == {"addition": "AC⁰", "parity": "AC⁰[2]"}
    assert list(order) == ["addition", "parity"]
    found = cells(df, "symbol", 2)
    (_, (addition,)), (_, (parity,)) = sheets.rungs(found, ["gru", "resnet"], {"addition": "AC⁰", "parity": "AC⁰[2]"})
    assert (addition.model, addition.best.score, addition.gap, addition.bar) == ("resnet", "0.600", "0.400", 20.0)
    assert (parity.model, parity.best.score, parity.reference, parity.bar) == ("gru", "0.700", "1.000", 40.0)
    (_, (parity,)), *_ = sheets.rungs(cells(df, "symbol", 1), ["gru", "resnet"], {"parity": "AC⁰[2]"})
    assert (parity.model, parity.best.score) == ("resnet", "1.000")  # gru: 1 and a failure, so 0.75


def test_bar_of_the_ladder_goes_to_the_best_reference_of_the_task_whoever_has_it() -> None:
    best = done("rnn", scores=[score(accuracy=0.9)], reference={"reason": "none"})
    worse = done("gru", scores=[score(accuracy=0.6), score("reference", accuracy=0.8)])
    df = frame([best, done(scores=[score(accuracy=0.6), score("reference", accuracy=0.99)]), worse])
    ((_, (parity,)),) = sheets.rungs(cells(df, "symbol", 1), ["rnn", "resnet"], {"parity": "P"})
    assert parity[:1] + parity[2:] == ("parity", "rnn", "0.990", "–", 81.6)  # 0.4 of 0.49
    assert parity.best == sheets.Box("0.900", "[0.90, 0.90]", level=16)


def test_curve_ratio_by_hand() -> None:
    assert figures.curve_ratios(frame(records()), 2)["parity", "resnet"] == 4.0
    assert figures.curve_ratios(frame(records()), 1)["parity", "resnet"] == 1.0


def test_learning_curve_is_the_median_of_the_losses_that_are_numbers() -> None:
    runs = [of(done(seed=seed), "parity", "resnet") for seed in range(3)]
    for run, last in zip(runs, (0.1, 0.2, 0.9), strict=True):
        run["training"]["loss"] = [[100, 1.0], ["<b>", 2], [200, last], [300, None], [400, 10**400], 7]
    (plot,), table = figures.learning_plots(runs, {run["id"]: "resnet" for run in runs}, {"resnet": 0}, ["parity"])
    assert table.rows == [["parity", "0.2"]]
    x, y = plots.across(0, 200, figures.SMALL), plots.upward(0.2, 1, figures.LOW, log=True)
    assert plot.lines == [(0, f"M{x(100)} {y(1)}l{x(200) - x(100)} {y(0.2) - y(1)}")]


def test_a_long_learning_curve_is_thinned_and_the_page_says_so(page: site.Page) -> None:
    run = of(done(), "parity", "resnet")
    run["training"]["loss"] = [[step, 0.5 + 0.4 * (-1) ** (step // 5)] for step in range(1, 101)]
    (plot,), table = figures.learning_plots([run], {run["id"]: "resnet"}, {"resnet": 0}, ["parity"])
    assert table.rows == [["parity", "0.9"]]
    assert 10 < plot.lines[0][1].count("l") <= figures.STEPS
    x = plots.across(0, 100, figures.SMALL)
    assert plot.lines[0][1].startswith(f"M{x(1)} ")
    steps = [int(step.split()[0]) for step in plot.lines[0][1].split("l")[1:]]
    assert x(1) + sum(steps) == x(100)  # the last is there
    assert "at 24 evenly spaced steps at most of those that were logged, and the last" in page.html


def test_lines_and_signs_differ_between_architectures() -> None:
    legend = str(site._environment().get_template("plots.html.j2").module.legend(list(map(str, range(48)))))  # type: ignore[attr-defined]
    lines = re.findall(r'class="line (c\d d\d)"', legend)
    colours, signs = (
        re.findall(r'class="(c\d)"', legend) or re.findall(r"class=\"line (c\d)", legend),
        re.findall(r'href="#(k\d)"', legend),
    )
    assert len(lines) == len(colours) == len(signs) == 48
    assert len(set(lines[:32])) == 32
    assert len(set(zip(colours, signs, strict=True))) == 48


def test_scale_by_hand() -> None:
    x = plots.Scale(1, 100, 0, 200, log=True)
    assert [x(value) for value in (1, 10, 100, 1e9, 1e-9)] == [0, 100, 200, 200, 0]
    assert x.ticks() == [(0, "1"), (100, "10"), (200, "100")]
    y = plots.upward(0, 1)
    assert (y(0), y(1)) == (plots.HEIGHT - plots.BOTTOM, plots.TOP)


def test_path_leaves_out_what_is_on_a_straight_line() -> None:
    x, y = plots.Scale(0, 10, 0, 10), plots.Scale(0, 10, 0, 10)
    assert plots.path([(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 2)], x, y) == "M0 0l2 2l3 0"


def test_picture_is_the_reference_at_work() -> None:
    picture = panels.picture(tasks.get("turing"))
    assert len(picture.word) == panels.LENGTH
    assert base64.b64decode(picture.png)[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.head == "M0 1h1v1h-1zM0 2h1v1h-1zM0 3h1v1h-1z"  # the first token is 0: the head halts where it starts
    assert picture.layers[0] == 0


def test_panels_only_of_what_this_version_has() -> None:
    unknown = done("mystery", "riddle")
    assert panels.ordered([unknown]) == {"riddle": ("ACC0", None)}
    assert "no task" in panels.task_panel("riddle", "ACC0", None).about
    assert "no architecture" in panels.model_panel("mystery", [unknown]).about
    old = done("parity")["task"] | {"name": "parity", "label": "parity v9", "version": 9}
    assert panels.ordered([done() | {"task": old}])["parity v9"][1] is None
    assert panels.ordered([done() | {"task": old | {"label": "parity"}}])["parity"][1] is None  # not the one we have
    now = old | {"label": f"parity v{tasks.get('parity').version}", "version": tasks.get("parity").version}
    assert panels.ordered([done() | {"task": now}])[now["label"]][1] == tasks.get("parity")
    false = of(done(task="counter"), "parity", "resnet")
    false["task"]["label"] = "counter"  # which it is not
    assert panels.ordered([false])["counter"][1] is None
    polynet = of(done(), "parity", "polynet")
    polynet["model"]["parameters"] = {"kind": "mpoly-2"}
    known = panels.model_panel("polynet", [polynet])
    assert known.formula.startswith("PolyNet: polynomials of residual blocks")
    assert known.options == [("kind", "poly-2", "mpoly-2")]


@pytest.mark.parametrize("name", models.names())
def test_what_is_said_of_an_architecture_is_whole_sentences(name: str) -> None:
    panel = panels.model_panel(name, [of(done(), "parity", name)])
    assert panel.formula.endswith(".")
    assert panel.about.endswith(".")


# strings of strangers, and the policy


def test_hostile_names_are_text_and_links_are_http_only(page: site.Page) -> None:
    parsed = Parsed(page.html)
    assert "onerror" in page.html
    for some in (parsed, Parsed(parsed.packed)):
        assert not any(tag == "img" or any(name.startswith("on") for name in attributes) for tag, attributes in some.elements)
        hrefs = [(tag, attributes) for tag, attributes in some.elements for name in attributes if name in ("href", "src")]
        for tag, attributes in hrefs:
            link = str(attributes.get("href", attributes.get("src")))
            if not link.startswith(("#", "data:")):
                assert (tag, link, attributes["rel"]) == ("a", "https://example.org/?a=1&b=\"'<", "noopener noreferrer")
    assert sum(tag == "script" for tag, _ in parsed.elements) == 5
    assert json.loads(parsed.text("data"))["models"] == ["gru", "resnet", f"resnet · {SAFE} [verified]"]
    assert "\u202e" not in page.html
    linked = panels.model_panel("x", [done() | {"submission": records()[-1]["submission"] | {"link": "javascript:alert(1)"}}])
    assert linked.submission
    assert not linked.submission["safe"]


def test_policy_allows_what_the_page_brings_and_nothing_else(page: site.Page) -> None:
    parsed = Parsed(page.html)
    said = next(a["content"] for _, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy")
    policy = dict(part.split(" ", 1) for part in str(said).split("; "))

    def hashes(tag: str) -> set[str]:
        texts = [text for name, attributes, text in parsed.raw if name == tag and "type" not in attributes]
        return {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}

    assert set(policy.pop("style-src").split()) == hashes("style")
    assert set(policy.pop("script-src").split()) == hashes("script")
    assert policy == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    assert not any("style" in attributes for _, attributes in parsed.elements)


def test_same_bytes_whatever_the_order_of_the_records() -> None:
    runs = records()[-2:]
    other = of(done(seed=1, scores=twice(1.0, 0.7)), "parity", "resnet")
    runs.append(other | {"submission": runs[-1]["submission"] | {"authors": ["another"]}})
    assert made(runs) == made(runs[::-1])


def test_a_character_that_has_no_bytes() -> None:
    assert made([done("a\ud800b")]).html.encode()


# the command


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["site", *map(str, arguments)])
    return result.exit_code, result.output


def test_command_writes_the_page_or_says_in_one_line_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, done())
    code, said = invoke(tmp_path)
    first = (tmp_path / "index.html").read_bytes()
    assert (code, said) == (0, f"wrote {tmp_path / 'index.html'}, {len(first) / 1000:.0f} kB\n")
    (tmp_path / "out").mkdir()
    assert invoke(tmp_path, tmp_path / "out")[0] == 0
    assert (tmp_path / "out" / "index.html").read_bytes() == first
    monkeypatch.setattr(site, "LARGEST", 40_000)
    code, said = invoke(tmp_path, tmp_path / "p.html")
    assert code == 0
    assert re.search(r"^warning: the page has 0.06 MB, more than 0.04 MB; its largest part: script, 0.02 MB; put fewer", said)
    (tmp_path / "empty").mkdir()
    for arguments, told in (
        ([tmp_path / "empty"], f"{tmp_path / 'empty'}: no records"),
        ([tmp_path / "none"], f"{tmp_path / 'none'}: no such folder"),
        ([tmp_path, tmp_path / "none" / "p.html"], f"No such file or directory: '{tmp_path / 'none' / 'p.html'}'"),
    ):
        code, said = invoke(*arguments)
        assert (code, said.count("\n")) == (2, 1)
        assert told in said
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".tmp") == []


def test_pages_of_one_folder_link_to_each_other(tmp_path: Path) -> None:
    write(tmp_path, done())
    assert invoke(tmp_path)[0] == 0
    assert "reproduce.html" not in (tmp_path / "index.html").read_text()
    (tmp_path / "reproduce.html").write_text("claims")
    other = done(seed=1)
    other["protocol"] = other["protocol"] | {"settings": other["protocol"]["settings"] | {"training.steps": 7}}
    write(tmp_path, other)
    assert invoke(tmp_path)[0] == 0
    pages = sorted(path.name for path in tmp_path.glob("index-*.html"))
    assert len(pages) == 2
    for one in pages:
        html = (tmp_path / one).read_text()
        assert all(f'<a href="{name}">' in html for name in ("reproduce.html", *pages))


# a large folder


def panel(label: str, complexity: str, _: tasks.Task | None) -> panels.TaskPanel:
    """Instead of the real ones, which take a minute: those have 0.9 kB each when packed, these 1.1 kB."""
    text = hashlib.shake_256(label.encode()).hexdigest(400)
    picture = panels.Picture(text[:300], "", ["0"] * 12, list(range(0, 120, 2)), label, text[300:500])
    return panels.TaskPanel(label, complexity, "A task.", [("upper bound", text[500:])], {}, "x := y", 1, picture)


def many(seeds: int) -> list[dict[str, Any]]:
    """Runs of all architectures, and three submissions, on all tasks; one in 25 failed, each with another reason."""
    random, out = np.random.default_rng(0), []
    said = {"authors": ["A"], "link": "", "badge": "verified", "claimed": {}, "sha256": "ab" * 32}
    rows = [(name, None) for name in models.names()] + [("resnet", name) for name in ("mine", "yours", "theirs")]
    every = [
        {"name": task.name, "label": task.label, "parameters": dict(task.parameters)}
        | {"version": task.version, "class": task.card.complexity}
        for task in tasks.every()
    ]
    for (name, by), task, seed in product(rows, every, range(seeds)):
        right, word, longer, rate, fate = random.beta(4, 1, 3), random.integers(101, size=3), *random.random((3, 3))
        trained = [
            score("trained", factor, right[i], word[i] / 100, curve_length=12.5 * 100 ** longer[i])
            for i, factor in enumerate((1, 2, 4))
        ]
        scores = trained + [score("reference", factor) for factor in (1, 2, 4) if name != "gru"]
        label, id = task["label"], random.bytes(8).hex()
        run = done(name, label, seed, scores, {"reason": f"gru cannot do {label}"}, id)
        if fate[0] < 0.04:
            run = failed(name, label, seed, f"TrainingError at {id}") | {"id": id}
        else:
            noise = random.lognormal(0, 0.4, 30).tolist()
            run["training"]["loss"] = [[50 * k, float(x * 10 ** (-4 * rate[0] * k / 30))] for k, x in enumerate(noise, 1)]
        run |= {"task": task, "code": run["code"] | {"task": label, "model": name}}
        run["files"] = {f"{id}.safetensors": {"sha256": random.bytes(32).hex(), "bytes": 1}}
        out.append(run | ({"submission": said | {"name": by}} if by else {}))
    return out


class Large(NamedTuple):
    """Thousands of runs, and their page."""

    runs: list[dict[str, Any]]
    page: site.Page
    path: Path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "task_panel", panel)
        runs, path = many(3), tmp_path_factory.mktemp("large") / "index.html"
        page = made(runs)
        path.write_text(page.html, encoding="utf-8")
        yield Large(runs, page, path)


def test_thousands_of_runs_fit_and_numbers_and_reasons_stand_in_clear(large: Large) -> None:
    assert len(large.runs) == 3 * len(tasks.every()) * (len(models.names()) + 3) > 3400
    assert large.page.size < min(260 * len(large.runs), site.LARGEST)  # bytes a run
    assert large.page.excess is None
    html = large.page.html
    cells = len(tasks.every()) * (len(models.names()) + 5)
    assert html.count("<td class=h") > cells  # and the ladder
    reasons = {run["reason"] for run in large.runs if run["reason"]}
    assert len(reasons) > 100
    for told in (*reasons, "gru cannot do parity", "Data: Frontier n*", "Data: Loss at the last step that was logged"):
        assert told in html
    assert html.count("packed, since there are so many: switch JavaScript on.") == 3
    packed = Parsed(html).packed
    assert packed.count("60 of its first 119 layers, evenly spaced") == len(tasks.every())
    assert packed.count('<figure class="plot">') > 2 * len(tasks.every())
    assert html.count('<figure class="plot">') == 2  # those of the first length
    assert f"Protocol quick ({digest(SETTINGS, 8)}): version=2, training.length=12, training.steps=600, " in html


# in a browser


@pytest.fixture(scope="module")
def started(page: site.Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chromium, Path]]:
    if WHERE is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    folder = tmp_path_factory.mktemp("site")
    path = folder / "index.html"
    path.write_text(page.html, encoding="utf-8")
    with Chromium(folder / "profile") as browser:
        yield browser, path


@pytest.fixture
def browser(started: tuple[Chromium, Path]) -> Iterator[Chromium]:
    """The page, freshly opened; afterwards: no error, nothing refused, no request but for the file itself."""
    browser, path = started
    browser.open(path)
    yield browser
    said = [event for event in browser.events if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert said == []
    asked = [event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith("data:")} == {path.resolve().as_uri()}


ROWS = "[...document.querySelectorAll('#scores .on tr:not([hidden]) > th[scope=row]')].map(th => th.textContent)"
COLUMNS = "[...document.querySelectorAll('#scores .on th[scope=col]:not([hidden])')].map(th => th.textContent.trim())"
VISIBLE = "!document.getElementById('details').hidden"
PARITY = "#scores .on tr[data-model='1'] td:nth-child(6)"


def test_hostile_names_are_shown_as_text(browser: Chromium) -> None:
    assert browser.run("document.title") == "Realizable: the leaderboard"
    assert browser.run("document.images.length") == 0
    assert browser.run("document.querySelector('#scores .on tr[data-model=\"2\"] th bdi').textContent") == f"resnet · {SAFE}"


def test_sort_by_click_and_by_keyboard(browser: Chromium) -> None:
    names = ["reference", "shortcut", "resnet", "gru", f"resnet · {SAFE} verified claim differs"]
    assert browser.run(ROWS) == names
    head = "#scores .on thead th:nth-child(5)"  # addition
    browser.point(f"{head} button", click=True)
    assert browser.run(f"document.querySelector('{head}').ariaSort") == "descending"
    assert browser.run(ROWS) == names  # those that did not run stand last, both ways
    browser.press("Enter")
    assert browser.run(f"document.querySelector('{head}').ariaSort") == "ascending"
    assert browser.run(ROWS) == names
    browser.point("#scores .on thead th:nth-child(1) button", click=True)
    browser.press("Enter")
    assert browser.run(ROWS) == [names[i] for i in (0, 1, 4, 2, 3)]
    assert browser.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert browser.run("document.getElementById('count').textContent").endswith("sorted by architecture, descending")


def test_filter_by_text_class_and_badge(browser: Chromium) -> None:
    browser.point("#architecture", click=True)
    browser.type("GR")
    assert browser.run(ROWS) == ["reference", "shortcut", "gru"]
    assert browser.run("document.getElementById('count').textContent") == "1 of 3 architectures, 2 of 2 tasks"
    browser.point(".controls > button", click=True)
    browser.until(f"{ROWS}.length === 5")
    choose = "((id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event('input')) })"
    browser.run(f"{choose}('class', 'AC⁰[2]')")
    assert [name for name in browser.run(COLUMNS) if "AC" in name] == ["parity AC⁰[2]"]
    browser.run(f"{choose}('badge', 'verified')")
    assert browser.run(f"{ROWS}.length") == 3
    assert "1 of 3 architectures, 1 of 2 tasks; rank" in browser.run("document.getElementById('count').textContent")


def test_metric_and_length_switch_table_ladder_and_plots(browser: Chromium) -> None:
    assert browser.run(f'document.querySelector("{PARITY} b").textContent') == "0.700"
    browser.until("!document.getElementById('metric').disabled")
    browser.run("factor.selectedIndex = 0; factor.dispatchEvent(new Event('change'))")
    browser.run("metric.selectedIndex = 1; metric.dispatchEvent(new Event('change'))")
    assert (
        browser.run("[...document.querySelectorAll('.sheet.on h3')].map(h => h.firstChild.textContent.trim())")
        == ["Whole-word accuracy at the training length"] * 3
    )
    assert browser.run("document.querySelector('#scores .on tr[data-model=\"1\"] td:nth-child(5) b').textContent") == "0.500"


def test_details_by_mouse_have_the_provenance_and_escape_closes_them(browser: Chromium) -> None:
    browser.point("#scores .on tr[data-model='2'] td:nth-child(6)")
    browser.until(VISIBLE)
    said = browser.run("document.getElementById('details').innerText")
    for text in (
        "0.600⁽⁴⁾⁽⁵⁾ [0.50, 0.70], gap 0.400 · 1 missing",
        "feedfacefeedface",
        "cdcdcdcd…",
        "task aa, model bb",
        "torch 2",
        "claimed 0.950",
        SAFE,
    ):
        assert text in said
    browser.press("Escape")
    assert not browser.run(VISIBLE)
    browser.point("#scores .on tr[data-model='2'] td:nth-child(6) small")  # still in that cell
    assert not browser.run(VISIBLE)
    browser.point("#scores .on tr[data-model='1'] td:nth-child(6)")
    browser.until(VISIBLE)


def test_details_by_keyboard_and_for_a_screen_reader(browser: Chromium) -> None:
    browser.run("document.querySelector('#scores .on thead th:last-child button').focus()")
    browser.press("Tab", "Tab")
    at = "[document.activeElement.closest('tr').dataset.model, document.activeElement.closest('td').cellIndex]"
    if browser.run("document.activeElement.tagName") == "A":  # the link of the row's name stands before its cells
        browser.press("Tab")
    browser.press("ArrowRight", "ArrowDown", "ArrowUp")
    assert browser.run(at) == ["1", 5]
    browser.until(VISIBLE)
    node = browser("Runtime.evaluate", expression="document.activeElement")["result"]["objectId"]
    button = browser("Accessibility.getPartialAXTree", objectId=node, fetchRelatives=False)["nodes"][0]
    assert (button["role"]["value"], button["name"]["value"]) == ("button", "0.700 [0.60, 0.80] gap 0.300")
    assert button["description"]["value"].startswith(
        "AC⁰[2]. 0.400, from the shortcut 0.500 to the reference 1.000. solves: not known"
    )
    browser.press("Enter")
    assert browser.run("document.activeElement.id") == "details"
    browser.press("Escape")
    assert not browser.run(VISIBLE)
    assert browser.run(at) == ["1", 5]


def test_a_cell_with_the_focus_keeps_its_details_wherever_the_mouse_goes(browser: Chromium) -> None:
    browser.point("#scores .on tr[data-model='2'] td:nth-child(6)")
    browser.run("document.querySelector('#scores .on thead th:last-child button').focus()")
    browser.press("Tab", "Tab")
    if browser.run("document.activeElement.tagName") == "A":
        browser.press("Tab")
    browser.press("ArrowRight", "ArrowLeft")
    named = "document.querySelector('#details h2').textContent"
    browser.until(VISIBLE)
    said = browser.run(named)
    browser.point("h1")  # the mouse leaves the table, and would have closed what it had opened
    browser.run("new Promise(done => setTimeout(done, 400))")
    browser.until(VISIBLE)
    assert browser.run(named) == said
    mouse = "document.querySelector(\"#scores .on tr[data-model='1'] td:nth-child(6) b\").dispatchEvent(new PointerEvent("
    moved, out = (f"{mouse}'{kind}', {{bubbles: true, pointerType: 'mouse'}}))" for kind in ("pointermove", "pointerout"))
    browser.run(moved)  # it looks at another cell, which the details do not cover
    browser.until(f"{named} !== {json.dumps(said)}")
    browser.run(out)
    browser.until(f"{VISIBLE} && {named} === {json.dumps(said)}")
    browser.press("Escape")
    assert not browser.run(VISIBLE)
    browser.run(moved)
    browser.until(VISIBLE)
    browser.run(out)  # the focus is still on its cell, whose details were closed on purpose
    browser.until(f"!({VISIBLE})")


NUMBER = "(name => [...first.options].find(o => o.textContent === name).value)"
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((x) => x / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { const c = rgb(getComputedStyle(e).backgroundColor); return c[3] ? c : behind(e.parentElement); };
  const seen = new Map();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
    const ink = getComputedStyle(e)[e.closest("svg") ? "fill" : "color"];
    const [a, b] = [light(rgb(ink)), light(behind(e))].sort((x, y) => y - x);
    const name = (e) => `${e.tagName}.${e.className.baseVal ?? e.className}`;
    const kind = `${name(e)} in ${name(e.parentElement)}`;
    seen.set(kind, Math.min(seen.get(kind) ?? 21, (a + 0.05) / (b + 0.05)));
  }
  return [seen.size, [...seen].filter(([, ratio]) => ratio < 4.5).map(([name]) => name)];
})()"""


def test_light_and_dark_by_system_and_by_button_and_both_are_readable(browser: Chromium) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.run("document.querySelectorAll('details').forEach(panel => { panel.open = true })")
    found = {}
    for theme in ("light", "dark"):
        browser("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        found[theme] = browser.run(paper)
        kinds, poor = browser.run(CONTRAST)
        assert kinds > 20
        assert poor == []
    assert found == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    browser.point(".theme [data-theme=light]", click=True)
    assert browser.run(paper) == found["light"]
    assert browser.run("document.querySelector('.theme [data-theme=light]').ariaPressed") == "true"
    browser.point(".theme [data-theme=auto]", click=True)
    assert browser.run(paper) == found["dark"]
    browser("Emulation.setEmulatedMedia", features=[])


def test_on_a_phone_only_the_table_scrolls_sideways(browser: Chromium, started: tuple[Chromium, Path]) -> None:
    browser.open(started[1], width=390, height=844)
    browser.run("document.querySelectorAll('details').forEach(panel => { panel.open = true })")
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("(box => box.scrollWidth > box.clientWidth)(document.querySelector('#scores .on .wide'))")


def test_link_opens_its_panel(browser: Chromium) -> None:
    browser.point("#ladder .on th[scope=row] a", click=True)
    browser.until("document.getElementById('task-0').closest('details').open")


def test_readable_without_scripts(browser: Chromium, started: tuple[Chromium, Path]) -> None:
    browser("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(started[1])
        assert browser.run("document.querySelectorAll('button.cell, button.sort, html.js').length") == 0
        assert not browser.run("document.querySelector('.controls').checkVisibility()")
        text = browser.run("document.querySelector('#scores table').innerText")
        assert text.index("reference") < text.index("0.700")
    finally:
        browser("Emulation.setScriptExecutionDisabled", value=False)


def test_the_first_screen_says_who_solves_and_its_cells_have_details(browser: Chromium, started: tuple[Chromium, Path]) -> None:
    browser.open(started[1])
    browser.until("!document.getElementById('metric').disabled")
    shown = browser.run("[...document.querySelectorAll('.map tbody tr')].map(r => r.innerText.split(/\\s+/).at(0))")
    assert sorted(shown)[:2] == ["gru", "resnet"]
    assert browser.run("document.querySelector('#solves').getBoundingClientRect().top") < 300
    label = browser.run("document.querySelector('.map .cell').ariaLabel")
    assert label.startswith(browser.run("document.querySelector('.map .cell').textContent") + " solve: ")
    browser.run("document.querySelector('.map .cell').focus()")
    browser.press("Enter")
    browser.until("!document.getElementById('details').hidden")
    assert browser.run("document.querySelector('#details h2').textContent.split(' on ')[0]") in ("gru", "resnet", "resnet · ")
    assert browser.run("document.querySelectorAll('#details svg').length") >= 3
    browser.press("Escape")


def test_two_rows_compared_by_hand(browser: Chromium) -> None:
    browser.run("first.value = data_of('gru'); second.value = data_of('resnet')".replace("data_of", NUMBER))
    browser.run("first.dispatchEvent(new Event('input'))")
    browser.until("document.getElementById('compared').textContent.startsWith('Of ')")
    # parity at twice the length: gru 0.9 for seed 0, whose second run failed; resnet 0.6 and 0.8
    said = browser.run("document.getElementById('compared').textContent")
    assert "Of 1 pairs of runs gru is better in 1, resnet in 0." in said
    (row,) = [
        row
        for row in browser.run(
            "[...document.querySelectorAll('#compare tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
        )
        if row[0] == "parity"
    ]
    assert row[3:] == ["0.900", "0.600", "1", "1", "0"]


def test_a_state_of_the_page_is_its_address(browser: Chromium, started: tuple[Chromium, Path]) -> None:
    browser.until("!document.getElementById('metric').disabled")
    browser.run("architecture.value = 'gru'; architecture.dispatchEvent(new Event('input'))")
    browser.run("factor.selectedIndex = 0; factor.dispatchEvent(new Event('change'))")
    hash = browser.run("location.hash")
    assert hash.startswith("#?")
    browser.run("document.querySelector('.controls').reset()")
    browser.until("location.hash === ''")
    browser.run(f"location.hash = {json.dumps(hash)}")
    browser.until("document.getElementById('architecture').value === 'gru'")
    assert browser.run("factor.selectedIndex") == 0
    assert browser.run(f"{ROWS}.length") == 3
    browser.run("location.hash = '#?factor=99&metric=none&nothing=1&architecture=gru'")  # what no page has changes nothing else
    browser.until("factor.selectedIndex === 0")
    browser.run("document.querySelector('.controls').reset()")


def test_what_is_shown_as_csv(browser: Chromium) -> None:
    browser.run("architecture.value = 'gru'; architecture.dispatchEvent(new Event('input'))")
    browser.run("URL.createObjectURL = (blob) => { window.made = blob; return 'data:,' }")
    browser.run("document.getElementById('csv').click()")
    lines = browser.run("window.made.text()").splitlines()
    assert lines[0].startswith('"architecture","solves"')
    assert [line.split(",")[0] for line in lines[1:]] == ['"reference"', '"shortcut"', '"gru"']
    browser.run("document.querySelector('.controls').reset()")


def test_the_map_says_how_many_runs_its_squares_have() -> None:
    some = [done(), done(seed=1), done(task="counter")]
    says = {"How many of 1 run solve": some[::2], "How many of 1 to 2 runs solve": some, "How many of 2 runs solve": some[:2]}
    assert all(title in made(records).html for title, records in says.items())


def test_findings_by_hand() -> None:
    def run(seed: int, recipe: str, solves: bool, stands: bool, fits: bool = True) -> dict[str, Any]:
        four = score("trained", 4, word=float(solves))
        deep = score("trained", 1, depth=48, depth_of=48, unchanged=100 * stands)
        made = done("resnet", seed=seed, scores=[score(word=float(fits)), four, deep])
        return made | {"recipe": made["recipe"] | {"label": recipe}}

    some = [run(0, "", False, False), run(1, "", True, True), run(0, "steady", True, True), run(1, "steady", False, True)]
    some += [run(2, "steady", False, False, fits=False)]
    for number, one in enumerate(some):
        one["id"] = f"{number:016x}"
    gap, recipes, settling = overview.findings(frame(some))
    assert gap.startswith("Of 5 runs")
    assert "4 have at least 99%" in gap
    assert "2 of words 4 times as long" in gap
    assert recipes.startswith("The same 2 architectures, tasks and seeds")
    assert "1 under the recipe plain" in recipes
    assert "1 under the recipe steady" in recipes
    assert settling.startswith("Of the 3 runs that fit and whose answers stand")
    assert "2 solve; of the 1 that fit and whose answers do not stand, 0." in settling
    assert overview.findings(frame([failed("gru")])) == []


def test_landmarks_names_and_headings(browser: Chromium) -> None:
    nodes = [node for node in browser("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    found: dict[str, list[str]] = {}
    for node in nodes:
        found.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert {"banner", "navigation", "main", "form", "table", "status"} <= found.keys()
    for role in ("button", "link", "image", "table", "region", "combobox", "searchbox"):
        assert all(found[role]), role
    assert browser.run("document.documentElement.lang") == "en"
    levels = browser.run(
        "[...document.querySelectorAll('h1, h2, h3, h4')].filter(h => h.checkVisibility()).map(h => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_policy_refuses_what_would_leave_the_page(started: tuple[Chromium, Path]) -> None:
    browser, path = started
    browser.open(path)
    refused = "new Promise(done => {{ addEventListener('securitypolicyviolation', e => done(e.effectiveDirective)); {} }})"
    for attempt, directive in {
        "fetch('https://example.org/').catch(() => 0)": "connect-src",
        "new Image().src = 'https://example.org/x.png'": "img-src",
        "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))": "script-src-elem",
        "document.body.append(Object.assign(document.createElement('iframe'), {src: 'https://example.org'}))": "frame-src",
        "document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\">x</b>')": "style-src-attr",
    }.items():
        assert browser.run(refused.format(attempt)) == directive


def test_a_large_page_in_chromium_with_and_without_its_script(started: tuple[Chromium, Path], large: Large) -> None:
    browser, _ = started
    shown = "[...document.querySelectorAll('{}')].filter(e => e.checkVisibility()).length"
    browser("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(large.path)
    assert browser.run(shown.format("#scores .heat b")) == len(tasks.every()) * (len(models.names()) + 5)
    assert browser.run(shown.format(".noscript")) == 4
    assert browser.run(shown.format(".script, .cell, .sort")) == 0
    browser("Emulation.setScriptExecutionDisabled", value=False)
    browser.open(large.path)
    browser.until("!document.getElementById('metric').disabled")
    assert browser.run(shown.format(".noscript")) == 0
    assert browser.run("document.querySelectorAll('#losses figure, #frontiers figure').length") == 2 * len(tasks.every())
    assert browser.run("document.querySelectorAll('#tasks .spacetime').length") == len(tasks.every())
    browser.point("#scores .on tr[data-model='0'] td:nth-child(6)")
    first = next(run["id"] for run in large.runs if run["model"]["label"] == models.names()[0])
    task = browser.run("document.querySelector('#details h2').textContent").split(" on ")[1]
    first = next(r["id"] for r in large.runs if (r["model"]["label"], r["task"]["label"]) == (models.names()[0], task))
    browser.until(VISIBLE)
    assert first in browser.run("document.querySelector('#details').textContent")
    # names, classes and the reference stay in sight
    browser.run("document.querySelector('.on .tall').scrollTo(400, 600)")
    top, foot, at, left = browser.run(
        "(() => { const box = e => document.querySelector('#scores .on ' + e).getBoundingClientRect();"
        "return [box('.tall').top, box('.reference').bottom, box('thead').top, box('tbody th').left - box('.tall').left] })()"
    )
    assert (at, left) == (top, 0)
    browser.run("document.querySelector('#scores .on tbody tr:last-child .cell').focus()")
    browser.press(*["ArrowUp"] * 12)
    assert browser.run("document.activeElement.getBoundingClientRect().top") >= foot - 1  # not beneath what stays
