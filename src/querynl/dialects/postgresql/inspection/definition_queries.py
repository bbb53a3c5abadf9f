"""The catalog queries for what the model knows by its statement: one for each kind, all with the same columns.

An answer's columns are the OID, the namespace, the name, the arguments, the namespace and name of the table, the
statement, and the options as JSON. https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

from querynl.dialects.postgresql.inspection.queries import (
    FIRST_USER_OID,
    IS_BASE_TYPE,
    IS_CAST,
    OWN_FUNCTION_OF_TYPE,
    own,
)
from querynl.schema import Kind

# Options of foreign data wrappers whose values are nobody's business.
_SECRET = "option_name ~* 'pass|secret|token|key|credential'"


def _operator(oid: str) -> str:
    """An operator by its name alone, qualified."""
    return f"""(SELECT format('OPERATOR(%I.%s)', rn.nspname, r.oprname)
        FROM pg_operator r JOIN pg_namespace rn ON rn.oid = r.oprnamespace WHERE r.oid = {oid})"""


def _named(catalog: str, prefix: str, oid: str) -> str:
    """An object of a catalog by its qualified name."""
    return f"""(SELECT format('%I.%I', rn.nspname, r.{prefix}name)
        FROM {catalog} r JOIN pg_namespace rn ON rn.oid = r.{prefix}namespace WHERE r.oid = {oid})"""


def _function(word: str, oid: str) -> str:
    """`word` and a function, or NULL where there is none."""
    return f"'{word} ' || NULLIF({oid}::oid, 0)::regproc::text"


def _options(column: str, **others: str) -> str:
    """The OPTIONS of a foreign object, and other options, as JSON."""
    pairs = "".join(f", '{name}', {value}" for name, value in others.items())
    given = f"""(SELECT jsonb_object_agg('options.' || option_name, option_value)
        FROM pg_options_to_table({column}))"""
    return f"jsonb_strip_nulls(jsonb_build_object({pairs.removeprefix(', ')})) || COALESCE({given}, '{{}}')"


def _selected(
    catalog: str,
    prefix: str,
    definition: str,
    *,
    namespace: str | None = "namespace",
    name: str | None = None,
    arguments: str = "''",
    table: str | None = None,
    options: str = "NULL",
    joined: str = "",
    condition: str = "true",
) -> str:
    """A query of one catalog, whose columns start with `prefix`, for what was not there from the beginning."""
    within = f"n.nspname::text, {name or f'o.{prefix}name::text'}"
    joins = f" JOIN pg_namespace n ON n.oid = o.{prefix}{namespace}"
    if namespace is None:
        within, joins = f"NULL, {name or f'o.{prefix}name::text'}", ""
    on = "NULL, NULL"
    if table is not None:
        on = "tn.nspname::text, t.relname::text"
        joins += f" JOIN pg_class t ON t.oid = o.{table} JOIN pg_namespace tn ON tn.oid = t.relnamespace"
    return f"""SELECT o.oid, {within}, {arguments}, {on}, {definition}, {options}
        FROM {catalog} o{joins} {joined}
        WHERE o.oid >= {FIRST_USER_OID} AND {condition} AND {own(catalog, "o.oid")}"""


_LANGUAGE = _selected(
    "pg_language",
    "lan",
    f"""concat_ws(' ', 'CREATE', CASE WHEN o.lanpltrusted THEN 'TRUSTED' END, format('LANGUAGE %I', o.lanname),
        {_function("HANDLER", "o.lanplcallfoid")}, {_function("INLINE", "o.laninline")},
        {_function("VALIDATOR", "o.lanvalidator")})""",
    namespace=None,
)

_ACCESS_METHOD = _selected(
    "pg_am",
    "am",
    """format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', o.amname,
        CASE o.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END, o.amhandler)""",
    namespace=None,
)

# Versions call the locale otherwise, or have no rules.
_COLLATION = _selected(
    "pg_collation",
    "coll",
    """format('CREATE COLLATION %I.%I (%s)', n.nspname, o.collname, concat_ws(', ',
        'PROVIDER = ' || CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        'LOCALE = ' || quote_literal(COALESCE(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale',
            CASE WHEN o.collcollate = o.collctype THEN o.collcollate END)),
        CASE WHEN o.collcollate <> o.collctype
            THEN format('LC_COLLATE = %L, LC_CTYPE = %L', o.collcollate, o.collctype) END,
        CASE WHEN NOT o.collisdeterministic THEN 'DETERMINISTIC = false' END,
        'RULES = ' || quote_literal(to_jsonb(o) ->> 'collicurules')))""",
)

_CONVERSION = _selected(
    "pg_conversion",
    "con",
    """format('CREATE%s CONVERSION %I.%I FOR %L TO %L FROM %s', CASE WHEN o.condefault THEN ' DEFAULT' ELSE '' END,
        n.nspname, o.conname, pg_encoding_to_char(o.conforencoding), pg_encoding_to_char(o.contoencoding),
        o.conproc)""",
)

# The functions that take or give values of the type itself, and so cannot be without it, are made along with it.
_OWN_FUNCTIONS = f"""(SELECT string_agg(pg_get_functiondef(p.oid), ';' || chr(10) ORDER BY p.oid) || ';' || chr(10)
        FROM pg_proc p WHERE p.oid IN ({{functions}}) AND {OWN_FUNCTION_OF_TYPE})"""


def _around_type(functions: str, definition: str) -> str:
    """The type's statement behind the functions that need its shell, and the shell before those."""
    shell = "format('CREATE TYPE %I.%I', n.nspname, o.typname)"
    return (
        f"""COALESCE({shell} || ';' || chr(10) || {_OWN_FUNCTIONS.format(functions=functions)}, '') || {definition}"""
    )


