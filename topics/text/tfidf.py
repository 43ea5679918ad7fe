"""Words of texts in any script, as TF-IDF vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

_NO_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Thai, kana, Han
_RUN = re.compile(rf"([{_NO_SPACES}]+)|[^\W\d_{_NO_SPACES}]{{2,64}}")
_PREFIX = 6  # letters by which forms of a word are one; 5 to 7 differ little, whole words do worse


def word_table(texts: Sequence[str], languages: Sequence[str] | None = None) -> sp.csr_matrix:
    """TF-IDF of the words of each text that are no stop words of its language.

    Words count by their first letters, which joins most of their forms; in scripts without spaces
    pairs of characters stand for words. A word's weight is (1 + log count) log((n + 1) / n_with_word)
    over the texts of the same language, so that what all of them have counts for next to nothing.

    Parameters
    ----------
    texts
        In any language.
    languages
        Code of each text's language, such as "de"; where none is known, it is the language with the
        most stop words in the text.

    Returns
    -------
    scipy.sparse.csr_matrix
        float32 ``(n, n_words)``, unit rows, zero rows where a text shares no word with another.

    Examples
    --------
    >>> table = word_table(["The dockers strike", "Strike of the docker", "Rain", "Grain"])
    >>> (table @ table.T).toarray().round(2).tolist()
    [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    import stopwordsiso
    from sklearn.feature_extraction.text import CountVectorizer  # takes a second to import

    counter = CountVectorizer(analyzer=_words, dtype=np.float32)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no text has a word
        return sp.csr_matrix((len(texts), 0), dtype=np.float32)
    words = pd.Index(counter.get_feature_names_out(), dtype=object)
    known = sorted(stopwordsiso.langs())
    is_stop = np.array([words.isin(stopwordsiso.stopwords(code)) for code in known])
    language = (counts @ is_stop.T.astype(np.float32)).argmax(axis=1)
    if languages is not None:
        given = pd.Index(known).get_indexer([str(code)[:2] for code in languages])
        language = np.where(given >= 0, given, language)
    of_entry = np.repeat(language, np.diff(counts.indptr))
    counts.data[is_stop[of_entry, counts.indices]] = 0
    counts.eliminate_zeros()
    keys, _ = pd.factorize(words.str[:_PREFIX])
    joined = sp.csr_matrix((np.ones(len(keys), np.float32), (np.arange(len(keys)), keys)))
    return _weighted((counts @ joined).tocsr(), language)


def word_keys(text: str) -> list[str]:
    """Words of a text by their first letters, or pairs of characters where a script has no spaces.

    Examples
    --------
    >>> word_keys("The dockers strike 港口")
    ['the', 'docker', 'strike', '港口']
    """
    return [word[:_PREFIX] for word in _words(text)]


def _words(text: str) -> Iterator[str]:
    for found in _RUN.finditer(text.casefold()):
        word = found.group()
        if found.group(1):
            yield from (word[i : i + 2] for i in range(max(len(word) - 1, 1)))
        else:
            yield word


def _weighted(counts: sp.csr_matrix, language: np.ndarray) -> sp.csr_matrix:
    """Unit rows of weights; words of one text alone are left out."""
    from sklearn.preprocessing import normalize

    _, codes, n_texts = np.unique(language, return_inverse=True, return_counts=True)
    members = sp.csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))))
    having = (members @ counts.sign()).toarray()
    of_entry = np.repeat(codes, np.diff(counts.indptr))
    idf = np.log((n_texts[of_entry] + 1) / having[of_entry, counts.indices])
    idf[having.sum(axis=0)[counts.indices] < 2] = 0
    counts.data = ((1 + np.log(counts.data)) * idf).astype(np.float32)
    counts.eliminate_zeros()
    return normalize(counts)
