PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collections,
    id TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL,
    origin TEXT, title TEXT NOT NULL, author TEXT, url TEXT, published TEXT,
    text TEXT NOT NULL, sections TEXT NOT NULL, pages TEXT NOT NULL,
    added TEXT NOT NULL, updated TEXT NOT NULL,
    UNIQUE (collection, id)
);
INSERT INTO "articles" VALUES(1,1,'bridge','bridge.txt','9f0a9af1d5746465649323676006ffc7:680678dd77182d977e1d29ca9ba84b3c',NULL,'The bridge',NULL,NULL,NULL,'The bridge opened in 1932.

It is 503 m long.','[]','[]','2026-11-22T17:59:25+00:00','2026-11-22T17:59:25+00:00');
INSERT INTO "articles" VALUES(2,2,'canary','canary.txt','bcae49551bfe0b25720c471e9ca63c49:c901619a3f26493edd27716cd3a2804a',NULL,'canary',NULL,NULL,NULL,'Canary of guild one.','[]','[]','2026-11-22T17:59:25+00:00','2026-11-22T17:59:25+00:00');
CREATE TABLE collections (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "collections" VALUES(1,'shared',1);
INSERT INTO "collections" VALUES(2,'guild:1',3);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "notes" VALUES('library','70aa13c06c8fa0f6');
INSERT INTO "notes" VALUES('starter:guide','abc');
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
INSERT INTO "passages" VALUES(1,1,1,1,0,26,NULL,NULL,'[[0, 26]]','','The bridge opened in 1932.','f971d01f3c342d8473180100de2e457a');
INSERT INTO "passages" VALUES(2,1,1,1,28,45,NULL,NULL,'[[28, 45]]','','It is 503 m long.','b607bf627601e0084e98e3f8fc1a3b09');
INSERT INTO "passages" VALUES(3,2,2,1,0,20,NULL,NULL,'[[0, 20]]','','Canary of guild one.','bcae49551bfe0b25720c471e9ca63c49');
CREATE TABLE removals (
    collection INTEGER NOT NULL, generation INTEGER NOT NULL, passage INTEGER NOT NULL,
    PRIMARY KEY (collection, generation, passage)
) WITHOUT ROWID;
INSERT INTO "removals" VALUES(2,3,4);
CREATE TABLE vectors (
    model TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (digest, model)
) WITHOUT ROWID;
INSERT INTO "vectors" VALUES('bag','bcae49551bfe0b25720c471e9ca63c49',X'9A99193FCDCC4C3F');
CREATE INDEX articles_by_digest ON articles (collection, digest);
CREATE INDEX passages_by_article ON passages (article, start);
CREATE INDEX passages_by_generation ON passages (collection, generation);
CREATE INDEX passages_by_digest ON passages (digest);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('articles',3);
INSERT INTO "sqlite_sequence" VALUES('passages',4);
COMMIT;