_BASE_TYPE = _selected(
    "pg_type",
    "typ",
    "CASE WHEN NOT o.typisdefined THEN format('CREATE TYPE %I.%I', n.nspname, o.typname) ELSE "
    + _around_type(
        "o.typinput, o.typoutput, o.typreceive, o.typsend",
        f"""format('CREATE TYPE %I.%I (%s)', n.nspname, o.typname, concat_ws(', ',
        {_function("INPUT =", "o.typinput")}, {_function("OUTPUT =", "o.typoutput")},
        {_function("RECEIVE =", "o.typreceive")}, {_function("SEND =", "o.typsend")},
        {_function("TYPMOD_IN =", "o.typmodin")}, {_function("TYPMOD_OUT =", "o.typmodout")},
        {_function("ANALYZE =", "o.typanalyze")}, {_function("SUBSCRIPT =", "o.typsubscript")},
        'INTERNALLENGTH = ' || CASE WHEN o.typlen < 0 THEN 'VARIABLE' ELSE o.typlen::text END,
        CASE WHEN o.typbyval THEN 'PASSEDBYVALUE' END,
        'ALIGNMENT = ' || CASE o.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4'
            ELSE 'double' END,
        'STORAGE = ' || CASE o.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
            ELSE 'extended' END,
        'CATEGORY = ' || quote_literal(o.typcategory::text), CASE WHEN o.typispreferred THEN 'PREFERRED = true' END,
        'DEFAULT = ' || quote_literal(o.typdefault),
        'ELEMENT = ' || NULLIF(o.typelem, 0)::regtype::text, 'DELIMITER = ' || quote_literal(o.typdelim::text),
        CASE WHEN o.typcollation <> 0 THEN 'COLLATABLE = true' END))""",
    )
    + " END",
    condition=IS_BASE_TYPE,
)

_RANGE_TYPE = _selected(
    "pg_type",
    "typ",
    _around_type(
        "g.rngcanonical",
        f"""format('CREATE TYPE %I.%I AS RANGE (%s)', n.nspname, o.typname, concat_ws(', ',
        'SUBTYPE = ' || g.rngsubtype::regtype::text,
        (SELECT 'SUBTYPE_OPCLASS = ' || format('%I.%I', cn.nspname, c.opcname) FROM pg_opclass c
            JOIN pg_namespace cn ON cn.oid = c.opcnamespace WHERE c.oid = g.rngsubopc AND NOT c.opcdefault),
        (SELECT 'COLLATION = ' || {_named("pg_collation", "coll", "g.rngcollation")} FROM pg_type s
            WHERE s.oid = g.rngsubtype AND s.typcollation <> g.rngcollation),
        {_function("CANONICAL =", "g.rngcanonical")}, {_function("SUBTYPE_DIFF =", "g.rngsubdiff")}))""",
    ),
    options="jsonb_build_object('multirange', (SELECT m.typname FROM pg_type m WHERE m.oid = g.rngmultitypid))",
    joined="JOIN pg_range g ON g.rngtypid = o.oid",
)

