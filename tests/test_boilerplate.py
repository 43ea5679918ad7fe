"""What is kept of a scraped page, and what is dropped as boilerplate."""

import pytest
from harbour import DOCKERS, TITLE, VOTE

from topics.read.boilerplate import remove_boilerplate

COST = (
    "The repairs will cost about four million and should be done before the grain season begins in "
    "the first days of July, if no more parts are lost on their way, the harbour master said."
)
GRAIN = (
    "Exporters are sending their grain by rail in the meantime, at nearly twice the price, and "
    "expect to do so until summer."
)


def kept(*blocks: str) -> list[str]:
    text = remove_boilerplate("\n\n".join(blocks)).text
    return text.split("\n\n") if text else []


PAGE = f"""
Skip to main content
Home | World | Trade | Weather
Log in
Subscribe
World > Trade > Ports
{TITLE}
By Jo Roe
Published: 6 May 2025
Share
Cranes stand idle at the northern quay while repair crews wait for parts
Cranes stand idle at the northern quay while repair crews wait for parts [Jo Roe/AP]
{VOTE}
Read more: Rail freight prices double as exporters look for a way round
{DOCKERS}
Advertisement
The bill
{COST}
Sign in to save this article to your list
{GRAIN}
Related articles
Ferry line adds a night crossing
Fishermen count the cost of a cold spring and ask the ministry for help…
Two harbour masters, one harbour…
All rights reserved.
"""


def test_of_a_scraped_page_only_title_paragraphs_and_headings_are_kept():
    page = remove_boilerplate(PAGE)
    assert page.title == TITLE
    assert page.text.split("\n\n") == [VOTE, DOCKERS, "The bill", COST, GRAIN]


@pytest.mark.parametrize(
    ("above", "below", "date"),
    [
        ("Published on: 6 May 2025", "7 May 2025", "6 May 2025"),
        ("May 6, 2025 at 9:30 AM", "", "May 6, 2025 at 9:30 AM"),
        ("By Jo Roe", "7 May 2025", None),
    ],
)
def test_the_date_of_an_article_is_read_from_a_line_above_it_never_below(above, below, date):
    assert remove_boilerplate("\n".join([TITLE, above, VOTE, DOCKERS, below])).date == date


def test_every_block_that_is_not_kept_is_listed_in_the_order_of_the_page():
    page = remove_boilerplate("\n".join([TITLE, "Log in", "2025-05-06", VOTE, "Share", DOCKERS]))
    assert page.dropped == [
        ("Log in", "site boilerplate"),
        ("2025-05-06", "date line"),
        ("Share", "site boilerplate"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Home | World | Trade | Weather", "menu"),
        ("World > Trade > Ports", "breadcrumb"),
        ("Tuesday, 6 May 2025, 10:15", "date line"),
        ("Please log in to read the rest of this article.", "site boilerplate"),
        ("Sign up for our daily newsletter", "site boilerplate"),
        ("We use cookies to make this site better.", "site boilerplate"),
        ("Photo: Jo Roe", "image credit or caption"),
        ("The quay at dawn. (Photo by Jo Roe)", "image credit or caption"),
        ("© 2025 The Harbour Desk", "site boilerplate"),
    ],
)
def test_a_line_of_boilerplate_is_dropped_from_mid_article(line, reason):
    page = remove_boilerplate("\n".join([VOTE, line, DOCKERS]))
    assert (page.text, page.dropped) == (f"{VOTE}\n\n{DOCKERS}", [(line, reason)])


@pytest.mark.parametrize(
    "line",
    [
        "Related articles",
        "Read more: Rail freight prices double as exporters look for a way round",
        "Related: Rail freight prices double",
        "ALSO READ: Rail freight prices double",
    ],
)
def test_a_line_that_points_to_another_article_is_dropped_from_mid_article(line):
    assert kept(VOTE, line, DOCKERS, COST) == [VOTE, DOCKERS, COST]


@pytest.mark.parametrize(
    "sentence",
    [
        "Shippers must now log in to a customs portal before filing their claims with the board.",
        "Farmers have until June to sign up for the new scheme, the ministry said on Friday.",
        "The firm that built the picture model was sued last month in London by Getty Images.",
        "Privacy campaigners said that the port's bill went too far.",
        "Published in 1954, the treaty still binds both of the countries.",
        "Search teams gave up.",
        "(c) the goods have not been made in a country that is subject to sanctions;",
        "Copyright holders would be paid more under the agreement, the ministry said.",
        "12 days ago the ministry closed the northern quay to all ships but ferries.",
        "In this section, we compare the two tariff schedules and what they leave out.",
    ],
)
def test_a_sentence_of_the_article_stays_though_it_shares_words_with_boilerplate(sentence):
    assert kept(VOTE, sentence, DOCKERS) == [VOTE, sentence, DOCKERS]


def test_a_paragraph_given_twice_is_kept_once():
    assert kept(VOTE, DOCKERS, VOTE, COST) == [VOTE, DOCKERS, COST]


