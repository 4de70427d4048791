"""A comparison as JUnit XML: a test case for each metric that has a limit."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..compare import Comparison, number

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(comparison: Comparison) -> str:
    """One suite; its properties are the totals, the memory and the stacks of the new record."""
    limited = [change for change in comparison.changes if change.limit is not None]
    suite = ElementTree.Element("testsuite", {
        "name": _clean(f"cmsim compare {comparison.new['firmware']['name']}"),
        "tests": str(len(limited)), "failures": str(len(comparison.breaches)), "errors": "0",
        "skipped": "0", "time": "0",
    })
    properties = ElementTree.SubElement(suite, "properties")
    for change in (*comparison.of("total"), *comparison.of("memory"), *comparison.of("stack")):
        if change.new is not None:
            value = f"{float(change.new):.12g}"
            ElementTree.SubElement(properties, "property", {"name": _clean(change.name), "value": value})
    for change in limited:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": "cmsim.compare", "name": _clean(change.name), "time": "0"})
        if change.breach:
            failure = ElementTree.SubElement(case, "failure", {"type": "limit", "message": _clean(change.sentence())})
            moved = [other for kind in comparison.groups for other in comparison.moved(kind)]
            failure.text = _clean("\n".join(other.sentence() for other in moved[:30]))
        else:
            figures = f"{number(change.base)} -> {number(change.new)} {change.unit}"
            ElementTree.SubElement(case, "system-out").text = figures
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