_CAST = _selected(
    "pg_cast",
    "cast",
    """concat_ws(' ', format('CREATE CAST (%s AS %s)', o.castsource::regtype, o.casttarget::regtype),
        CASE o.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || o.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT'
            ELSE 'WITHOUT FUNCTION' END,
        CASE o.castcontext WHEN 'a' THEN 'AS ASSIGNMENT' WHEN 'i' THEN 'AS IMPLICIT' END)""",
    namespace=None,
    name="o.castsource::regtype::text",
    arguments="o.casttarget::regtype::text",
    condition=IS_CAST,
)

_TRANSFORM = _selected(
    "pg_transform",
    "trf",
    """format('CREATE TRANSFORM FOR %s LANGUAGE %I (%s)', o.trftype::regtype,
        (SELECT lanname FROM pg_language WHERE oid = o.trflang), concat_ws(', ',
        'FROM SQL WITH FUNCTION ' || NULLIF(o.trffromsql::oid, 0)::regprocedure::text,
        'TO SQL WITH FUNCTION ' || NULLIF(o.trftosql::oid, 0)::regprocedure::text))""",
    namespace=None,
    name="o.trftype::regtype::text",
    arguments="(SELECT lanname::text FROM pg_language WHERE oid = o.trflang)",
)

_OPERANDS = """concat_ws(', ', COALESCE(NULLIF({left}, 0)::regtype::text, 'NONE'),
        COALESCE(NULLIF({right}, 0)::regtype::text, 'NONE'))"""

# One that is there only because another names it as its commutator or negator has no function, and goes with that one.
_OPERATOR = _selected(
    "pg_operator",
    "opr",
    f"""format('CREATE OPERATOR %I.%s (%s)', n.nspname, o.oprname, concat_ws(', ', 'FUNCTION = ' || o.oprcode,
        'LEFTARG = ' || NULLIF(o.oprleft, 0)::regtype::text, 'RIGHTARG = ' || NULLIF(o.oprright, 0)::regtype::text,
        'COMMUTATOR = ' || {_operator("o.oprcom")}, 'NEGATOR = ' || {_operator("o.oprnegate")},
        {_function("RESTRICT =", "o.oprrest")}, {_function("JOIN =", "o.oprjoin")},
        CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END))""",
    arguments=_OPERANDS.format(left="o.oprleft", right="o.oprright"),
    options=f"""(SELECT jsonb_build_object('placeholders', string_agg(
            format('%I.%s (%s)', sn.nspname, s.oprname,
                {_OPERANDS.format(left="s.oprleft", right="s.oprright")}), ', '))
        FROM pg_operator s JOIN pg_namespace sn ON sn.oid = s.oprnamespace
        WHERE s.oid IN (o.oprcom, o.oprnegate) AND s.oprcode = 0)""",
    condition="o.oprcode <> 0",
)

_OPERATOR_MEMBER = f"""SELECT a.oid, format('OPERATOR %s (%s, %s)', a.amopstrategy, a.amoplefttype::regtype,
            a.amoprighttype::regtype) AS address,
        format('OPERATOR %s %s (%s, %s)', a.amopstrategy, (SELECT format('%I.%s', rn.nspname, r.oprname)
            FROM pg_operator r JOIN pg_namespace rn ON rn.oid = r.oprnamespace WHERE r.oid = a.amopopr),
            a.amoplefttype::regtype, a.amoprighttype::regtype)
            || COALESCE(' FOR ORDER BY ' || {_named("pg_opfamily", "opf", "a.amopsortfamily")}, '') AS member,
        'pg_amop'::regclass AS catalog FROM pg_amop a"""
