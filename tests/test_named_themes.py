"""What a file of named themes may hold, and what is said of a bad one."""

import pytest

from topics import InputError, NamedTheme, ThemeModel, read_themes

GOOD = """
- id: harbour
  name: Harbour works
  description: Building and repair at the port.
  phrases: [crane repairs, a new quay]
  not: [harbour seals]
- id: night-trains
"""


@pytest.fixture
def write(tmp_path):
    """Write a themes.yml; give its path."""

    def write_file(content: str | bytes) -> str:
        path = tmp_path / "themes.yml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write_file


def refusal(path: str) -> str:
    """The message of the InputError, with the path left out; it is of one line."""
    with pytest.raises(InputError) as caught:
        read_themes(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(repr(path), "FILE").replace(path, "FILE")


def test_themes_are_read_in_order_and_a_name_is_made_of_the_id_where_there_is_none(write):
    assert read_themes(write(GOOD)) == [
        NamedTheme(
            "harbour",
            "Harbour works",
            "Building and repair at the port.",
            ("crane repairs", "a new quay"),
            ("harbour seals",),
        ),
        NamedTheme("night-trains", "night trains"),
    ]


def test_a_theme_made_in_a_notebook_is_checked_too():
    with pytest.raises(InputError, match="entry 1: id 'grain trade': expected letters, digits"):
        ThemeModel([NamedTheme("grain trade", "Grain trade")])


def test_an_empty_file_names_no_themes(write):
    assert read_themes(write("# none yet\n")) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "harbour: cranes",
            "expected a list of themes (id, name, description, phrases), found dict",
        ),
        ("- harbour", "entry 1: expected fields id, name, description, phrases; found 'harbour'"),
        (
            "- id: a\n- name: Quay",
            "entry 2: expected fields id, name, description, phrases; found {'name': 'Quay'}",
        ),
        ("- id: a\n- id: b\n- id: a", "duplicate id 'a'; give each its own"),
        ("- {id: a, phrase: [quay]}", "entry 1: unknown field 'phrase'"),
        ("- id: a quay", "entry 1: id 'a quay': expected letters, digits, - and _ only"),
        ("- id: ../a", "entry 1: id '../a': expected letters, digits, - and _ only"),
        ("- id: none", "entry 1: id 'none' means that there is no theme; choose another"),
        ("- {id: a, phrases: quay}", "entry 1: phrases: expected a list of texts, found 'quay'"),
        ("- {id: a, not: [1]}", "entry 1: not: expected a list of texts, found [1]"),
        ("- {id: a, name: [b]}", "entry 1: name: expected one text, found ['b']"),
        ("- {id: a, description: [b]}", "entry 1: description: expected one text, found ['b']"),
        (
            f"- {{id: a, name: {'x' * 301}}}",
            "entry 1: name: expected at most 300 characters, found 301",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_with_the_entry_and_what_is_expected(
    write, content, message
):
    assert refusal(write(content)) == f"themes: FILE: {message}"


@pytest.mark.parametrize(
    "content",
    [
        "- {id: a\n  name: b",
        "- id: \x00",
        b"- id: \xff",
        "- {id: a, name: 2024-13-45}",  # looks like a date and is none
        "- {id: a, name: !!int quay}",
        "[" * 3000,
    ],
    ids=["unclosed", "control", "not UTF-8", "no date", "no number", "too deep"],
)
def test_what_is_not_yaml_is_refused(write, content):
    assert refusal(write(content)).startswith("themes: FILE is not valid YAML: ")


def test_a_python_object_in_yaml_is_refused_and_not_made(write, tmp_path):
    made = tmp_path / "made"
    message = refusal(write(f"- !!python/object/apply:os.mkdir ['{made}']"))
    assert message.startswith("themes: FILE is not valid YAML: could not determine a constructor")
    assert not made.exists()


def test_a_missing_file_is_refused(tmp_path):
    message = refusal(str(tmp_path / "none.yml"))
    assert message == "themes: cannot read FILE: No such file or directory"


def test_a_model_checks_themes_written_by_hand_alike():
    theme = NamedTheme("harbour", "Harbour")
    assert ThemeModel([theme, {"id": "b"}]).named == [theme, NamedTheme("b", "b")]
    with pytest.raises(InputError, match="themes: named: duplicate id 'harbour'"):
        ThemeModel([theme, {"id": "harbour"}])


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("export control*", "New Export  Controls took effect", ["Export  Controls"]),
        ("chip", "chips and chipmakers", []),
        ("chip*", "chips and chipmakers", ["chips", "chipmakers"]),
        ("C++", "in C++ or C", ["C++"]),
        ("半导体", "美国限制半导体出口", ["半导体"]),
        ("санкци*", "Новые санкции ЕС", ["санкции"]),
    ],
)
def test_a_term_is_found_as_whole_words_in_any_case_and_script(term, text, found):
    assert NamedTheme("a", "A", terms=(term,)).pattern.findall(text) == found


def test_a_theme_without_terms_has_no_pattern():
    assert NamedTheme("a", "A").pattern is None
