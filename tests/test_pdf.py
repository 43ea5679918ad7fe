"""What is read from a PDF: paragraphs in reading order, and what is said of files that cannot be."""

import zlib

import pytest

import topics.pdf
from topics.errors import UnreadableError
from topics.pdf import read_pdf

FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
JAPANESE = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /Mincho /Encoding /UniJIS-UTF16-H /DescendantFonts "
    "[<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Mincho /CIDSystemInfo << /Registry (Adobe) "
    "/Ordering (Japan1) /Supplement 4 >> >>] >>"
)


def pdf(*pages: str | bytes, about: str = "", trailer: str = "", font: str = FONT) -> bytes:
    """A PDF with the given content streams, one a page; bytes are taken to be packed."""
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(pages)))
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        font.encode(),
        f"<< {about} >>".encode(),
    ]
    for i, page in enumerate(pages):
        stream = page if isinstance(page, bytes) else page.encode("cp1252")
        packed = "/Filter /FlateDecode" if isinstance(page, bytes) else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {6 + 2 * i} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>".encode(),
            f"<< /Length {len(stream)} {packed} >>\nstream\n".encode() + stream + b"\nendstream",
        ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    return (
        content
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
            f"<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\n"
            f"startxref\n{len(content)}\n%%EOF\n"
        ).encode()
    )


def at(x: float, y: float, *lines: str, size: int = 10, leading: float = 12) -> str:
    """Lines of text under each other, the first one at the given place."""
    shown = [line.replace("(", r"\(").replace(")", r"\)") for line in lines]
    return "".join(
        f"BT /F {size} Tf {x} {y - i * leading} Td ({line}) Tj ET\n" for i, line in enumerate(shown)
    )


def paragraphs(*pages: str, **options: str) -> list[str]:
    return read_pdf(pdf(*pages, **options)).text.split("\n")