_FUNCTION_MEMBER = """SELECT a.oid, format('FUNCTION %s (%s, %s)', a.amprocnum, a.amproclefttype::regtype,
            a.amprocrighttype::regtype),
        format('FUNCTION %s (%s, %s) %s', a.amprocnum, a.amproclefttype::regtype, a.amprocrighttype::regtype,
            a.amproc::regprocedure), 'pg_amproc'::regclass FROM pg_amproc a"""


def _members(owner: str) -> str:
    """The operators and functions that are in an operator class, or loose in a family."""
    return f"""({_OPERATOR_MEMBER} UNION ALL {_FUNCTION_MEMBER}) m JOIN pg_depend d ON d.classid = m.catalog
        AND d.objid = m.oid AND d.refclassid = '{owner}'::regclass AND d.refobjid = o.oid"""


_OPERATOR_FAMILY = _selected(
    "pg_opfamily",
    "opf",
    """format('CREATE OPERATOR FAMILY %I.%I USING %I', n.nspname, o.opfname,
        (SELECT amname FROM pg_am WHERE oid = o.opfmethod))""",
    arguments="(SELECT amname::text FROM pg_am WHERE oid = o.opfmethod)",
    options=f"(SELECT json_object_agg(m.address, m.member ORDER BY m.catalog, m.oid) FROM {_members('pg_opfamily')})",
)

_OPERATOR_CLASS = _selected(
    "pg_opclass",
    "opc",
    f"""format('CREATE OPERATOR CLASS %I.%I%s FOR TYPE %s USING %I FAMILY %s AS %s', n.nspname, o.opcname,
        CASE WHEN o.opcdefault THEN ' DEFAULT' ELSE '' END, o.opcintype::regtype,
        (SELECT amname FROM pg_am WHERE oid = o.opcmethod), {_named("pg_opfamily", "opf", "o.opcfamily")},
        COALESCE(NULLIF(concat_ws(', ',
            (SELECT string_agg(m.member, ', ' ORDER BY m.catalog, m.oid) FROM {_members("pg_opclass")}),
            'STORAGE ' || NULLIF(o.opckeytype, 0)::regtype::text), ''), 'STORAGE ' || o.opcintype::regtype))""",
    arguments="(SELECT amname::text FROM pg_am WHERE oid = o.opcmethod)",
)

_TEXT_SEARCH_PARSER = _selected(
    "pg_ts_parser",
    "prs",
    f"""format('CREATE TEXT SEARCH PARSER %I.%I (%s)', n.nspname, o.prsname, concat_ws(', ',
        {_function("START =", "o.prsstart")}, {_function("GETTOKEN =", "o.prstoken")}, {_function("END =", "o.prsend")},
        {_function("HEADLINE =", "o.prsheadline")}, {_function("LEXTYPES =", "o.prslextype")}))""",
)

_TEXT_SEARCH_TEMPLATE = _selected(
    "pg_ts_template",
    "tmpl",
    f"""format('CREATE TEXT SEARCH TEMPLATE %I.%I (%s)', n.nspname, o.tmplname, concat_ws(', ',
        {_function("INIT =", "o.tmplinit")}, {_function("LEXIZE =", "o.tmpllexize")}))""",
)

# What the template is told is kept as a text: `name = 'value', ...`.
_TEXT_SEARCH_DICTIONARY = _selected(
    "pg_ts_dict",
    "dict",
    f"""format('CREATE TEXT SEARCH DICTIONARY %I.%I (TEMPLATE = %s)', n.nspname, o.dictname,
        {_named("pg_ts_template", "tmpl", "o.dicttemplate")})""",
    options=r"""(SELECT json_object_agg(said[1], said[2] ORDER BY number) FROM regexp_matches(o.dictinitoption,
        '("(?:[^"]|"")+"|\w+)\s*=\s*(E?''(?:[^'']|'''')*'')', 'g') WITH ORDINALITY AS found (said, number))""",
)

_TEXT_SEARCH_CONFIGURATION = _selected(
    "pg_ts_config",
    "cfg",
    f"""format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %s)', n.nspname, o.cfgname,
        {_named("pg_ts_parser", "prs", "o.cfgparser")})""",
    options=f"""(SELECT jsonb_object_agg(alias, dictionaries) FROM (
        SELECT k.alias,
            string_agg({_named("pg_ts_dict", "dict", "m.mapdict")}, ', ' ORDER BY m.mapseqno) AS dictionaries
        FROM pg_ts_config_map m JOIN ts_token_type(o.cfgparser) k ON k.tokid = m.maptokentype
        WHERE m.mapcfg = o.oid GROUP BY k.alias) mapping)""",
)

