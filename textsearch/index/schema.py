"""The tables of the catalog, as the newest version of the schema has them.

`migrations` creates and upgrades them; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

# AUTOINCREMENT: SQLite otherwise gives the highest id again after a delete, and a vector that has not yet heard of
# the delete would name another region.
images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("regions", Integer, nullable=False),
    sqlite_autoincrement=True,
)

# A path is the bytes of the file system: names that are not valid UTF-8 exist, and bytes compare in the order in
# which a folder's files form one range of the index.
files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("image_id", Integer, ForeignKey("images.id"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Index("files_by_image", "image_id"),
)

regions = Table(
    "regions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Column("polygon", LargeBinary, nullable=False),  # (V, 2) float32, little-endian
    Column("score", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_score", Float, nullable=False),
    Column("line", Integer, nullable=False),
    Column("letters", Text, nullable=False),  # the transcript as search compares it
    Column("lattice", LargeBinary, nullable=False),
    Column("embedding", LargeBinary, nullable=False),  # (D,) float16, little-endian
    Index("regions_by_image", "image_id"),
    Index("regions_by_letters", "letters"),
    sqlite_autoincrement=True,
)

# What is known about photos: any number of rows for each, found by what they say.
knowledge = Table(
    "knowledge",
    metadata,
    Column("image_id", Integer, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("identifier", Text, primary_key=True),
    Column("score", Float, nullable=False),
    Column("regions", LargeBinary, nullable=False),  # (R,) int64, ids, little-endian
    Index("knowledge_by_identifier", "identifier"),
    sqlite_with_rowid=False,
)

# A photo that has been looked at has a row here, though nothing may be known about it.
pictures = Table(
    "pictures",
    metadata,
    Column("image_id", Integer, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("maker", Text, nullable=False),
    Column("feature", LargeBinary, nullable=False),  # (PICTURE_WIDTH,) float16, little-endian
)

own_categories = Table(
    "own_categories",
    metadata,
    Column("name", Text, primary_key=True),
    Column("words", Text, nullable=False),  # a JSON list
    Column("examples", LargeBinary, nullable=False),  # (E, PICTURE_WIDTH) float16, little-endian
)

failures = Table(
    "failures",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("sha256", Text),
    Column("size", Integer),
    Column("mtime_ns", Integer),
)

# A log for those who hold vectors in memory: which ids to drop since the generation they know. A trigger writes it.
removals = Table(
    "removals",
    metadata,
    Column("region_id", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Index("removals_by_generation", "generation"),
)

# One row. `identity` is drawn at creation, so that vectors of another index are recognised.
meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", LargeBinary, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_fingerprint", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
)
