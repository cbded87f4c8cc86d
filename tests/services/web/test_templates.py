"""What a page names for itself never takes the place of what the frame around it shows."""

from __future__ import annotations

import pytest
from jinja2 import meta, nodes

from services.web.templates import ENVIRONMENT


def _parsed(name: str) -> nodes.Template:
    assert ENVIRONMENT.loader is not None
    return ENVIRONMENT.parse(ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0])


def _own_names(page: nodes.Template) -> set[str]:
    """Names that stand at the top of a template: they are seen by the template it extends, too."""
    names: set[str] = set()
    for node in page.body:
        if isinstance(node, nodes.FromImport):
            names |= {name if isinstance(name, str) else name[1] for name in node.names}
        elif isinstance(node, nodes.Import):
            names.add(node.target)
        elif isinstance(node, nodes.Macro):
            names.add(node.name)
        elif isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            names.add(node.target.name)
    return names


def _shown_by(frame: str) -> set[str]:
    """Names that a frame shows and that it is given, not ones of its own."""
    return meta.find_undeclared_variables(_parsed(frame)) - set(ENVIRONMENT.globals)


@pytest.mark.parametrize("name", ENVIRONMENT.list_templates(extensions=["html"]))
def test_no_name_of_a_page_hides_one_of_its_frame(name: str) -> None:
    page = _parsed(name)
    extended = [n.template.as_const() for n in page.find_all(nodes.Extends)]
    for frame in extended:
        assert not _own_names(page) & _shown_by(frame), f"{name} shows its own name in {frame}"


def test_the_frame_shows_who_is_looking() -> None:
    assert {"watermark", "staff", "here"} <= _shown_by("console/base.html")