_FOREIGN_DATA_WRAPPER = _selected(
    "pg_foreign_data_wrapper",
    "fdw",
    "format('CREATE FOREIGN DATA WRAPPER %I', o.fdwname)",
    namespace=None,
    options=_options(
        "o.fdwoptions",
        handler="NULLIF(o.fdwhandler, 0)::regproc::text",
        validator="NULLIF(o.fdwvalidator, 0)::regproc::text",
    ),
)

_SERVER = _selected(
    "pg_foreign_server",
    "srv",
    """concat_ws(' ', format('CREATE SERVER %I', o.srvname), 'TYPE ' || quote_literal(o.srvtype),
        format('FOREIGN DATA WRAPPER %I', (SELECT fdwname FROM pg_foreign_data_wrapper WHERE oid = o.srvfdw)))""",
    namespace=None,
    options=_options("o.srvoptions", version="o.srvversion"),
)

# The view shows what the catalog shows to superusers alone, as far as it is for the one who asks.
_HOLDS_SECRET = f"EXISTS (SELECT FROM pg_options_to_table(o.umoptions) WHERE {_SECRET})"
_USER_MAPPING = f"""SELECT o.umid, NULL, o.usename::text, o.srvname::text, NULL, NULL,
        format('CREATE USER MAPPING FOR %s SERVER %I',
            CASE o.umuser WHEN 0 THEN 'public' ELSE quote_ident(o.usename) END, o.srvname), {_options("o.umoptions")}
    FROM pg_user_mappings o WHERE NOT {_HOLDS_SECRET}"""

# The columns stand in the order that they have in the table, which means nothing and is not that of another table with
# the same columns: here they stand in that of their names, behind the first ON that is no part of a name.
_STATISTICS = _selected(
    "pg_statistic_ext",
    "stx",
    "start || overlay(said PLACING by_name FROM strpos(said, ' ON ') + 4 FOR length(by_number))",
    table="stxrelid",
    options="jsonb_build_object('statistics', NULLIF(o.stxstattarget, -1))",
    joined="""CROSS JOIN LATERAL (SELECT format('CREATE STATISTICS %I.%I', n.nspname, o.stxname) AS start) made
        CROSS JOIN LATERAL (SELECT substr(pg_get_statisticsobjdef(o.oid), length(start) + 1) AS said,
            COALESCE(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), '') AS by_number,
            COALESCE(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C"), '') AS by_name
            FROM pg_attribute a WHERE a.attrelid = o.stxrelid AND a.attnum = ANY (o.stxkeys)) columns""",
)

# Columns of newer versions are found by their names.
_PUBLICATION = _selected(
    "pg_publication",
    "pub",
    "format('CREATE PUBLICATION %I%s', o.pubname, CASE WHEN o.puballtables THEN ' FOR ALL TABLES' ELSE '' END)",
    namespace=None,
    options="""(SELECT json_object_agg(name, value ORDER BY number) FROM (
        SELECT 0 AS number, name, value FROM jsonb_each(jsonb_strip_nulls(jsonb_build_object(
            'publish', CASE WHEN o.pubinsert AND o.pubupdate AND o.pubdelete AND o.pubtruncate THEN NULL
                ELSE concat_ws(', ',
                CASE WHEN o.pubinsert THEN 'insert' END, CASE WHEN o.pubupdate THEN 'update' END,
                CASE WHEN o.pubdelete THEN 'delete' END, CASE WHEN o.pubtruncate THEN 'truncate' END) END,
            'publish_via_partition_root', NULLIF(o.pubviaroot, false),
            'publish_generated_columns', CASE to_jsonb(o) ->> 'pubgencols' WHEN 's' THEN 'stored' END)))
            AS setting (name, value)
        UNION ALL SELECT r.oid::bigint, format('TABLE ONLY %I.%I', tn.nspname, t.relname), to_jsonb(concat_ws(' ',
            (SELECT '(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C") || ')'
                FROM pg_attribute a
                WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)),
            'WHERE ' || pg_get_expr(r.prqual, r.prrelid)))
            FROM pg_publication_rel r JOIN pg_class t ON t.oid = r.prrelid
            JOIN pg_namespace tn ON tn.oid = t.relnamespace WHERE r.prpubid = o.oid
        UNION ALL SELECT r.oid::bigint, format('TABLES IN SCHEMA %I', pn.nspname), '""'
            FROM pg_publication_namespace r JOIN pg_namespace pn ON pn.oid = r.pnnspid
            WHERE r.pnpubid = o.oid) said)""",
)

