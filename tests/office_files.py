"""Small office files, made by hand."""

import io
import zipfile
from html import escape

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OPEN = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)
DUBLIN = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def zipped(files: dict[str, str | bytes]) -> bytes:
    """An archive of files by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def about(title: str, author: str = "") -> str:
    return f"<p {DUBLIN}><dc:title>{title}</dc:title><dc:creator>{author}</dc:creator></p>"


def docx(lines: list[str], title: str = "", head: str = "", **more: str) -> bytes:
    """A Word document with a paragraph for each line; `head` stands before its root."""
    body = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    document = f"{head}<w:document {WORD}><w:body>{body}</w:body></w:document>"
    files = {"word/document.xml": document, "docProps/core.xml": about(title)} | more
    return zipped(dict(files))


def odt(lines: list[str], title: str = "") -> bytes:
    body = "".join(f"<text:p>{escape(line)}</text:p>" for line in lines)
    content = f"<office:document {OPEN}><office:body>{body}</office:body></office:document>"
    return zipped({"content.xml": content, "meta.xml": about(title)})


def rtf(lines: list[str]) -> bytes:
    """An RTF file; letters beyond ASCII are written by their numbers."""
    text = "\\par\n".join(
        "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in line.replace("\t", "\\tab "))
        for line in lines
    )
    return f"{{\\rtf1\\ansi\\ansicpg1252 {text}\\par}}".encode()


def epub(chapters: list[str], title: str = "") -> bytes:
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml"/>' for n, _ in enumerate(chapters))
    spine = "".join(f'<itemref idref="c{n}"/>' for n, _ in enumerate(chapters))
    package = f"<package>{about(title)}<manifest>{items}</manifest><spine>{spine}</spine></package>"
    pages = {f"book/c{n}.xhtml": f"<html><p>{text}</p></html>" for n, text in enumerate(chapters)}
    container = '<container><rootfile full-path="book/package.opf"/></container>'
    return zipped({"META-INF/container.xml": container, "book/package.opf": package, **pages})


def xlsx(rows: list[list[str | int]]) -> bytes:
    """A workbook of one sheet."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    cell = '<c t="inlineStr"><is><t>{}</t></is></c>'
    cells = "".join(f"<row>{''.join(map(cell.format, row))}</row>" for row in rows)
    kinds = "http://schemas.openxmlformats.org/package/2006"
    return zipped({
        "[Content_Types].xml": f'<Types xmlns="{kinds}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{kinds}/relationships"><Relationship Id="r1" '
        f'Type="{of}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{of}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kinds}/relationships">'
        f'<Relationship Id="r1" Type="{of}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    })  # fmt: skip
