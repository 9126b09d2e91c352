"""XML with the line of every element, by the standard library's expat; without document types and entities."""

from dataclasses import dataclass, field
from xml.parsers import expat

from tasks.formats import Fault


@dataclass
class Element:
    """An element: its tag, its attributes, the text in it, its children, and the line where it begins."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, *tags: str) -> list["Element"]:
        """The children with one of these tags."""
        return [child for child in self.children if child.tag in tags]

    def said(self, tag: str) -> str | None:
        """The text in the child of that tag without blank space around it; None if there is none."""
        return next((child.text.strip() for child in self.all(tag)), None)


def parsed(text: str) -> Element:
    """The root element; `Fault` if it is no well-formed XML, or declares a document type."""
    parser, open_elements = expat.ParserCreate(), [Element("", {}, 0)]

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, parser.CurrentLineNumber)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def characters(data: str) -> None:
        open_elements[-1].text += data

    def refuse(*_: object) -> None:
        raise Fault(parser.CurrentLineNumber, "it declares a document type or an entity; these are not read")

    parser.StartElementHandler, parser.CharacterDataHandler = start, characters
    parser.EndElementHandler = lambda tag: open_elements.pop()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise Fault(error.lineno, f"not XML: {expat.errors.messages[error.code]}") from None
    return open_elements[0].children[0]
