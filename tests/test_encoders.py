"""Vectors of texts, by each embedder."""

import numpy as np
import onnxruntime
import pytest

from topics import InputError, embed
from topics.vectors.encoders import FastEmbedder, load_embedder

HAS_GPU = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
COD = "The trawler crews landed less cod this season."
HERRING = "Fishing boats caught fewer herring this year."
EXAM = "Pupils will sit their mathematics exam a week later."


@pytest.mark.parametrize("embedder", ["minilm", "static"])
def test_rows_are_unit_float32_and_tell_subjects_apart(embedder):
    vectors = embed([COD, HERRING, EXAM, ""], embedder, progress=False)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    cod, herring, exam, _ = vectors
    assert cod @ herring > 0.3 > max(cod @ exam, herring @ exam)


def test_no_texts_give_no_rows_of_the_right_width():
    assert embed([], progress=False).shape == (0, 384)


def test_the_vector_of_a_text_does_not_depend_on_its_company(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "one"))
    alone = embed([COD], progress=False)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "other"))
    among = embed([EXAM * 20, COD, HERRING], progress=False)
    assert among[1].tolist() == alone[0].tolist()


def test_words_beyond_the_window_do_not_count():
    within, beyond = embed(["quay " * 300, "quay " * 300 + COD], progress=False)
    assert within.tolist() == beyond.tolist()


def test_an_unknown_embedder_is_refused():
    with pytest.raises(InputError, match=r"expected minilm, static or .*, got 'max/ilm'"):
        embed([COD], "max/ilm", progress=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("minilm:tpu", "only 'cuda' can follow a transformer's name, got 'minilm:tpu'"),
        ("static:cuda", "only 'cuda' can follow a transformer's name, got 'static:cuda'"),
        pytest.param(
            "minilm:cuda", "finds no GPU here", marks=pytest.mark.skipif(HAS_GPU, reason="it does")
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(name, said):
    with pytest.raises(InputError, match=said):
        embed([COD], name, progress=False)


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
def test_a_gpu_gives_the_same_vectors_within_a_thousandth():
    texts = [COD, HERRING * 4, EXAM]
    assert embed(texts, "minilm:cuda") == pytest.approx(embed(texts), abs=1e-3)


def test_texts_that_go_through_together_keep_their_places():
    alone = load_embedder("minilm")
    together = FastEmbedder(lambda: alone.model, "together", batch=2)
    texts = [HERRING * 9, COD, "", EXAM * 5, HERRING]
    assert together.encode(texts) == pytest.approx(alone.encode(texts), abs=1e-5)
