"""The tables of the one SQLite file, and how a file of an earlier version comes to them."""

from __future__ import annotations

_ARTICLES = """
CREATE TABLE collections (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collections,
    id TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL,
    origin TEXT, title TEXT NOT NULL, author TEXT, url TEXT, published TEXT,
    text TEXT NOT NULL, sections TEXT NOT NULL, pages TEXT NOT NULL,
    added TEXT NOT NULL, updated TEXT NOT NULL,
    UNIQUE (collection, id)
);
CREATE INDEX articles_by_digest ON articles (collection, digest);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article INTEGER NOT NULL REFERENCES articles,
    collection INTEGER NOT NULL REFERENCES collections,
    generation INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL,
    section TEXT, page INTEGER,
    sentences TEXT NOT NULL,
    context TEXT NOT NULL, text TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE INDEX passages_by_article ON passages (article, start);
CREATE INDEX passages_by_generation ON passages (collection, generation);
CREATE INDEX passages_by_digest ON passages (digest);
CREATE TABLE removals (
    collection INTEGER NOT NULL, generation INTEGER NOT NULL, passage INTEGER NOT NULL,
    PRIMARY KEY (collection, generation, passage)
) WITHOUT ROWID;
CREATE TABLE vectors (
    model TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (digest, model)
) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO notes VALUES ('library', lower(hex(randomblob(8))))
"""

# Some files of version 1 have the marks of changes already.  From ``settings`` on a
# collection goes by its name: a server has settings and questions before it has articles.
_SERVERS = """
CREATE TABLE IF NOT EXISTS changes (
    collection INTEGER NOT NULL, generation INTEGER NOT NULL, mark TEXT NOT NULL,
    PRIMARY KEY (collection, generation)
) WITHOUT ROWID;
CREATE TABLE settings (
    collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, name)
) WITHOUT ROWID;
CREATE TABLE departures (
    collection TEXT PRIMARY KEY, guild INTEGER NOT NULL, since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE answers (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    collection TEXT NOT NULL,
    asker INTEGER, question TEXT,
    channel INTEGER NOT NULL, message INTEGER NOT NULL,
    reply_channel INTEGER, reply_message INTEGER,
    follows INTEGER REFERENCES answers ON DELETE SET NULL,
    private INTEGER NOT NULL, asked INTEGER NOT NULL,
    state TEXT NOT NULL, confidence REAL NOT NULL, reason TEXT NOT NULL,
    quote TEXT, passages TEXT NOT NULL,
    UNIQUE (channel, message)
);
CREATE INDEX answers_by_collection ON answers (collection, asked);
CREATE INDEX answers_by_asker ON answers (asker);
CREATE INDEX answers_by_reply ON answers (reply_channel, reply_message);
CREATE INDEX answers_by_follows ON answers (follows);
CREATE VIEW visible_answers AS
    SELECT a.*, f.id AS before FROM answers a LEFT JOIN answers f ON f.key = a.follows
    WHERE a.collection NOT IN (SELECT collection FROM departures);
CREATE TABLE feedback (
    answer INTEGER NOT NULL REFERENCES answers ON DELETE CASCADE,
    person INTEGER NOT NULL,
    helpful INTEGER NOT NULL, reason TEXT, comment TEXT NOT NULL, given INTEGER NOT NULL,
    PRIMARY KEY (answer, person)
) WITHOUT ROWID;
CREATE INDEX feedback_by_person ON feedback (person);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    asker INTEGER NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL,
    channel INTEGER NOT NULL, message INTEGER NOT NULL,
    queued INTEGER NOT NULL, started INTEGER, finished INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    report TEXT
);
CREATE INDEX jobs_by_collection ON jobs (collection, finished);
CREATE INDEX jobs_by_asker ON jobs (asker);
CREATE TABLE payloads (
    job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, payload NOT NULL
)
"""

# A vector in the tree of a table without row numbers takes two thirds of its space in vain, and
# the tree is as many levels deep as that makes it.
_VECTORS = """
CREATE TABLE moved (
    model TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (digest, model)
);
INSERT INTO moved SELECT model, digest, vector FROM vectors;
DROP TABLE vectors;
ALTER TABLE moved RENAME TO vectors
"""

# What a list shows lies in an index of its own: in the rows themselves half of it comes after the
# text, and reading it there means to read the text.  ``folded`` is a function of ours.
_LISTED = """
ALTER TABLE articles ADD COLUMN characters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE articles SET characters = length(text), folded = folded(title);
CREATE INDEX articles_listed ON articles (
    collection, key, id, title, source, origin, author, url, published, added, updated, characters
);
CREATE INDEX articles_by_title ON articles (collection, key, folded)
"""

# Vectors that no passage has: of an article that is being added, or was erased.  So that none is
# overlooked, each vector has a passage with its digest or a row of ``unused``.  From ``whole`` on
# it is known of a collection which passages came and went.
_UPKEEP = """
CREATE TABLE unused (
    digest TEXT PRIMARY KEY, collection TEXT, since INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO unused SELECT DISTINCT digest, NULL, 0 FROM vectors
    WHERE digest NOT IN (SELECT digest FROM passages);
CREATE INDEX unused_by_collection ON unused (collection);
CREATE TABLE models (model TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO models SELECT DISTINCT model, CAST(strftime('%s', 'now') AS INTEGER) FROM vectors;
ALTER TABLE collections ADD COLUMN whole INTEGER NOT NULL DEFAULT 0
"""

# A search is no answer: it has its query and what it found, and nobody votes on it.
_SEARCHES = """
CREATE TABLE searches (
    id TEXT PRIMARY KEY,
    collection TEXT NOT NULL, asker INTEGER NOT NULL,
    query TEXT NOT NULL, article TEXT,
    private INTEGER NOT NULL, asked INTEGER NOT NULL,
    passages TEXT NOT NULL
);
CREATE INDEX searches_by_collection ON searches (collection, asked);
CREATE INDEX searches_by_asker ON searches (asker)
"""

MIGRATIONS = (_ARTICLES, _SERVERS, _VECTORS, _LISTED, _UPKEEP, _SEARCHES)
"""What brings a file from each version to the next; what is released is never edited."""

SCHEMA = len(MIGRATIONS)
