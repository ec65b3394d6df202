"""What a web page says about itself: title, author, date and address, believed with care."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from index.extract.assembly import same_words
from index.extract.decoding import clean
from index.extract.readers.webtree import flat, main_part
from index.language.datelines import read_dateline
from index.language.dates import find_dates, parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def page_title(document: Any, root: Any) -> str:
    """The one heading of the part that the page calls its main one, else its title."""
    part, declared = main_part(root)
    tops = [words for heading in part.iter("h1") if (words := " ".join(flat(heading).split()))]
    if declared and tops:
        return clean(tops[0])
    headings = [words for heading in root.iter("h1") if (words := " ".join(flat(heading).split()))]
    titles = [
        words
        for title in root.iter("title")
        if (words := " ".join("".join(title.itertext()).split()))
    ]
    site = str(getattr(document, "sitename", None) or "")
    found = str(getattr(document, "title", None) or "")
    title = clean(
        found or (headings[0] if len(headings) == 1 else "") or (titles[0] if titles else "")
    )
    return _without_site(title, site, headings)


def _without_site(title: str, site: str, headings: Sequence[str]) -> str:
    """'Big news | The Daily' is 'Big news': by the site's name, or by the page's heading."""
    parts = re.split(r"\s+(?:[|·•»—–-]|::)\s+", title)
    for words in headings:
        if same_words(words, title):
            return words
        if len(parts) > 1 and words in (title, *parts, " - ".join(parts[:-1])):
            return words
    if len(parts) > 1 and site and parts[-1].casefold() == site.casefold():
        return title[: title.rindex(parts[-1])].rstrip(" |·•»—–-:")
    if len(parts) > 1 and site and parts[0].casefold() == site.casefold():
        return title[len(parts[0]) :].lstrip(" |·•»—–-:")
    return title


def vouched_date(day: object, root: Any, url: str | None) -> str | None:
    """Trafilatura's date, if something on the page that is about dates says so too."""
    iso = parse_date(day) if isinstance(day, str) else None
    if iso is None:
        return None
    if any(found.iso == iso for words in _dated(root, url) for found in find_dates(words)):
        return iso
    return None


def _dated(root: Any, url: str | None) -> Iterator[str]:
    yield re.sub(r"/(\d{4})/(\d{1,2})/(\d{1,2})/", _url_day, url or "")
    for meta in root.iter("meta"):
        label = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if re.search(r"date|time|publi|created|issued", label, re.IGNORECASE):
            yield meta.get("content") or ""
    for time in root.iter("time"):
        yield time.get("datetime") or flat(time)
    for script in root.xpath("//script[@type='application/ld+json']"):
        yield from re.findall(r'"date\w+"\s*:\s*"([^"]{8,40})"', script.text or "")
    for element in root.iter("p", "span", "div", "abbr", "small", "li"):
        if (words := _visible(element)) and read_dateline(words):
            yield words


def _url_day(found: re.Match[str]) -> str:
    return f" {found[1]}-{found[2]:0>2}-{found[3]:0>2} "


def author_names(names: object) -> str | None:
    """Trafilatura separates authors by semicolons; an address is no author."""
    if not isinstance(names, str):
        return None
    people = [one.strip() for one in names.split(";") if "://" not in one and one.strip()]
    return ", ".join(people) or None


def canonical_url(root: Any, url: str | None) -> str | None:
    """The page's own address for itself, believed only about its own site."""
    for link in root.xpath("//link[@rel='canonical']/@href"):
        address = urljoin(url or "", str(link).strip())
        if urlsplit(address).scheme in ("http", "https") and (
            url is None or _site(address) == _site(url)
        ):
            return address
    return url


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def visible_datelines(root: Any, published: str | None, author: str | None) -> Iterator[str]:
    """The page's own visible words for its date and author."""
    wanted = {"published": published, "author": author}
    for element in root.iter("time", "p", "span", "div", "address", "a", "li", "small"):
        if not any(wanted.values()):
            return
        line = _visible(element)
        said = read_dateline(line) if line else None
        if said is None:
            continue
        dated = bool(published) and said.published == wanted["published"] is not None
        signed = bool(said.author and wanted["author"])
        if dated or signed:
            yield line
            wanted["published"] = None if dated else wanted["published"]
            wanted["author"] = None if signed else wanted["author"]


def _visible(element: Any) -> str:
    if len(element) > 8:
        return ""
    words = flat(element)
    return "" if len(words) > 140 else " ".join(words.split())
