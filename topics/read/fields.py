"""Fields of a document from raw records and file names: columns by any name, dates, languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from dateutil import parser
from ftfy import fix_encoding

from topics.errors import InputError
from topics.read.files import Record, replace_surrogates

Names = dict[str, list[str]]  # of columns, by field

_ALIASES: Names = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
ORIGINS = ["date_from", "source_from", "country_from", "language_from"]
_MISSING = {"", "nan", "null", "none", "n/a"}
_NO_DATE = _MISSING | {"true", "false"}  # as `published` has in front matter
_FILE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}|(?:19|20)\d{6})(?!\d)(?:_([^_]+)_(.+))?")
_BEFORE = r"(?:\D*|\d{1,2}[:h]\d\d\D+)"  # a weekday, or the time
_IN_FIGURES = re.compile(  # day or month first
    rf"{_BEFORE}(\d{{1,2}})[/-](\d{{1,2}})[/-](?:\d{{4}}|\d{{2}})\b"
)
_DEFAULT_DATES = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # parts that differ were not given
_MONTH_LANGUAGES = "en_GB en de fr es it pt nl"  # their names of months are understood
_NAMED_MONTH = [  # as dates are written with the month's name, or in Chinese, Japanese or Korean
    re.compile(
        r"(?<!\d)(?P<day>\d{1,2})(?:\.|er|º|st|nd|rd|th)? (?:de )?(?P<month>[^\W\d_]{3,10})"
        r"\.?,? (?:de )?(?P<year>\d{4})(?!\d)"
    ),
    re.compile(
        r"(?P<month>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})(?!\d)"
    ),
    re.compile(r"(?P<year>\d{4}) ?[年년] ?(?P<month>\d{1,2}) ?[月월] ?(?P<day>\d{1,2})"),
]
_CODE_OF_LANGUAGE = re.compile(r"([a-z]{2})([-_].*)?")
_HINT = "expected e.g. 2025-05-02"
# Halves of surrogate pairs, and what all wrong encodings have that ftfy mends; it is 50 times as
# slow to see that there are none.
_UNLIKELY = re.compile(r"[^\0-\x7f](?:(?<=[\ud800-\udfff\x80-\x9fŒœÂÃ])|[^\0-\x7f])")
_MAX_CHARACTERS = 1000  # of a title, a source or another field
# Varieties that a short text in the standard language is taken for.
_STANDARD = {"wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar", "an": "es", "ext": "es"}
_MIN_DETECTABLE = 60  # characters; shorter texts are too short to detect a language
_EAST_ASIAN = ("\uac00-\ud7a3\u1100-\u11ff", "\u3040-\u30ff", "\u3400-\u9fff")
_MIN_EAST_ASIAN = 6  # letters; few words of another language have as many
# Of Japanese; its news has half to nine in ten, its headlines a fifth, Chinese none.
_KANA_SHARE = 0.1
_MAX_DETECTED = 500  # characters used for it; more takes longer and tells no more
_MIN_RELIABLE = 200  # characters; from here, detection counts more than what a web page says


def column_names(columns: Mapping[str, str]) -> Names:
    """Names of columns by field, the user's own first.

    Raises
    ------
    InputError
        If a field is not known.
    """
    known = [field for field in _ALIASES if field != "id"]
    if unknown := sorted(set(columns) - set(known)):
        raise InputError(f"columns: expected some of {', '.join(known)}, got {unknown[0]!r}")
    own = {field: [column.strip().lower()] for field, column in columns.items()}
    return {field: own.get(field, []) + names for field, names in _ALIASES.items()}


def check_columns(columns: Mapping[str, str], found: Iterable[str]) -> None:
    """Check that each column that the user names was found.

    Raises
    ------
    InputError
        If one was not; the message lists those found.
    """
    known = {name.strip().lower(): name.strip() for name in sorted(found)}
    for field, column in columns.items():
        if column.strip().lower() not in known:
            names = ", ".join(known.values()) or "none, for there is no table"
            raise InputError(
                f"columns: {field} expected in column {column!r}, found {names}; "
                f"name one of these: --columns {field}=NAME"
            )


def known_fields(record: Record, names: Names, metadata_source: str) -> Record:
    """The known fields of a record as text, and as ``date_from`` where each was taken from."""
    columns = {str(key).strip().lower(): key for key in record}
    fields: Record = {}
    for field, aliases in names.items():
        for column in (columns[alias] for alias in aliases if alias in columns):
            raw = record[column]
            value = _paragraphs(raw) if field == "text" else " ".join(_as_text(raw, ", ").split())
            if value.lower() not in (_NO_DATE if field == "date" else _MISSING):
                origin = f"column {column}" if metadata_source == "column" else metadata_source
                fields |= {field: value, f"{field}_from": origin}
                break
    return fields


def _paragraphs(value: Any) -> str:
    """Text with a blank line between paragraphs, and single spaces within them."""
    text = _as_text(value, "\n\n")
    end = r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n"
    parts = re.split(rf"{end}|(?:\s[-–—*·•_]+){{3,}}(?=\s|$)", text)  # or a rule: - - -
    return "\n\n".join(joined for part in parts if (joined := " ".join(part.split())))


def _as_text(value: Any, separator: str) -> str:
    """A value as text: the parts of a list, the name of an object (``{"name": "The Desk"}``).

    What is nested deeper is left out.
    """
    parts = value if isinstance(value, list) else [value]
    parts = [part.get("name") if isinstance(part, dict) else part for part in parts]
    texts = [str(p) for p in parts if p == p and isinstance(p, str | int | float | date)]
    return separator.join(texts)


def date_order(dates: Iterable[str], languages: Iterable[str | None]) -> tuple[bool, str]:
    """Whether the dates of one file put the day first, and a note if some may be read both ways.

    A date that can be read in one way only decides for all; without one, most of the documents'
    languages do, for only in English may the month come first.

    >>> date_order(["03/04/2017", "25/03/2017"], ["en", "en"])[0]
    True
    """
    pairs = [(text, int(m[1]), int(m[2])) for text in dates if (m := _IN_FIGURES.match(text))]
    unsure = [text for text, one, two in pairs if max(one, two) <= 12 and one != two]
    day = [text for text, one, two in pairs if one > 12 >= two]
    month = [text for text, one, two in pairs if two > 12 >= one]
    known = [language for language in languages if language]
    day_first = len(day) > len(month)
    why = f"as {(day if day_first else month)[:1]} can only be" if day or month else ""
    if len(day) == len(month):
        day_first = 2 * known.count("en") < len(known)
        why = "by the language, for no other date tells" if not day else "by the language"
    order = "day" if day_first else "month"
    note = f"{len(unsure)} ambiguous dates, such as {unsure[:1]}, read {order} first {why}; {_HINT}"
    return day_first, note if unsure else ""


def complete(fields: Record, metadata_source: str) -> list[str]:
    """Mend UTF-8 that was once read as another encoding, cut long titles and names, add the language.

    The fields are changed in place; notes say what was mended and cut.

    >>> fields = {"text": "The portâ€™s cranes"}
    >>> complete(fields, "column"), fields["text"]
    (['text of a wrong encoding mended'], 'The port’s cranes')
    """
    notes = []
    for name, given in fields.items():
        odd = _UNLIKELY.search(given)
        fields[name] = value = fix_encoding(replace_surrogates(given)) if odd else given
        if value != given:
            notes.append(f"{name} of a wrong encoding mended")
        if name != "text" and len(value) > _MAX_CHARACTERS:
            notes.append(f"{name} of {len(value):,} characters cut to {_MAX_CHARACTERS:,}")
            fields[name] = value[:_MAX_CHARACTERS]
    fields |= _language(fields, metadata_source)
    return notes


def fields_of_name(name: str) -> Record:
    """Date, source and title from a file's name.

    >>> fields_of_name("2025-05-02_London-Desk_quay-is-shut.txt")["source"]
    'London Desk'
    >>> fields_of_name("2025-05-02_Desk_U.S.-quay.txt.gz")["title"]
    'U.S. quay'
    """
    match = _FILE_NAME.match(Path(re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)).stem)
    if not match or parse_date(match[1])[0] is None:
        return {}
    fields: Record = {"date": match[1], "date_from": "file name"}
    if match[2]:
        fields |= {"source": match[2].replace("-", " "), "source_from": "file name"}
        fields["title"] = match[3].replace("-", " ").replace("_", " ")
    return fields


@lru_cache(maxsize=2**14)  # rows of a table share their days
def parse_date(text: str, day_first: bool = False) -> tuple[pd.Timestamp | None, str]:
    """A day from a date in words or figures, None if it is none, and a note that says why.

    `day_first` tells the order where the figures don't.

    >>> parse_date("6 May 2025")
    (Timestamp('2025-05-06 00:00:00'), '')
    >>> parse_date("May")
    (None, "date incomplete: 'May'; expected e.g. 2025-05-02")
    """
    if not text:
        return None, ""
    try:
        day = _day(text, day_first)
    except (ValueError, OverflowError, TypeError):
        return None, f"date not understood: {text[:40]!r}; {_HINT}"
    if day is None:
        return None, f"date incomplete: {text[:40]!r}; {_HINT}"
    return (day, "") if 1500 <= day.year <= 2200 else (None, f"date out of range: {text[:40]!r}")


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    """Numbers of months by their names, long and short."""
    from babel.dates import get_month_names

    return {
        name.casefold().strip("."): number
        for locale in _MONTH_LANGUAGES.split()
        for width in ("abbreviated", "wide")
        for number, name in get_month_names(width, locale=locale).items()
    }


def date_within(text: str) -> str:
    """The first date in a line that names the month, as ISO 8601; empty if there is none.

    >>> date_within("Politique, jeudi 5 octobre 2023, p. 4"), date_within("October 5, 2023 Thursday")
    ('2023-10-05', '2023-10-05')
    """
    found = chain.from_iterable(pattern.finditer(text) for pattern in _NAMED_MONTH)
    for match in sorted(found, key=re.Match.start):
        name = match["month"].casefold()
        if month := int(name) if name.isdecimal() else _months().get(name):
            return f"{int(match['year']):04}-{month:02}-{int(match['day']):02}"
    return ""


def _day(text: str, day_first: bool) -> pd.Timestamp | None:
    """A day as machines or people write it, None if a part is missing; dots put the day first."""
    if re.match(r"\d{4}-\d{2}-\d{2}($|[T ])", text):
        return pd.Timestamp(datetime.fromisoformat(text[:10]))
    if re.fullmatch(r"\d{10}(\d{3})?(\.\d+)?", text):
        return pd.Timestamp(int(text[:10]), unit="s").normalize()
    if re.fullmatch(r"\d{6}", text):  # a year and month, or a day in any of three orders
        return None
    text = date_within(text) or text
    dotted = bool(re.match(rf"{_BEFORE}\d{{1,2}}\. ?\d{{1,2}}\. ?(\d{{4}}|\d{{2}}\b)", text))
    ordered = dotted or (day_first and bool(_IN_FIGURES.match(text)))
    parse = partial(parser.parse, text, dayfirst=ordered, ignoretz=True)
    day, other = (pd.Timestamp(parse(default=default)).normalize() for default in _DEFAULT_DATES)
    return day if day == other else None


def language_name(code: str) -> str:
    """English name of a language; the code itself if it is not known.

    >>> language_name("uk"), language_name("xx")
    ('Ukrainian', 'xx')
    """
    from babel import Locale

    return str(Locale("en").languages.get(code, code))


@lru_cache(maxsize=1)
def _language_codes() -> dict[str, str]:
    """Codes of languages by their names in those languages that interfaces are in."""
    from babel import Locale

    return {
        name.casefold(): code
        for locale in reversed(_MONTH_LANGUAGES.split())
        for code, name in Locale.parse(locale).languages.items()
        if len(code) == 2
    }


def language_code(name: str) -> str | None:
    """ISO 639-1 code of a language by its name or its code; None if it is neither.

    >>> language_code("Französisch"), language_code("ENGLISH; ENGLISCH"), language_code("en-gb")
    ('fr', 'en', 'en')
    """
    first = re.split(r"[;,/]", name.casefold())[0].strip()
    known = _CODE_OF_LANGUAGE.fullmatch(first)
    return known[1] if known else _language_codes().get(first)


def language_counts(codes: pd.Series) -> str:
    """Names of all languages with their numbers of documents; of one language its name alone.

    >>> language_counts(pd.Series(["fi", "uk", "uk"]))
    'Ukrainian (2), Finnish (1)'
    """
    counts = {language_name(code): n for code, n in codes.value_counts().items()}
    return ", ".join(f"{name} ({n:,})" if len(counts) > 1 else name for name, n in counts.items())


def _language(fields: Record, metadata_source: str) -> Record:
    """Language as an ISO 639-1 code, and its origin: what the file says, else detected.

    Web pages often give the language of their template, so a long text's is detected.
    """
    text, said = fields["text"], fields.get("language", "").lower()
    known = _CODE_OF_LANGUAGE.fullmatch(said)
    if known and not (metadata_source == "web page" and len(text) >= _MIN_RELIABLE):
        return {"language": known[1]}
    found = _detected(text[:_MAX_DETECTED])
    return {"language": found, "language_from": found and "detected"}


def _detected(text: str) -> str | None:
    """Code of a text's language; None if it is too short to tell.

    Script tells Korean, Japanese and Chinese, in short texts and among foreign names, too: there
    each letter weighs as much as five of an alphabet.
    """
    hangul, kana, han = (len(re.findall(f"[{letters}]", text)) for letters in _EAST_ASIAN)
    east_asian = hangul + kana + han
    others = len(re.findall(r"[^\W\d_]", text)) - east_asian
    if east_asian >= _MIN_EAST_ASIAN and 5 * east_asian > others:
        if hangul > kana + han:
            return "ko"
        return "ja" if _KANA_SHARE * east_asian <= kana else "zh"
    import py3langid

    found = str(py3langid.classify(text)[0]) if len(text) >= _MIN_DETECTABLE else "zxx"
    return None if found == "zxx" else _STANDARD.get(found, found)  # zxx: no language