def test_a_pull_quote_is_dropped_and_its_paragraph_stays():
    quote = "The repairs will cost about four million"
    page = remove_boilerplate("\n".join([VOTE, quote + " and should be done", DOCKERS, COST]))
    assert page.text == f"{VOTE}\n\n{DOCKERS}\n\n{COST}"
    assert page.dropped == [(quote + " and should be done", "pull quote")]


def test_a_bulleted_summary_stays_unless_the_article_says_it_again():
    said = f"• {VOTE}"
    new = "• Three neighbouring ports have offered their own cranes for the summer months."
    paragraph = f"{VOTE} Nobody had expected another outcome after the storm."
    assert kept(said, new, paragraph, DOCKERS) == [new, paragraph, DOCKERS]


def test_a_list_in_the_article_keeps_all_of_its_items():
    items = ["• a new crane", "• two more night shifts", "• a lower levy"]
    asks = "The dockers want three things from the board before they come back to work:"
    assert kept(VOTE, asks, *items, COST) == [VOTE, asks, *items, COST]


def test_a_heading_stays_above_a_paragraph_and_goes_without_one():
    page = [VOTE, "The bill", COST, "The weather", "Share", "Log in"]
    assert kept(*page) == [VOTE, "The bill", COST]


@pytest.mark.parametrize(
    "blocks",
    [
        (VOTE, "The bill", COST, "Quay 4", "Quay 5"),
        ("The bank held its rate.", "Nobody was surprised."),
        ("港口委员会周二投票决定，在起重机修好之前继续关闭北码头，码头工人对此表示不满。",),
        ("बंदरगाह बोर्ड ने मंगलवार को उत्तरी घाट बंद रखने का फैसला किया है और मरम्मत जारी है।",),
    ],
    ids=["English", "short sentences", "Chinese", "Hindi"],
)
def test_a_text_without_boilerplate_is_kept_to_its_last_line(blocks):
    assert kept(*blocks) == [*blocks]


def test_teasers_below_an_article_go_and_a_line_that_trails_off_within_it_stays():
    one, two = "She looked at the cranes and said nothing…", "Two masters, one harbour…"
    assert kept("Log in", VOTE, one, DOCKERS, COST, "Search", two) == [VOTE, one, DOCKERS, COST]


GERMAN = [
    "Der Hafenrat hat am Dienstag beschlossen, den Nordkai bis zum Ende der Reparaturen zu sperren.",
    "Die Hafenarbeiter hatten einen früheren Termin verlangt, doch die Versicherer lehnten ihn ab.",
]
CHINESE = [
    "港口委员会周二投票决定，在三台起重机全部修好之前继续关闭北码头，码头工人对此表示不满。",
    "出口商目前改用铁路运输粮食，运费几乎翻了一番，预计这种情况将持续到夏季结束，港务局长说。",
]


@pytest.mark.parametrize(
    ("above", "article", "below"),
    [
        (
            ["Anmelden", "Suche", "Foto: Jo Roe"],
            GERMAN,
            ["Das könnte Sie auch interessieren", "Kran"],
        ),
        (["首页", "登录"], CHINESE, ["责任编辑：王小明", "相关文章", "渡轮增加夜班"]),
        (
            ["Etusivu", *map("Osasto {}".format, range(20))],
            GERMAN,
            ["Lisää aiheesta", "Yhteystiedot"],
        ),
    ],
    ids=["German", "Chinese", "a language without a list of phrases"],
)
def test_of_a_page_in_any_language_the_article_is_kept(above, article, below):
    assert kept(*above, *article, *below) == article


@pytest.mark.parametrize(
    ("line", "is_kept"),
    [
        ("Get the day's most important stories in your inbox every morning, for free.", False),
        ("Abonnieren Sie unseren Newsletter und verpassen Sie nichts mehr.", False),
        ("The newsletter of the harbour board has four thousand readers in the town.", True),
        ("“You lose your inbox to them,” the harbour master said of the insurers.", True),
    ],
)
def test_what_a_site_offers_its_readers_goes_and_news_of_such_offers_stays(line, is_kept):
    assert kept(VOTE, line, DOCKERS) == [VOTE, *[line] * is_kept, DOCKERS]


def test_a_related_articles_line_ends_the_article_only_when_no_paragraph_follows():
    teaser = "Ferry line adds a night crossing for the summer months, and nobody objects to it."
    assert kept(VOTE, DOCKERS, COST, "Read next", teaser) == [VOTE, DOCKERS, COST]
    assert kept(VOTE, "Read next", DOCKERS, COST) == [VOTE, DOCKERS, COST]


def test_lines_wrapped_by_width_are_joined_to_paragraphs():
    wrapped = (
        "The harbour board voted on Tuesday to keep the northern\n"
        "quay shut until all three of its cranes are repaired.\n\n"
        "Dockers had asked for an earlier date, but the insurers\n"
        "refused to cover a second shift on that side of the\n"
        "harbour.\n"
    )
    assert remove_boilerplate(wrapped).text == f"{VOTE}\n\n{DOCKERS}"
