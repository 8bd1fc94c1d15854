"""What browsers forgive and HTML forbids, found in a page. A list of rules, not the whole standard:
nesting, ids and what refers to them, and values that are no values.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


VOID = _tags("area base br col embed hr img input link meta source track wbr")
OPTIONAL = _tags("p li dt dd tr td th thead tbody tfoot option optgroup colgroup")  # to close
CLOSES_P = _tags(
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6"
    " header hr main menu nav ol p pre section table ul"
)
CHILDREN = {
    "ul": {"li", "script", "template"},
    "ol": {"li", "script", "template"},
    "tr": {"td", "th", "script", "template"},
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot", "tr", "script", "template"},
    "select": {"option", "optgroup", "hr"},
    "dl": {"dt", "dd", "div", "script", "template"},
}
INTERACTIVE = _tags("a button")
HOLDS_PHRASES = _tags("h1 h2 h3 h4 h5 h6 button span small b strong em label summary")
BLOCKS = CLOSES_P - {"hr"}
DATE = r"\d{4}-\d\d-\d\d"
TIME = r"\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?"
DATETIME = re.compile(rf"{DATE}(?:[T ]{TIME}(?:Z|[+-]\d\d:?\d\d)?)?|{TIME}|P\S+")
WHOLE = re.compile(r"\d+")
DJANGOS = {"id_password_helptext"}  # to which its form of a user refers without having it
REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list")


def problems(page: str) -> list[str]:
    """What is wrong with a page, or with a part of one that a script puts into it."""
    checker = _Checker()
    checker.feed(page)
    checker.close()
    return checker.finish(is_whole="<html" in page)


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: list[tuple[str, str]] = []
        self.option: str | None = None  # the text of the open option
        self.is_djangos = False  # a list of choices that Django's script fills

    def say(self, problem: str) -> None:
        line, _ = self.getpos()
        self.found.append(f"line {line}: {problem}")

    # --- tags -----------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._close_what_may_stay_open(tag)
        self._check_place(tag)
        self._check_attributes(tag, attrs)
        if tag == "select":
            self.is_djangos = "admin-autocomplete" in (dict(attrs).get("class") or "")
        if tag == "option" and not self.is_djangos and not dict(attrs).get("label"):
            self.option = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check_attributes(tag, attrs)
        if tag not in VOID and "svg" not in self.open and tag != "svg":
            self.say(f"<{tag}/> is not closed by its slash")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            if "svg" not in self.open:
                self.say(f"</{tag}> closes nothing")
            return
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            if tag not in self.open:
                break
            self._pop()
        if self.open and self.open[-1] == tag:
            self._pop()
        elif tag in self.open:
            self.say(f"<{self.open[-1]}> is open where </{tag}> closes")
            while self.open and self.open.pop() != tag:
                pass
        else:
            self.say(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.option is not None and self.open and self.open[-1] == "option":
            self.option += data
        elif data.strip() and self.open and self.open[-1] in CHILDREN:
            self.say(f"text right in <{self.open[-1]}>")

    def _pop(self) -> None:
        if self.open.pop() == "option":
            if self.option is not None and not self.option.strip():
                self.say("an <option> without text")
            self.option = None

    def _close_what_may_stay_open(self, tag: str) -> None:
        if tag in CLOSES_P and self.open and self.open[-1] == "p":
            self._pop()
        same = {"td": ("td", "th"), "th": ("td", "th"), "dt": ("dt", "dd"), "dd": ("dt", "dd")}
        if self.open and tag in OPTIONAL and self.open[-1] in same.get(tag, (tag,)):
            self._pop()

    def _check_place(self, tag: str) -> None:
        if not self.open:
            return
        parent = self.open[-1]
        if parent in CHILDREN and tag not in CHILDREN[parent]:
            self.say(f"<{tag}> right in <{parent}>")
        if tag in INTERACTIVE and INTERACTIVE & set(self.open):
            self.say(f"<{tag}> in another link or button")
        if (
            parent in HOLDS_PHRASES
            and tag in BLOCKS
            and not (parent == "summary" and tag.startswith("h"))
        ):
            self.say(f"<{tag}> in <{parent}>")
        if tag == "form" and "form" in self.open:
            self.say("<form> in <form>")

    # --- attributes -----------------------------------------------------------------------------

    def _check_attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if len(given) < len(attrs):
            self.say(f"<{tag}> has an attribute twice")
        if "id" in given:
            self.ids[given["id"]] += 1
            if not given["id"] or re.search(r"\s", given["id"]):
                self.say(f"<{tag}> has the id {given['id']!r}")
        self.references += [
            (name, one) for name in REFERS if name in given for one in given[name].split()
        ]
        if tag == "a" and given.get("href", "").startswith("#") and len(given["href"]) > 1:
            self.references.append(("href", given["href"][1:]))
        if tag == "img":
            if not given.get("src", "").strip():
                self.say("<img> without src")
            if "alt" not in given:
                self.say("<img> without alt")
        if tag in ("img", "video", "canvas"):
            for side in ("width", "height"):
                if side in given and not WHOLE.fullmatch(given[side]):
                    self.say(f"<{tag}> has the {side} {given[side]!r}")
        if tag == "time" and not DATETIME.fullmatch(given.get("datetime", "00:00")):
            self.say(f"<time> has the datetime {given['datetime']!r}")
        if tag in ("link", "script", "iframe", "source") and "" in (
            given.get("src", "x").strip(),
            given.get("href", "x").strip(),
        ):
            self.say(f"<{tag}> with an empty address")

    # --- the whole ------------------------------------------------------------------------------

    def finish(self, *, is_whole: bool) -> list[str]:
        self.found += [f"<{tag}> is never closed" for tag in self.open if tag not in OPTIONAL]
        self.found += [f"id {name!r} stands {n} times" for name, n in self.ids.items() if n > 1]
        if is_whole:
            self.found += [
                f"{attribute} refers to {name!r}, which is not there"
                for attribute, name in self.references
                if name not in self.ids and name not in DJANGOS
            ]
        return self.found
