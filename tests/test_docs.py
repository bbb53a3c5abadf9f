"""The documentation says what the program does: error pages, generated pages, the keys of the model, and links."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import msgspec
import pytest

import querynl
from querynl import schema as model
from querynl.errors import QueryNLError
from tools.reference import DOCS, documents

ROOT = DOCS.parent
ERRORS = DOCS / "errors"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "The file": model.Schema,
    "Tables": model.Table,
    "Columns": model.Column,
    "Identity": model.Identity,
    "Generated columns": model.Generated,
    "Primary keys": model.PrimaryKey,
    "Unique constraints": model.Unique,
    "Foreign keys": model.ForeignKey,
    "Checks": model.Check,
    "Exclusion constraints": model.Exclusion,
    "Exclusion elements": model.ExclusionElement,
    "Indexes": model.Index,
    "Index columns": model.IndexColumn,
    "Enums": model.Enum,
    "Views": model.View,
    "Routines": model.Routine,
    "Triggers": model.Trigger,
    "Sequences": model.Sequence,
    "Domains": model.Domain,
    "Composite types": model.CompositeType,
    "Attributes": model.Attribute,
    "Extensions": model.Extension,
    "Policies": model.Policy,
    "Definitions": model.Definition,
    "Namespaces": model.Namespace,
    "Owners": model.Ownership,
    "Grants": model.Grant,
    "Default privileges": model.DefaultPrivileges,
    "Dependencies": model.Dependency,
}


def error_classes() -> list[type[QueryNLError]]:
    """Every class of error, wherever in the package it is written."""
    for module in walk_packages(querynl.__path__, "querynl."):
        if not module.name.endswith("__main__"):
            import_module(module.name)

    def below(parent: type[QueryNLError]) -> Iterator[type[QueryNLError]]:
        yield parent
        for child in parent.__subclasses__():
            yield from below(child)

    return list(below(QueryNLError))


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in error_classes()]
    assert sorted(codes) == sorted(set(codes))


def test_every_error_has_a_page_with_its_name_and_exit_status() -> None:
    for error in error_classes():
        page = (ERRORS / f"{error.code}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {error.code} {error.__name__}\n")
        assert f"\nExit status {error.exit_status}.\n" in page
        assert f"Error {error.code}: " in page, "an example of the message"


def test_every_error_page_belongs_to_an_error() -> None:
    pages = {page.stem for page in ERRORS.glob("*.md")} - {"README"}
    assert pages == {error.code for error in error_classes()}


def test_the_list_of_errors_has_every_error_with_its_exit_status() -> None:
    listed = re.findall(
        r"^\| \[(QN\d+)\]\(\1\.md\) \| .+ \| (\d+) \|$", (ERRORS / "README.md").read_text("utf-8"), re.M
    )
    assert listed == sorted((error.code, str(error.exit_status)) for error in error_classes())


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_generated_pages_are_as_the_program_makes_them(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == documents()[file], "write it anew with `make docs`"


def test_the_page_of_the_schema_file_lists_exactly_the_keys_of_the_model() -> None:
    text = (DOCS / "schema-file.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", text, re.M | re.S))
    for title, struct in SECTIONS.items():
        documented = re.findall(r"^\| `(\w+)` \|", sections[title], re.M)
        assert documented == [field.encode_name for field in msgspec.structs.fields(struct)], title


def test_every_struct_of_the_model_has_a_section() -> None:
    structs = [value for value in vars(model).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]
    assert {struct for struct in structs if not struct.__name__.startswith(("_", "Struct"))} == set(SECTIONS.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if heading:
            assert heading in _anchors(target.read_text(encoding="utf-8")), link


def _anchors(text: str) -> set[str]:
    """What GitHub makes of the headings of a page, to be linked to."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
