"""What the rules say of good HTML, and of each fault."""

from __future__ import annotations

import pytest
from django.template.response import SimpleTemplateResponse

from .html_rules import problems

GOOD = """<!doctype html><html lang="en"><head><title>A</title><link rel="icon" href="a.svg"></head>
<body><h1 id="top">A</h1><p>One<p>Two<ul><li>a<li>b</ul><a href="#top">up</a>
<table><tr><td>1<td>2<tr><td>3</table><label for="name">Name</label><input id="name">
<select><option value="">Choose</option><option label="b"></option></select>
<img src="a.png" alt="" width="10"><svg><path d="M0 0"/></svg>
<time datetime="2026-11-26T12:49:51+0000">now</time><dl><dt>a<dd>b</dl>
<button><span>Go</span></button></body></html>"""


def test_good_html_passes():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<div><span></div>", "<span> is open where </div> closes"),
        ("<div>", "<div> is never closed"),
        ("</div>", "</div> closes nothing"),
        ("<p><ul><li>a</ul></p>", "</p> closes nothing"),
        ("<br></br>", "</br> closes nothing"),
        ("<div/>", "<div/> is not closed by its slash"),
        ('<b id="a"></b><b id="a"></b>', "id 'a' stands 2 times"),
        ('<b id="a b"></b>', "<b> has the id 'a b'"),
        ('<b id=""></b>', "<b> has the id ''"),
        ('<b class="a" class="b"></b>', "<b> has an attribute twice"),
        ('<img alt="">', "<img> without src"),
        ('<img src=" " alt="">', "<img> without src"),
        ('<img src="a.png">', "<img> without alt"),
        ('<img src="a.png" alt="" width="10px">', "<img> has the width '10px'"),
        ('<script src=""></script>', "<script> with an empty address"),
        (
            '<time datetime="2026-11-26T12:49:51.729000+00:00">a</time>',
            "<time> has the datetime '2026-11-26T12:49:51.729000+00:00'",
        ),
        ("<select><option value='1'> </option></select>", "an <option> without text"),
        ("<ul><b>a</b></ul>", "<b> right in <ul>"),
        ("<ul>a</ul>", "text right in <ul>"),
        ("<table><div></div></table>", "<div> right in <table>"),
        ("<a href='/'><button>a</button></a>", "<button> in another link or button"),
        ("<span><div></div></span>", "<div> in <span>"),
        ("<form><form></form></form>", "<form> in <form>"),
        ('<html><label for="a">a</label></html>', "for refers to 'a', which is not there"),
        ('<html><a href="#a">a</a></html>', "href refers to 'a', which is not there"),
    ],
)
def test_each_fault_is_found(html, fault):
    assert fault in [problem.rpartition(": ")[2] for problem in problems(html)]


def test_whichever_test_asks_for_a_page_with_a_fault_fails(client, monkeypatch, pages_read):
    pages_read.clear()  # others may have read enough of this kind
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "<div>")
    with pytest.raises(AssertionError, match="/admin/login/: <div> is never closed"):
        client.get("/admin/login/")
