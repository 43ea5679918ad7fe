"""Paragraphs of one article that the tests of reading share."""

TITLE = "Northern quay to stay shut"
VOTE = (
    "The harbour board voted on Tuesday to keep the northern quay shut until all three of its "
    "cranes are repaired."
)
DOCKERS = (
    "Dockers had asked for an earlier date, but the insurers refused to cover a second shift on "
    "that side of the harbour."
)
