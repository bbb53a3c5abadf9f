"""What schemas English texts become."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from querynl.connections import connect, parse_url
from querynl.dialects import NAMES, dialect_named
from querynl.diff import diff
from querynl.english.design import design
from querynl.english.lexicon import load_lexicon
from querynl.errors import TextNotUnderstood
from querynl.naming import named
from querynl.operations import Create, Drop
from querynl.plan import plan, statements
from querynl.schema import Schema, Table
from tests.engines import Database

BLOG = "blog with posts and comments"
TAGGED_BLOG = "blog with posts, comments, and tags"

# Text, and its tables with their columns; every table but one that joins two also has id, created_at and updated_at.
DESIGNS = {
    BLOG: {
        "comments": "post_id author_id body",
        "posts": "author_id title slug body published_at",
        "users": "name email",
    },
    TAGGED_BLOG: {
        "comments": "post_id author_id body",
        "post_tags": "post_id tag_id",
        "posts": "author_id title slug body published_at",
        "tags": "name",
        "users": "name email",
    },
    "simple blog": {"posts": "author_id title slug body published_at", "users": "name email"},
    "blog with tags and categories": {
        "categories": "name description",
        "post_tags": "post_id tag_id",
        "posts": "author_id category_id title slug body published_at",
        "tags": "name",
        "users": "name email",
    },
    "shop with products, orders and customers": {
        "customers": "name email",
        "order_items": "order_id product_id quantity unit_price",
        "orders": "customer_id status ordered_at",
        "products": "name sku description price stock",
    },
    "library with books, authors and loans": {
        "authors": "name bio",
        "book_authors": "book_id author_id",
        "books": "title isbn published_on",
        "loans": "book_id member_id loaned_at due_on returned_at",
        "members": "name email",
    },
    "users with email and name, each has many posts": {
        "posts": "author_id title slug body published_at",
        "users": "email name",
    },
    "todo list with projects and tasks": {
        "projects": "name description",
        "tasks": "project_id title description done due_on",
    },
    "tasks belong to projects": {
        "projects": "name description",
        "tasks": "project_id title description done due_on",
    },
    "students enroll in courses (many to many)": {
        "courses": "title description",
        "enrollments": "student_id course_id enrolled_at",
        "students": "name email",
    },
    "students have many courses and courses have many students": {
        "courses": "title description",
        "enrollments": "course_id student_id enrolled_at",
        "students": "name email",
    },
    "many-to-many between doctors and patients": {
        "doctor_patients": "doctor_id patient_id",
        "doctors": "name",
        "patients": "name",
    },
    "products with name, price and stock": {"products": "name price stock"},
    "users (name, email unique, age integer)": {"users": "name email age"},
    "users: name, email": {"users": "name email"},
    "gym with members, trainers and classes": {"classes": "name", "members": "name email", "trainers": "name"},
    "recipe with title, ingredients and steps": {
        "ingredients": "recipe_id name",
        "recipes": "title",
        "steps": "recipe_id name",
    },
    "books with an author and a title": {"authors": "name bio", "books": "author_id title"},
    "books with title, author and isbn": {"books": "title author isbn"},
    "books with title and author; authors with name": {"authors": "name", "books": "author_id title"},
    "Users write posts. Each post has many comments and can be tagged with tags.": {
        "comments": "post_id author_id body",
        "post_tags": "post_id tag_id",
        "posts": "author_id title slug body published_at",
        "tags": "name",
        "users": "name email",
    },
    "comments on posts by users": {
        "comments": "post_id author_id body",
        "posts": "author_id title slug body published_at",
        "users": "name email",
    },
    "each customer places orders": {"customers": "name email", "orders": "customer_id status ordered_at"},
    "shop with products (name, price), orders (total) and customers": {
        "customers": "name email",
        "order_items": "order_id product_id quantity unit_price",
        "orders": "customer_id total",
        "products": "name price",
    },
    "categories belong to categories": {"categories": "parent_id name description"},
    "purchase orders and order_items": {
        "order_items": "purchase_order_id quantity unit_price",
        "purchase_orders": "status ordered_at",
    },
    "An app for tracking recipes": {"recipes": "name"},
    "students enroll in courses, teachers teach courses": {
        "courses": "teacher_id title description",
        "enrollments": "student_id course_id enrolled_at",
        "students": "name email",
        "teachers": "name email",
    },
    "each user has one profile": {"profiles": "user_id bio avatar", "users": "name email"},
    "countries have many cities. cities have a name and a population integer": {
        "cities": "country_id name population",
        "countries": "name",
    },
    "A hospital database with doctors and appointments. Each appointment belongs to a doctor.": {
        "appointments": "doctor_id name",
        "doctors": "name",
    },
    "posts (title text, views integer)": {"posts": "title views"},
    "invoices with line items": {
        "invoices": "number total issued_on due_on",
        "line_items": "invoice_id quantity unit_price",
    },
    "users can follow users": {"user_users": "user_id other_user_id", "users": "name email"},
}
OWN = ("id", "created_at", "updated_at")

# Text, a column of it as `table.column`, and its type, a question mark where it is optional, its default.
COLUMNS = [
    ("products with name, price and stock", "products.price", "decimal(12,2)"),
    ("products with name, price and stock", "products.stock", "integer = 0"),
    ("products with name varchar(50), stock bigint optional", "products.name", "varchar(50)"),
    ("products with name varchar(50), stock bigint optional", "products.stock", "bigint ?"),
    ("users with first name, birth date, is_active and website optional", "users.birth_date", "date ?"),
    ("users with first name, birth date, is_active and website optional", "users.is_active", "boolean = false"),
    ("users with first name, birth date, is_active and website optional", "users.website", "varchar(2000) ?"),
    ("users with name text unique", "users.name", "varchar(255)"),
    ("orders with shipping address", "orders.shipping_address", "varchar(255)"),
    (BLOG, "posts.id", "bigint"),
    (BLOG, "posts.published_at", "timestamptz ?"),
    (BLOG, "posts.created_at", "timestamptz = CURRENT_TIMESTAMP"),
    ("users with created_at", "users.created_at", "timestamptz = CURRENT_TIMESTAMP"),
]


@pytest.mark.parametrize("text", DESIGNS)
def test_a_text_becomes_these_tables_and_columns(text: str) -> None:
    tables = design(text).schema.tables
    shown = {table.name: " ".join(c.name for c in table.columns if c.name not in OWN) for table in tables}
    assert shown == DESIGNS[text]


@pytest.mark.parametrize(("text", "column", "expected"), COLUMNS)
def test_a_column_gets_a_sensible_type(text: str, column: str, expected: str) -> None:
    table, _, name = column.partition(".")
    found = table_of(design(text).schema, table).column(name)
    assert found is not None
    optional = " ?" if found.nullable else ""
    default = f" = {found.default}" if found.default is not None else ""
    assert f"{found.type}{optional}{default}" == expected


@pytest.mark.parametrize("text", DESIGNS)
def test_every_table_has_a_key_and_every_foreign_key_an_index_and_an_action(text: str) -> None:
    for table in design(text).schema.tables:
        assert table.primary_key is not None
        led = {table.primary_key.columns[0], *(unique.columns[0] for unique in table.uniques)}
        led |= {index.columns[0].column or "" for index in table.indexes}
        for key in table.foreign_keys:
            assert key.columns[0] in led
            assert key.on_delete in ("cascade", "restrict", "set null")


def test_a_blog_with_tags_differs_from_one_without_by_two_tables_and_nothing_else() -> None:
    sqlite = dialect_named("sqlite")
    before, after = (named(sqlite.localise(design(text).schema), sqlite) for text in (BLOG, TAGGED_BLOG))
    operations = diff(before, after, sqlite).operations
    assert all(isinstance(operation, Create) and isinstance(operation.obj, Table) for operation in operations)
    assert [operation.obj.name for operation in operations if isinstance(operation, Create)] == ["post_tags", "tags"]


def test_a_simple_blog_grows_into_one_with_tags_and_categories_without_losing_anything() -> None:
    sqlite = dialect_named("sqlite")
    texts = ("simple blog", "blog with tags and categories")
    before, after = (named(sqlite.localise(design(text).schema), sqlite) for text in texts)
    difference = diff(before, after, sqlite)
    assert difference.questions == ()
    assert all(isinstance(operation, Create) for operation in difference.operations)


def test_the_same_text_gives_the_same_bytes() -> None:
    first, second = (msgspec.json.encode(design(TAGGED_BLOG)) for _ in range(2))
    assert first == second


def test_a_pair_that_the_text_relates_both_ways_has_a_join_table_with_one_key_of_both() -> None:
    table = table_of(design("doctors have many patients and patients have many doctors").schema, "doctor_patients")
    assert table.primary_key is not None
    assert table.primary_key.columns == ("doctor_id", "patient_id")
    assert {key.on_delete for key in table.foreign_keys} == {"cascade"}


def test_a_circle_of_relations_stays_writable() -> None:
    schema = design("houses have many rooms. rooms have many doors. doors have many houses.").schema
    keys = [column for table in schema.tables for column in table.columns if column.name.endswith("_id")]
    assert [column.nullable for column in keys].count(True) == 1
    assert len(keys) == 3


def test_what_is_assumed_is_said() -> None:
    found = design("gym with members and trainers").assumptions
    assert "Trainers are not known to the lexicon: table trainers gets a name." in found
    assert "Table members gets what is usual: name and email." in found


def test_a_table_that_the_text_does_not_name_is_explained() -> None:
    assert "Table users is not in the text: a blog has users." in design(BLOG).assumptions
    assert "Table members is not in the text: each loan needs one." in design("books and loans").assumptions


def test_words_that_played_no_part_are_listed() -> None:
    assert design("users frobnicate posts").unused == ("frobnicate",)
    assert design("products with price decimal(99,99)").unused == ("decimal(99,99)",)
    assert design(TAGGED_BLOG).unused == ()


def test_an_unknown_field_of_work_names_the_schema() -> None:
    assert design("gym with members and trainers").schema.name == "gym"


@pytest.mark.parametrize("text", ["", "hello world", "what is this", "name and email", "123 !?", "博客"])
def test_a_text_without_tables_is_not_understood(text: str) -> None:
    with pytest.raises(TextNotUnderstood) as failure:
        design(text)
    assert failure.value.exit_status == 1
    assert "library" in str(failure.value)


WORDS = sorted(
    {word for phrases in load_lexicon().keywords.values() for word in phrases}
    | {*load_lexicon().entity_of, *load_lexicon().attribute_of, *load_lexicon().field_of, *load_lexicon().verb_of}
    | {*load_lexicon().type_of, "gizmo", "gizmos", "posts", "users", "varchar(9)", ",", "(", ")", ".", ":", ";", "id"}
)


# Nouns that begin a clause without being a table.
@example("position tables including where app sent by loan")
@example("bool photo issue status design having enroll in photo belong to")
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_any_text_is_a_loadable_design_or_not_understood(text: str) -> None:
    try:
        schema = design(text).schema
    except TextNotUnderstood:
        return
    for engine in NAMES:
        dialect = dialect_named(engine)
        assert named(dialect.localise(schema), dialect).tables
    names = [table.name for table in schema.tables]
    assert len(names) == len(set(names))
    for table in schema.tables:
        columns = [column.name for column in table.columns]
        assert len(columns) == len(set(columns))
        assert {key.references for key in table.foreign_keys} <= set(names)


@pytest.mark.parametrize("text", [BLOG, TAGGED_BLOG, " ".join(f"{text}." for text in DESIGNS)])
def test_a_design_loads_on_every_engine(text: str, database: Database) -> None:
    found, wanted = grow(database, text)
    assert shape(found) == shape(wanted)


def test_tags_come_to_a_live_blog_and_go_again(database: Database) -> None:
    grow(database, BLOG)
    grow(database, TAGGED_BLOG)
    found, wanted = grow(database, BLOG)
    assert shape(found) == shape(wanted)


def grow(database: Database, text: str) -> tuple[Schema, Schema]:
    """What a database holds once it has been given the tables of a design, and taken all others, and that design."""
    with connect(parse_url(database.url)) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        before = dialect.inspect(connection)
        after = named(dialect.localise(design(text).schema), dialect, like=before)
        present, wanted = (frozenset(table.name for table in schema.tables) for schema in (before, after))
        changes = [
            operation
            for operation in diff(before, after, dialect).operations
            if isinstance(operation, Create | Drop) and operation.obj.name in present ^ wanted
        ]
        for statement in statements(plan(before, changes, dialect).up):
            connection.execute(statement.sql)
        return dialect.inspect(connection), after


def shape(schema: Schema) -> dict[str, tuple[list[str], list[tuple[str, ...]], int, int]]:
    """Of each table the columns, the foreign keys, and how many unique constraints and indexes it has."""
    return {
        table.name: (
            [column.name for column in table.columns],
            sorted((*key.columns, key.references, key.on_delete) for key in table.foreign_keys),
            len(table.uniques),
            len(table.indexes),
        )
        for table in schema.tables
    }


def table_of(schema: Schema, name: str) -> Table:
    return next(table for table in schema.tables if table.name == name)
