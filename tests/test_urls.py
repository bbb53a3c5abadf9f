"""Database URLs: what each part means, the way back, and what is refused without repeating a secret."""

import string
from io import StringIO

import msgspec
import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st

from querynl.connections import Target, is_url, parse_url
from querynl.errors import URLInvalid

MEANINGS = {
    "postgresql://localhost": Target(dialect="postgresql", host="localhost", port=5432),
    "postgres://u@h:6543/d": Target(dialect="postgresql", host="h", port=6543, username="u", database="d"),
    "postgresql+psycopg://u:p@h/d": Target(
        dialect="postgresql", host="h", port=5432, username="u", password="p", database="d"
    ),
    "postgresql://": Target(dialect="postgresql"),
    "postgresql:///blog": Target(dialect="postgresql", database="blog"),
    "postgresql:///blog?host=/run/postgresql": Target(
        dialect="postgresql", host="/run/postgresql", port=5432, database="blog"
    ),
    "postgresql://%2Frun%2Fpostgresql/blog": Target(
        dialect="postgresql", host="/run/postgresql", port=5432, database="blog"
    ),
    "postgresql://u@[::1]:6543/d": Target(dialect="postgresql", host="::1", port=6543, username="u", database="d"),
    "postgresql://[fe80::1%25eth0]/d": Target(dialect="postgresql", host="fe80::1%eth0", port=5432, database="d"),
    "postgresql://h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3": Target(
        dialect="postgresql",
        host="h",
        port=5432,
        database="d",
        ssl_mode="verify-full",
        ssl_root_cert="/etc/ca.pem",
        options=(("connect_timeout", "3"),),
    ),
    "postgresql://h/d?user=u&password=p%26q&options=-c%20search_path%3Dapp": Target(
        dialect="postgresql",
        host="h",
        port=5432,
        database="d",
        username="u",
        password="p&q",
        options=(("options", "-c search_path=app"),),
    ),
    "mysql://root@127.0.0.1:3307/app": Target(
        dialect="mysql", host="127.0.0.1", port=3307, username="root", database="app"
    ),
    "mysql+pymysql://u:@h/d?charset=utf8mb4": Target(
        dialect="mysql", host="h", port=3306, username="u", password="", database="d"
    ),
    "mariadb://h?ssl-mode=VERIFY_IDENTITY&ssl_ca=ca.pem": Target(
        dialect="mariadb", host="h", port=3306, ssl_mode="verify-full", ssl_root_cert="ca.pem"
    ),
    "mariadb:///d?unix_socket=/run/mysqld.sock": Target(
        dialect="mariadb", database="d", options=(("unix_socket", "/run/mysqld.sock"),)
    ),
    "mysql://": Target(dialect="mysql", host="localhost", port=3306),
    "sqlite:///blog.db": Target(dialect="sqlite", file="blog.db"),
    "sqlite:////var/lib/blog.db": Target(dialect="sqlite", file="/var/lib/blog.db"),
    "sqlite:///C:/data/blog.db": Target(dialect="sqlite", file="C:/data/blog.db"),
    "sqlite:///my%20blog%3F%23.db": Target(dialect="sqlite", file="my blog?#.db"),
    "sqlite:///:memory:": Target(dialect="sqlite", file=":memory:"),
    "sqlite://": Target(dialect="sqlite", file=":memory:"),
}