# One that connects with a password is left alone.
_SUBSCRIPTION = """SELECT o.oid, NULL, o.subname::text, '', NULL, NULL,
        format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %s WITH (%s)', o.subname, o.subconninfo,
            (SELECT string_agg(quote_ident(name), ', ') FROM unnest(o.subpublications) name),
            concat_ws(', ', 'connect = false', 'slot_name = ' || COALESCE(quote_literal(o.subslotname), 'NONE'),
                CASE WHEN o.subbinary THEN 'binary = true' END,
                'streaming = ' || CASE o.substream::text WHEN 'p' THEN 'parallel' WHEN 't' THEN 'on'
                    WHEN 'true' THEN 'on' ELSE 'off' END,
                CASE WHEN o.subsynccommit <> 'off' THEN 'synchronous_commit = ' || quote_literal(o.subsynccommit) END,
                CASE WHEN o.subtwophasestate <> 'd' THEN 'two_phase = true' END,
                CASE WHEN o.subdisableonerr THEN 'disable_on_error = true' END,
                CASE WHEN to_jsonb(o) ->> 'suborigin' <> 'any' THEN 'origin = none' END)),
        jsonb_build_object('enabled', NULLIF(o.subenabled, false))
    FROM pg_subscription o WHERE o.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND o.subconninfo !~* 'pass'"""

_EVENT_TRIGGER = _selected(
    "pg_event_trigger",
    "evt",
    """concat_ws(' ', format('CREATE EVENT TRIGGER %I ON %s', o.evtname, o.evtevent),
        (SELECT 'WHEN TAG IN (' || string_agg(quote_literal(tag), ', ') || ')' FROM unnest(o.evttags) tag),
        'EXECUTE FUNCTION ' || o.evtfoid::regprocedure)""",
    namespace=None,
    options="""jsonb_build_object('enabled', CASE o.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
        WHEN 'A' THEN 'always' END)""",
)

DEFINITIONS = {
    Kind.LANGUAGE: _LANGUAGE,
    Kind.ACCESS_METHOD: _ACCESS_METHOD,
    Kind.COLLATION: _COLLATION,
    Kind.CONVERSION: _CONVERSION,
    Kind.BASE_TYPE: _BASE_TYPE,
    Kind.RANGE_TYPE: _RANGE_TYPE,
    Kind.CAST: _CAST,
    Kind.TRANSFORM: _TRANSFORM,
    Kind.OPERATOR: _OPERATOR,
    Kind.OPERATOR_FAMILY: _OPERATOR_FAMILY,
    Kind.OPERATOR_CLASS: _OPERATOR_CLASS,
    Kind.TEXT_SEARCH_PARSER: _TEXT_SEARCH_PARSER,
    Kind.TEXT_SEARCH_TEMPLATE: _TEXT_SEARCH_TEMPLATE,
    Kind.TEXT_SEARCH_DICTIONARY: _TEXT_SEARCH_DICTIONARY,
    Kind.TEXT_SEARCH_CONFIGURATION: _TEXT_SEARCH_CONFIGURATION,
    Kind.FOREIGN_DATA_WRAPPER: _FOREIGN_DATA_WRAPPER,
    Kind.SERVER: _SERVER,
    Kind.USER_MAPPING: _USER_MAPPING,
    Kind.STATISTICS: _STATISTICS,
    Kind.PUBLICATION: _PUBLICATION,
    Kind.SUBSCRIPTION: _SUBSCRIPTION,
    Kind.EVENT_TRIGGER: _EVENT_TRIGGER,
}
