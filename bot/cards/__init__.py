"""What people see on Discord: records in, Components V2 out.

Nothing here reads, waits or remembers.  Each function returns one message that is within
every limit of Discord, whatever the texts in it are; each text that isn't ours passes
``bot.text.markup``.  Buttons and selects carry the custom_ids of ``bot.cards.custom_ids``.

answers   an answer and what hangs on it: neighbours, a changed article, /why
library   search results, the list of articles, one article, removing one
ingest    adding articles: waiting, progress, report
service   settings, help, privacy, and single sentences
parts     what they share
"""

from bot.cards.answers import answer_card, changed_card, neighbours_card, why_card
from bot.cards.articles import (
    article_card,
    articles_card,
    pages_of,
    remove_card,
)
from bot.cards.help import help_card, howto_card
from bot.cards.ingest import progress_card, queued_card, report_card
from bot.cards.parts import Card
from bot.cards.privacy import forget_card, privacy_card
from bot.cards.search import search_card
from bot.cards.sentence import getting_ready_card, sentence_card
from bot.cards.settings import settings_card

__all__ = [
    "Card",
    "answer_card",
    "article_card",
    "articles_card",
    "changed_card",
    "forget_card",
    "getting_ready_card",
    "help_card",
    "howto_card",
    "neighbours_card",
    "pages_of",
    "privacy_card",
    "progress_card",
    "queued_card",
    "remove_card",
    "report_card",
    "search_card",
    "sentence_card",
    "settings_card",
    "why_card",
]