REFUSALS = {
    "blog.db": "://",
    "postgresql:/u:S3CRET@h/d": "://",
    "oracle://u:S3CRET@h/d": "scheme 'oracle'",
    "u:S3CRET://h/d": "scheme",
    "postgresql://u:S3CRET@h:port/d": "port",
    "postgresql://u:S3CRET@h:0/d": "port",
    "postgresql://u:S3CRET@h:65536/d": "port",
    "postgresql://u:S3/CRET@h/d": "'@'",
    "postgresql://u:12/S3CRET@h/d": "'@'",
    "postgresql://u:S3CRET?x@h/d": "'@'",
    "postgresql://u:S3CRET#x@h/d": "'#'",
    "postgresql://u:S3CRET%@h/d": "password",
    "postgresql://u%zz:S3CRET@h/d": "user name",
    "postgresql://u:S3CRET%FF@h/d": "password",
    "postgresql://u:S3CRET%00@h/d": "NUL",
    "postgresql://u:S3CRET@h1,h2/d": "several hosts",
    "postgresql://u:S3CRET@::1/d": "port",
    "postgresql://u:S3CRET@[::1/d": "IPv6",
    "postgresql://u:S3CRET@[::1]x/d": "host",
    "postgresql://u:S3CRET@a b/d": "host",
    "postgresql://u:S3CRET@h/d?sslmode=maybe": "sslmode",
    "postgresql://u:S3CRET@h/d?sslmod=require": "'sslmod'",
    "postgresql://u@h/d?S3CRET": "parameter",
    "postgresql://u@h/d?connect_timeout=soon": "connect_timeout",
    "postgresql://u:S3CRET@h/d?user=a&user=b": "twice",
    "mysql://u:S3CRET@h/d?charset=latin1": "charset",
    "mysql://u:S3CRET@h/d?target_session_attrs=any": "parameter",
    "sqlite://blog.db": "three slashes",
    "sqlite:///blog.db?mode=ro": "parameters",
}

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)
hosts = st.one_of(
    st.sampled_from(["localhost", "db.example.org", "127.0.0.1", "::1", "fe80::1%eth0", "/run/my sockets"]),
    st.text(string.ascii_letters + string.digits + "-.", min_size=1),
)
targets = st.one_of(
    st.builds(
        Target,
        dialect=st.sampled_from(["postgresql", "mysql", "mariadb"]),
        host=hosts.filter(lambda host: " " not in host),
        port=st.integers(1, 65535),
        database=st.none() | texts,
        username=st.none() | texts,
        password=st.none() | texts | st.just(""),
        ssl_mode=st.none() | st.sampled_from(["disable", "require", "verify-full"]),
        ssl_root_cert=st.none() | texts,
        options=st.just(()) | st.just((("connect_timeout", "7"), ("sslkey", "a b&c=d#e@f?g"))),
    ),
    st.builds(Target, dialect=st.just("sqlite"), file=texts.filter(lambda file: not file.startswith("//"))),
)


@pytest.mark.parametrize("url", MEANINGS)
def test_url_means(url: str) -> None:
    assert parse_url(url) == MEANINGS[url]


@pytest.mark.parametrize("url", REFUSALS)
def test_url_is_refused_by_the_part_that_is_wrong_without_its_password(url: str) -> None:
    with pytest.raises(URLInvalid) as caught:
        parse_url(url)
    assert REFUSALS[url] in str(caught.value)
    assert "S3" not in str(caught.value)
    assert "CRET" not in str(caught.value)
    assert caught.value.exit_status == 2
    assert caught.value.__context__ is None


@given(targets)
def test_every_target_comes_back_from_its_url(target: Target) -> None:
    assert parse_url(target.url(with_password=True)) == target
    assert parse_url(target.url()) == msgspec.structs.replace(target, password=None)


def test_target_shows_no_password() -> None:
    target = parse_url("postgresql://ann:S3CRET@h/d")
    console = rich.console.Console(file=StringIO())
    console.print(target)
    printed = console.file
    assert isinstance(printed, StringIO)
    for shown in (repr(target), str(target), target.url(), target.name, f"{[target]}", printed.getvalue()):
        assert "S3CRET" not in shown
        assert "ann" in shown


def test_default_port_is_left_out_of_the_url() -> None:
    assert parse_url("mysql://u@h:3306/d").url() == "mysql://u@h/d"
    assert parse_url("mysql://u@h:3307/d").url() == "mysql://u@h:3307/d"


def test_connection_name_is_no_url() -> None:
    assert not is_url("blog_db")
    assert is_url("sqlite:///blog.db")
