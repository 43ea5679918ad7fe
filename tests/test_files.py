"""Odd files and folders: found, unpacked and decoded, or listed with the reason."""

import gzip
import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from topics.errors import InputError, UnreadableError
from topics.read import files
from topics.read.corpus import read_corpus
from topics.read.files import ARTICLE_LIMIT, LINE_LIMIT, MB, decode, find_files, read_lines
from topics.read.formats import read_file

ROW = '{"text": "It is shut."}\n'


def test_a_link_to_a_file_is_followed_and_other_links_are_listed(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").touch()
    targets = {"1": "sub", "2": "nothing", "3": "3", "sub/4": tmp_path, "file.txt": "sub/a.txt"}
    for name, target in targets.items():
        (tmp_path / name).symlink_to(target)
    found, others = find_files(tmp_path)
    assert found == [tmp_path / "file.txt", tmp_path / "sub" / "a.txt"]
    reason = "a link to a folder or to nothing; not followed"
    assert others == [(tmp_path / name, reason) for name in ("1", "2", "3", "sub/4")]


def test_a_path_too_long_to_exist_does_not_exist():
    with pytest.raises(InputError, match="does not exist"):
        find_files(Path("x" * 5000))


def test_a_named_pipe_is_listed_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert find_files(tmp_path) == (
        [],
        [(tmp_path / "pipe.txt", "no regular file: a pipe or a device")],
    )


def test_a_file_below_1500_folders_is_found(tmp_path):
    deep = [tmp_path]
    for _ in range(1500):
        deep.append(deep[-1] / "d")
        deep[-1].mkdir()
    (deep[-1] / "a.txt").touch()
    try:
        assert find_files(tmp_path) == ([deep[-1] / "a.txt"], [])
    finally:  # pytest cannot remove that many
        (deep[-1] / "a.txt").unlink()
        for folder in reversed(deep[1:]):
            folder.rmdir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_may_not_be_opened_is_listed(tmp_path):
    (tmp_path / "shut").mkdir(mode=0)
    assert find_files(tmp_path)[1] == [(tmp_path / "shut", "cannot be opened: Permission denied")]


def test_odd_names_give_ids_that_differ_and_can_be_stored(tmp_path):
    names = [
        *(b"a\nb.txt", b"a\\nb.txt", b"a\x7fb.txt", b"a b.txt", "a\u2028b.txt".encode()),
        *(b'"a".txt', b"'a'.txt", b"a\xff.txt", rb"a\udcff.txt", b"<b>&.txt"),
    ]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("Shut.")
    documents = read_corpus(tmp_path, progress=False).documents
    documents.to_parquet(tmp_path / "stored")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "stored"), documents)
    assert documents["document_id"].nunique() == len(names)
    assert not documents["document_id"].str.contains("[\n\x7f\u2028]").any()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (b"a.\xff", "Shut.", "unknown format ."),
        (b"a.jsonl", '{"\\ud83d": 1}', "no text column: expected one of text, "),
    ],
)
def test_a_reason_that_quotes_what_cannot_be_stored_is_listed(tmp_path, name, content, reason):
    (tmp_path / os.fsdecode(name)).write_text(content)
    assert read_corpus(tmp_path, progress=False).skipped["reason"].iloc[0].startswith(reason)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.pdf", "a.csv", "a.jsonl", "a.rss"])
def test_a_file_that_has_vanished_cannot_be_opened(tmp_path, name):
    with pytest.raises(UnreadableError, match=r"^cannot be opened: No such file or directory$"):
        list(read_file(tmp_path / name).records)


