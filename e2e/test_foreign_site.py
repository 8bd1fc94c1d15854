"""The wheel in a site that is not ours, with six lines of settings and one class."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psutil
import pytest
from playwright.sync_api import expect

from bulk_admin.tests.support.processes import ROOT, stop, wait_until
from e2e.foreign import OURS, Site
from e2e.pages import NewJobPage

PASSWORD = "a-password-of-the-chef"
LISTS = (
    "bulkgenerationjob",
    "generatedimage",
    "providercall",
    "provideraccount",
    "imagemodel",
    "spend",
    "unstoredimage",
    "worker",
)
# What a check says when this line of ours is missing.
MISSING = {
    'INSTALLED_APPS += ["crispy_forms", "django_htmx"]': ("E015", "INSTALLED_APPS"),
    'STORAGES = {**STORAGES, "private": FILES}': ("E010", "Add it to STORAGES"),
    'BULK = {"PAGES": "recipes.bulk.RecipePages"}': ("E011", 'BULK = {"PAGES"'),
}


# For the whole run: tests that move between workers would have it built again each time.
@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    made = Site(tmp_path_factory.mktemp("foreign"))
    made.build()
    done(made.manage("makemigrations", "recipes"))
    done(made.manage("migrate", "--verbosity", "0"))
    login = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    words = ("--noinput", "--username", "chef", "--email", "chef@example.com")
    done(made.manage("createsuperuser", *words, **login))
    return made


def done(ran: subprocess.CompletedProcess[str]) -> str:
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@contextmanager
def running(site: Site, *words: str) -> Iterator[psutil.Popen]:
    with (site.folder / f"{words[0]}.log").open("w") as log:
        process = psutil.Popen(
            site.command(*words),
            cwd=site.folder,
            env=site.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


@pytest.fixture
def worker(site) -> Iterator[None]:
    with running(site, "bulk_worker"):
        yield


@pytest.fixture(scope="session")
def address(site) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(site, "runserver", "--noreload", f"127.0.0.1:{port}") as process:

        def answers() -> bool:
            assert process.poll() is None, (site.folder / "runserver.log").read_text()
            with socket.socket() as asking:
                return asking.connect_ex(("127.0.0.1", port)) == 0

        wait_until(answers)
        yield f"http://127.0.0.1:{port}"


def test_it_takes_six_lines_of_settings_and_no_middleware():
    assert len(OURS.split("\n")) - 2 <= 6
    assert "MIDDLEWARE" not in OURS


def test_the_repository_is_not_on_its_path(site):
    where = done(
        site.manage("shell", "-v", "0", "-c", "import bulk_admin; print(bulk_admin.__file__)")
    )
    assert where.startswith(str(site.folder / "venv"))
    assert site.manage("shell", "-v", "0", "-c", "import prompts").returncode != 0


def test_checks_find_no_error(site):
    assert "ERRORS" not in done(site.manage("check"))


def test_a_command_a_worker_and_two_recipes(site, worker):
    (site.folder / "prompts.txt").write_text(
        "tomato soup in a blue bowl\nplum cake on a window sill\n"
    )
    told = done(
        site.manage("bulk_generate", "prompts.txt", "--user", "chef", "--wait", "--create-pages")
    )
    count = (
        "from recipes.models import Recipe; made = Recipe.objects.all();"
        " print(len(made), all(recipe.photo.size for recipe in made))"
    )
    assert done(site.manage("shell", "-v", "0", "-c", count)).split()[:2] == ["2", "True"], told


def test_every_screen_in_a_plain_django_admin(site, worker, address, browser, watch):
    faults: list[str] = []
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    context.on("page", watch.page)
    context.on("request", watch.request)
    context.on(
        "response",
        lambda answer: answer.status >= 400 and faults.append(f"{answer.status} {answer.url}"),
    )
    # A new site has no icon, which is none of our business.
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.goto("/desk/")
    page.get_by_label("Username").fill("chef")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto("/desk/bulk_admin/bulkgenerationjob/add/")
    expect(page.locator("fieldset .card").first).to_be_visible()  # ours, whatever the host's pack
    form = NewJobPage(page).paste("green pea soup\nan apple pie\na burnt toast")
    page.screenshot(path=site.folder / "new-job.png")
    job = form.review().generate()
    expect(job.to_decide).to_have_count(3)
    job.drop(2)
    job.wait_for("complete")
    page.screenshot(path=site.folder / "job.png")
    job.create_pages()
    expect(page.get_by_text("2 pages created")).to_be_visible()
    page.get_by_role("button", name="Result in full").click()
    page.locator("ol.drafts a").first.click()
    expect(page).to_have_url(re.compile("/desk/recipes/recipe/"))
    for name in LISTS:
        page.goto(f"/desk/bulk_admin/{name}/")
        expect(page.locator("#content h1").first).to_be_visible()
    page.screenshot(path=site.folder / "list.png")
    page.goto("/order/")
    expect(page.locator("input.form-control")).to_be_visible()  # the host's pack is in use
    page.goto("/desk/bulk_admin/bulkgenerationjob/health/")
    expect(page.locator("h1").first).to_be_visible()
    page.screenshot(path=site.folder / "health.png")
    context.close()
    assert faults == []
    assert watch.console == []
    assert watch.outgoing == []


@pytest.mark.parametrize("line", MISSING)
def test_a_missing_line_is_named_and_no_worker_idles(site, line):
    assert line in OURS
    number, hint = MISSING[line]
    site.configure(without=line)
    try:
        for command in ("check", "bulk_worker"):
            ran = site.manage(command)
            assert ran.returncode != 0
            assert f"bulk_admin.{number}" in ran.stderr
            assert hint in ran.stderr
            assert "Traceback" not in ran.stderr
    finally:
        site.configure()


def test_the_blog_of_the_documents_works_as_it_is_written(site, tmp_path):
    """docs/installing.md: every block of Python under the name of its file."""
    done(site.start_project("mysite", tmp_path))
    text = (ROOT / "docs/installing.md").read_text()
    blocks = re.findall(r"`((?:mysite|blog)/\w+\.py)`:\n\n```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    for name, code in blocks:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as end:
            end.write(code)
    (tmp_path / "blog/__init__.py").touch()
    done(site.manage("makemigrations", "blog", folder=tmp_path))
    tested = site.manage("test", "blog", folder=tmp_path)
    assert re.search(r"Ran 1\d tests", tested.stderr), tested.stderr
    done(tested)


def count(site: Site, table: str) -> int:
    with closing(sqlite3.connect(site.folder / "db.sqlite3", timeout=20)) as database:
        return database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


UNSTORED = "bulk_admin_unstoredimage"
COMPLETED = "bulk_admin_generatedimage WHERE status = 'completed'"


@pytest.mark.parametrize("backend", ["Broken", "Renaming"])
def test_what_a_storage_does_not_take_is_kept_until_another_does(site, backend):
    """Its own exception, or another name: what was bought waits in the outbox."""
    before = count(site, COMPLETED)
    (site.folder / "bread.txt").write_text("rye bread\nwhite bread\n")
    site.configure(more=f'STORAGES["private"] = {{"BACKEND": "recipes.stores.{backend}"}}')
    try:
        with running(site, "bulk_worker"):
            done(site.manage("bulk_generate", "bread.txt", "--user", "chef"))
            wait_until(lambda: count(site, UNSTORED) == 2)
    finally:
        site.configure()
    with running(site, "bulk_worker"):
        wait_until(lambda: count(site, UNSTORED) == 0)
    assert count(site, COMPLETED) == before + 2


def test_nothing_is_bought_for_a_storage_that_is_not_there(site):
    before = count(site, "bulk_admin_providercall")
    site.configure(without='STORAGES = {**STORAGES, "private": FILES}')
    try:
        (site.folder / "late.txt").write_text("a late supper\n")
        refused = site.manage("bulk_generate", "late.txt", "--user", "chef")
        assert refused.returncode != 0
        assert 'STORAGES needs a "private" entry' in refused.stderr
        assert site.manage("bulk_worker").returncode != 0
    finally:
        site.configure()
    assert count(site, "bulk_admin_providercall") == before