def test_thousands_of_files_are_read_in_the_order_of_their_names(tmp_path):
    for i in range(2000):
        (tmp_path / f"{i * 7 % 2000:04}.txt").write_text(f"Quay {i} is shut.")
    documents = read_corpus(tmp_path, progress=False).documents
    assert documents["document_id"].tolist() == [f"{i:04}.txt" for i in range(2000)]


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.pdf", "a.rss", "a.txt.gz", "a.html.gz"])
def test_a_file_too_long_for_an_article_is_not_read(tmp_path, name):
    content = b"x" * (ARTICLE_LIMIT + 1)
    (tmp_path / name).write_bytes(gzip.compress(content, 1) if name.endswith("gz") else content)
    assert read_corpus(tmp_path, progress=False).skipped.to_numpy().tolist() == [
        [name, "more than 20 MB, too long for one article; split it"]
    ]


def test_a_report_that_was_written_into_the_folder_is_no_article(tmp_path):
    (tmp_path / "reports").mkdir()
    names = ["documents.parquet", "passages.parquet", "assignments.parquet", "report.html"]
    for name in ("a.txt", *(f"reports/{name}" for name in names)):
        (tmp_path / name).write_text("Shut.")
    assert find_files(tmp_path) == ([tmp_path / "a.txt"], [])
    assert len(find_files(tmp_path / "reports")[0]) == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("line", [ROW, "x" * (LINE_LIMIT // 2)], ids=["rows", "one endless row"])
def test_a_table_that_unpacks_without_end_is_read_to_the_limit(
    tmp_path, monkeypatch, encoding, line
):
    monkeypatch.setattr(files, "UNPACKED_LIMIT", LINE_LIMIT + MB)
    bomb = gzip.compress((line * (2 * LINE_LIMIT // len(line))).encode(encoding), 1)
    (tmp_path / "a.jsonl.gz").write_bytes(bomb)
    lines: list[str | None] = []
    with pytest.raises(UnreadableError, match="unpacks to more than "):
        lines.extend(read_lines(tmp_path / "a.jsonl.gz"))  # keeps what came before an error
    assert set(lines[:-1]) <= {ROW}
    assert sum(len(text or "") for text in lines) <= LINE_LIMIT + 2 * MB


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_around_one_that_is_too_long_are_read(tmp_path, encoding):
    table = f"{'x' * LINE_LIMIT}\nShut.\n{'x' * LINE_LIMIT}\nOpen."
    (tmp_path / "a.csv").write_bytes(table.encode(encoding))
    assert list(read_lines(tmp_path / "a.csv")) == [None, "Shut.\n", None, "Open."]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_rows_before_a_cut_are_kept_and_what_was_wrong_with_them_is_listed(tmp_path, name):
    texts = [hashlib.sha256(bytes([i])).hexdigest() for i in range(200)]
    whole = {
        "a.csv.gz": "text\nToo,many\n" + "\n".join(texts),
        "a.jsonl.gz": '{"text"\n' + "\n".join(f'{{"text": "{text}"}}' for text in texts),
    }[name]
    packed = gzip.compress(whole.encode())
    (tmp_path / name).write_bytes(packed[: len(packed) // 2])
    corpus = read_corpus(tmp_path, progress=False)
    assert 50 < len(corpus.documents) < 150
    assert corpus.documents["text"].tolist() == texts[: len(corpus.documents)]
    broken, cut = corpus.skipped["reason"]
    assert broken.startswith("line ")
    assert cut.startswith("not a whole gzip file: ")


RUSSIAN = "Совет порта решил держать северный причал закрытым до починки трёх кранов."
GREEK = "Το συμβούλιο του λιμανιού αποφάσισε να κρατήσει κλειστή τη βόρεια προβλήτα."
JAPANESE = "港湾委員会は火曜日、クレーンがすべて修理されるまで北埠頭を閉鎖し続けることを決定した。"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "The £2m bill was paid."),
        ("utf-16", "The £2m bill was paid."),
        ("cp1252", "The £2m bill – “a lot”, she said – was paid by the harbour board."),
        ("cp1252", "It’s"),
        ("cp1252", "© 2025 The Desk"),
        ("cp1252", "The naïve board shut the café at 20°C."),
        ("cp1252", "Le conseil a décidé de garder le quai fermé. Où est passé l’argent, dit-il ?"),
        ("cp1252", "O conselho decidiu na terça-feira; as seguradoras não aceitaram a operação."),
        (
            "cp1252",
            "Il consiglio ha deciso: la banchina resterà chiusa. Perché? È più facile così.",
        ),
        ("cp1252", "Hamnstyrelsen beslutade på tisdagen att hålla kajen stängd för försäkringen."),
        ("cp1250", "Rada přístavu v úterý rozhodla, že severní hráz zůstane zavřená."),
        ("cp1250", "Ubezpieczyciele odmówili ubezpieczenia drugiej zmiany po tej stronie portu."),
        (
            "cp1254",
            "Liman kurulu, üç vinç onarılana kadar kuzey rıhtımını kapalı tutuyor; şaşırdık.",
        ),
        ("cp1254", "Başbakan dün İstanbul’da konuştu."),
        ("cp1257", "Uosto taryba antradienį nusprendė šiaurinę krantinę laikyti uždarytą."),
        ("cp1251", RUSSIAN),
        ("koi8_r", RUSSIAN),
        ("cp1253", GREEK),
        ("shift_jis", JAPANESE),
        ("euc_jp", JAPANESE),
        ("gb18030", "港口委员会周二投票决定，在起重机修好之前继续关闭北码头。"),
        ("cp874", "คณะกรรมการท่าเรือมีมติปิดท่าเทียบเรือด้านเหนือจนกว่าจะซ่อมปั้นจั่นเสร็จ"),
        ("big5", "港口委員會週二投票決定，在起重機修好之前繼續關閉北碼頭。"),
        (
            "euc_kr",
            "항만 위원회는 화요일에 크레인 세 대가 모두 수리될 때까지 북쪽 부두를 폐쇄했다.",
        ),
    ],
)
def test_text_is_decoded_whatever_its_encoding(encoding, text):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp1251", RUSSIAN), ("koi8_r", RUSSIAN), ("cp1253", GREEK)]
)
def test_the_encoding_of_a_table_is_detected_from_many_rows(tmp_path, encoding, text):
    table = ["id,text\n", *(f"{i},{word}\n" for i, word in enumerate(text.split()))]
    (tmp_path / "a.csv").write_bytes("".join(table).encode(encoding))
    assert list(read_lines(tmp_path / "a.csv")) == table


@pytest.mark.parametrize("cut", range(2))
def test_the_encoding_is_detected_from_a_sample_that_cuts_a_character(cut):
    text = "x" * cut + JAPANESE * 1000
    assert decode(text.encode("shift_jis")) == text


def test_one_line_in_another_encoding_changes_no_other(tmp_path):
    utf8, other = "Grüße aus dem Łódźer Hafen.", "Der größere Kran fällt für Wochen aus."
    content = b"\n".join([utf8.encode(), other.encode("cp1252"), utf8.encode()])
    assert decode(content) == f"{utf8}\n{other}\n{utf8}"
    (tmp_path / "a.csv").write_bytes(content)
    assert list(read_lines(tmp_path / "a.csv")) == [f"{utf8}\n", f"{other}\n", utf8]


@pytest.mark.parametrize("row", ['{"text": "a"}\n', f'{{"text": "{"It is shut. " * 10}"}}\n'])
def test_a_stray_nul_byte_is_dropped(tmp_path, row):
    (tmp_path / "a.jsonl").write_text(f"{row[:5]}\0{row[5:]}{row * 50}")
    assert list(read_lines(tmp_path / "a.jsonl")) == [row] * 51
    assert decode((tmp_path / "a.jsonl").read_bytes()) == row * 51


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl", "a.html", "a.md"])
def test_binary_content_is_refused_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 40)
    assert read_corpus(tmp_path, progress=False).skipped["reason"].tolist() == [
        "binary content, not text"
    ]
