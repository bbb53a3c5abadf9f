"""The catalog queries of an inspection: one for each kind of object, to be joined in Python.

https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

from collections.abc import Iterator

from querynl.dialects.bookkeeping import OWN_TABLE
from querynl.dialects.postgresql.spelling import STANDARD_COMMENT

# The first OID that a user's object can have (FirstNormalObjectId).
FIRST_USER_OID = 16384

_USER_NAMESPACE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def own(catalog: str, oid: str) -> str:
    """A condition: the object was not made by an extension."""
    return f"""NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '{catalog}'::regclass
        AND member.objid = {oid} AND member.deptype = 'e')"""


# A namespace for QueryNL's own tables and nothing else was made for them.
_NO_HISTORY = f"""(n.nspname = 'public'
        OR NOT EXISTS (SELECT FROM pg_class o WHERE o.relnamespace = n.oid AND o.relname ~ '^{OWN_TABLE}$')
        OR EXISTS (SELECT FROM pg_class o WHERE o.relnamespace = n.oid AND o.relkind NOT IN ('i', 't')
            AND o.relname !~ '^{OWN_TABLE}$')
        OR EXISTS (SELECT FROM pg_proc o WHERE o.pronamespace = n.oid)
        OR EXISTS (SELECT FROM pg_type o WHERE o.typnamespace = n.oid AND o.typtype IN ('d', 'e', 'r')))"""

SETTINGS = "SELECT current_setting('server_version_num')::int, {current}"

# The namespace that is always there is an object of the schema where something is said of it.
NAMESPACES = f"""
    SELECT n.oid, n.nspname FROM pg_namespace n
    WHERE {_USER_NAMESPACE} AND {own("pg_namespace", "n.oid")} AND {_NO_HISTORY} AND (n.nspname <> 'public'
        OR obj_description(n.oid, 'pg_namespace') <> '{STANDARD_COMMENT}')"""

EXTENSIONS = """
    SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname <> 'plpgsql'"""

ENUMS = f"""
    SELECT t.oid, n.nspname, t.typname,
        ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND {_USER_NAMESPACE} AND {own("pg_type", "t.oid")}"""

DOMAINS = f"""
    SELECT t.oid, n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
        pg_get_expr(t.typdefaultbin, 'pg_type'::regclass),
        CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation END
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
    WHERE t.typtype = 'd' AND {_USER_NAMESPACE} AND {own("pg_type", "t.oid")}"""

DOMAIN_CHECKS = """
    SELECT k.oid, k.contypid, k.conname, pg_get_expr(k.conbin, 0), k.convalidated
    FROM pg_constraint k WHERE k.contypid <> 0 AND k.contype = 'c'"""

# A row for each attribute, and one for a type that has none.
COMPOSITE_TYPES = f"""
    SELECT t.oid, c.oid, n.nspname, t.typname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> at.typcollation THEN a.attcollation END
    FROM pg_class c JOIN pg_type t ON t.oid = c.reltype JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type at ON at.oid = a.atttypid
    WHERE c.relkind = 'c' AND {_USER_NAMESPACE} AND {own("pg_type", "t.oid")} AND {own("pg_class", "c.oid")}
    ORDER BY t.oid, a.attnum"""

RELATIONS = f"""
    SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relpersistence = 'u',
        c.reloptions, toast.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
        CASE WHEN a.amname <> 'heap' THEN a.amname END, s.spcname, c.relispopulated,
        CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, pg_get_expr(c.relpartbound, c.oid),
        ARRAY(SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno),
        CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, fs.srvname, f.ftoptions,
        CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server fs ON fs.oid = f.ftserver
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid AND toast.reloptions IS NOT NULL
    LEFT JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_USER_NAMESPACE} AND {own("pg_class", "c.oid")}"""

# The type is that of an array's elements, so that an array of an enum is found to need the enum.
COLUMNS = f"""
    SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END,
        a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
        CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation END,
        CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
        a.attcompression::text, NULLIF(a.attstattarget, -1), a.attoptions, a.attfdwoptions, a.attislocal
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND {_USER_NAMESPACE}
    ORDER BY a.attrelid, a.attnum"""

# Since version 18 NOT NULL is a constraint; what stands here is what a plain NOT NULL would not have made.
NOT_NULLS = f"""
    SELECT k.conrelid, k.conkey[1], CASE WHEN k.conislocal AND k.conname !~ '_not_null[0-9]*$' THEN k.conname END,
        NOT k.convalidated, k.connoinherit
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.contype = 'n' AND k.conrelid <> 0 AND {_USER_NAMESPACE}
        AND (k.conname !~ '_not_null[0-9]*$' OR NOT k.convalidated OR k.connoinherit)"""

# {enforced} and {period} are columns of version 18.
CONSTRAINTS = f"""
    SELECT k.oid, k.conrelid, k.conname, k.contype::text, k.conkey, k.confrelid, k.confkey,
        k.confdeltype::text, k.confupdtype::text, k.confmatchtype::text, k.confdelsetcols,
        k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, {{enforced}}, {{period}},
        CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END, tn.nspname, tc.relname,
        i.indkey::int2[], i.indnkeyatts, i.indnullsnotdistinct, x.reloptions, s.spcname,
        i.indisreplident, i.indisclustered, NOT i.indisvalid AND x.relkind = 'I',
        i.indexrelid, a.amname, pg_get_expr(i.indpred, i.indrelid),
        ARRAY(SELECT CASE WHEN pg_operator_is_visible(o.oid) THEN o.oprname
                ELSE format('OPERATOR(%I.%s)', opn.nspname, o.oprname) END
            FROM unnest(k.conexclop) WITH ORDINALITY AS used (operator, number)
            JOIN pg_operator o ON o.oid = used.operator JOIN pg_namespace opn ON opn.oid = o.oprnamespace
            ORDER BY used.number)
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    LEFT JOIN pg_class tc ON tc.oid = k.confrelid LEFT JOIN pg_namespace tn ON tn.oid = tc.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_am a ON a.oid = x.relam
    LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
    WHERE k.conrelid <> 0 AND k.contype IN ('p', 'u', 'f', 'c', 'x')
        AND (k.conislocal AND k.coninhcount = 0 OR k.contype IN ('p', 'u', 'x')) AND {_USER_NAMESPACE}"""

INDEXES = f"""
    SELECT i.indexrelid, i.indrelid, c.relname, a.amname, i.indisunique, i.indnullsnotdistinct, i.indnkeyatts,
        pg_get_expr(i.indpred, i.indrelid), c.reloptions, s.spcname, i.indisvalid OR c.relkind = 'I',
        i.indisreplident, i.indisclustered, NOT i.indisvalid AND c.relkind = 'I'
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    WHERE {_USER_NAMESPACE}
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))"""

# The index of a partition, and that of its partitioned table which it is a part of.
ATTACHED_INDEXES = """
    SELECT h.inhrelid, h.inhparent FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
    WHERE c.relkind IN ('i', 'I')"""

# Bit 1 of an option is DESC, bit 2 is NULLS FIRST.
INDEX_KEYS = f"""
    SELECT i.indexrelid, key.number, ta.attname,
        CASE WHEN key.attnum = 0 THEN pg_get_indexdef(i.indexrelid, key.number::int, false) END,
        CASE WHEN NOT o.opcdefault OR ia.attoptions IS NOT NULL THEN
            CASE WHEN pg_opclass_is_visible(o.oid) THEN quote_ident(o.opcname)
            ELSE format('%I.%I', opn.nspname, o.opcname) END END,
        ia.attoptions,
        CASE WHEN key.collated <> 0 AND key.collated <> COALESCE(ta.attcollation, ty.typcollation)
            THEN key.collated END,
        key.option
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
        WITH ORDINALITY AS key (attnum, opclass, collated, option, number)
    LEFT JOIN pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = key.attnum AND key.attnum <> 0
    LEFT JOIN pg_opclass o ON o.oid = key.opclass LEFT JOIN pg_namespace opn ON opn.oid = o.opcnamespace
    LEFT JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = key.number
    LEFT JOIN pg_type ty ON ty.oid = ia.atttypid
    WHERE {_USER_NAMESPACE}
    ORDER BY i.indexrelid, key.number"""

# Only what differs from its type's own collation is looked up here.
COLLATIONS = f"""
    SELECT c.oid, c.collname, n.nspname, pg_collation_is_visible(c.oid)
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
    WHERE c.oid IN (SELECT attcollation FROM pg_attribute WHERE attrelid >= {FIRST_USER_OID})
        OR c.oid IN (SELECT typcollation FROM pg_type WHERE oid >= {FIRST_USER_OID})"""

SEQUENCES = f"""
    SELECT c.oid, n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
        s.seqcache, s.seqcycle, c.relpersistence = 'u', d.deptype::text, d.refobjid, d.refobjsubid
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    WHERE {_USER_NAMESPACE} AND {own("pg_class", "c.oid")}"""

# Whether the function p works on a type that is defined by it in turn, as the input of a base type does.
OWN_FUNCTION_OF_TYPE = """EXISTS (SELECT FROM pg_depend its JOIN pg_type t ON t.oid = its.refobjid
        JOIN pg_depend back ON back.classid = 'pg_type'::regclass AND back.objid = t.oid
            AND back.refclassid = 'pg_proc'::regclass AND back.refobjid = its.objid
        WHERE its.classid = 'pg_proc'::regclass AND its.objid = p.oid AND its.refclassid = 'pg_type'::regclass
            AND t.typtype IN ('b', 'r'))"""

# A range type's constructors belong to it ('i'). Only a body in SQL that is kept as text is read. The connection's own
# namespace is named where a built-in function of that name comes first.
ROUTINES = f"""
    SELECT p.oid, CASE WHEN n.nspname <> 'public' OR NOT pg_function_is_visible(p.oid) THEN n.nspname END,
        p.proname, p.prokind::text,
        CASE WHEN p.prokind = 'a' THEN pg_get_function_identity_arguments(p.oid)
            ELSE oidvectortypes(p.proargtypes) END,
        CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
        CASE WHEN l.lanname = 'sql' AND p.prosqlbody IS NULL THEN p.prosrc END
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE {_USER_NAMESPACE} AND NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = 'pg_proc'::regclass
        AND member.objid = p.oid AND member.deptype IN ('e', 'i')) AND NOT {OWN_FUNCTION_OF_TYPE}"""

# The plain half of an aggregate, then its moving half.
AGGREGATES = f"""
    SELECT a.aggfnoid::oid, pg_get_function_arguments(a.aggfnoid), a.aggkind::text,
        a.aggtransfn::regproc::text, a.aggtranstype::regtype::text, NULLIF(a.aggtransspace, 0),
        NULLIF(a.aggfinalfn::oid, 0)::regproc::text, a.aggfinalextra, a.aggfinalmodify::text,
        NULLIF(a.aggcombinefn::oid, 0)::regproc::text, NULLIF(a.aggserialfn::oid, 0)::regproc::text,
        NULLIF(a.aggdeserialfn::oid, 0)::regproc::text, a.agginitval,
        NULLIF(a.aggmtransfn::oid, 0)::regproc::text, NULLIF(a.aggminvtransfn::oid, 0)::regproc::text,
        NULLIF(a.aggmtranstype, 0)::regtype::text, NULLIF(a.aggmtransspace, 0),
        NULLIF(a.aggmfinalfn::oid, 0)::regproc::text, a.aggmfinalextra, a.aggmfinalmodify::text, a.aggminitval,
        CASE WHEN o.oid IS NOT NULL THEN format('OPERATOR(%I.%s)', opn.nspname, o.oprname) END, p.proparallel::text
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
    LEFT JOIN pg_operator o ON o.oid = a.aggsortop LEFT JOIN pg_namespace opn ON opn.oid = o.oprnamespace
    WHERE p.oid >= {FIRST_USER_OID}"""

TRIGGERS = f"""
    SELECT t.oid, n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid, true), t.tgenabled::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relkind IN ('r', 'p', 'v', 'f')
        AND {_USER_NAMESPACE} AND {own("pg_trigger", "t.oid")} AND {own("pg_class", "c.oid")}"""

RULES = f"""
    SELECT r.oid, n.nspname, c.relname, r.rulename, pg_get_ruledef(r.oid, true), r.ev_enabled::text
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND {_USER_NAMESPACE} AND {own("pg_class", "c.oid")}"""

POLICIES = f"""
    SELECT p.oid, n.nspname, c.relname, p.polname, p.polcmd::text, p.polpermissive,
        ARRAY(SELECT CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END
            FROM unnest(p.polroles) r ORDER BY 1),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_USER_NAMESPACE} AND {own("pg_class", "c.oid")}"""

# What objects but tables and their parts need; a view through its rule, a domain through its checks. An array's type
# stands for its elements', a row's type for its table, a multirange type for its range type.
DEPENDENCIES = f"""
    SELECT CASE WHEN r.rulename = '_RETURN' THEN 'pg_class'::regclass::int ELSE d.classid::int END,
        CASE WHEN r.rulename = '_RETURN' THEN r.ev_class ELSE d.objid END, d.refclassid::int,
        COALESCE(g.rngtypid, e.oid, d.refobjid), d.refobjsubid, COALESCE(NULLIF(e.typrelid, 0), NULLIF(t.typrelid, 0))
    FROM pg_depend d
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
    LEFT JOIN pg_range g ON g.rngmultitypid = COALESCE(e.oid, t.oid)
    WHERE d.refobjid >= {FIRST_USER_OID} AND d.deptype IN ('n', 'a')
        AND d.classid NOT IN ('pg_class'::regclass, 'pg_attrdef'::regclass)
        AND (d.classid <> 'pg_constraint'::regclass OR EXISTS (
            SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.contypid <> 0))"""

VIEW_DEFAULTS = f"""
    SELECT d.adrelid, a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
    JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE c.relkind = 'v' AND {_USER_NAMESPACE} ORDER BY a.attname"""

# What the members of operator classes and families, and of publications, need on behalf of those.
MEMBERS_NEED = f"""
    SELECT o.refclassid::int, o.refobjid, d.refclassid::int, d.refobjid, d.refobjsubid, NULL
    FROM pg_depend d JOIN pg_depend o ON o.classid = d.classid AND o.objid = d.objid
    WHERE o.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_publication'::regclass)
        AND d.refclassid <> o.refclassid AND d.refobjid >= {FIRST_USER_OID}
        AND d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass, 'pg_publication_rel'::regclass,
            'pg_publication_namespace'::regclass)"""

# A column's name is there for views alone; columns of tables are known by their numbers.
COMMENTS = f"""
    SELECT d.classoid::int, d.objoid, d.objsubid, d.description, a.attname FROM pg_description d
    LEFT JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass AND c.relkind IN ('v', 'm')
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE (d.objoid >= {FIRST_USER_OID} OR d.classoid = 'pg_namespace'::regclass)
        AND d.classoid <> 'pg_extension'::regclass"""


# The catalogs whose objects are known by their statements and have owners: their columns' prefix, and what
# acldefault() calls their kind if they have an ACL.
_DEFINED_AND_OWNED = {
    "pg_collation": ("coll", None),
    "pg_conversion": ("con", None),
    "pg_event_trigger": ("evt", None),
    "pg_foreign_data_wrapper": ("fdw", "F"),
    "pg_foreign_server": ("srv", "S"),
    "pg_language": ("lan", "l"),
    "pg_opclass": ("opc", None),
    "pg_operator": ("opr", None),
    "pg_opfamily": ("opf", None),
    "pg_publication": ("pub", None),
    "pg_statistic_ext": ("stx", None),
    "pg_subscription": ("sub", None),
    "pg_ts_config": ("cfg", None),
    "pg_ts_dict": ("dict", None),
}


def _defined_and_owned() -> Iterator[str]:
    for catalog, (prefix, kind) in _DEFINED_AND_OWNED.items():
        acl = "NULL" if kind is None else f"o.{prefix}acl"
        yield f"""UNION ALL
    SELECT '{catalog}'::regclass::int, o.oid, o.{prefix}owner, {acl}, '{kind or "-"}', false
    FROM {catalog} o WHERE o.oid >= {FIRST_USER_OID}
    """


# Everything that has an owner, and an ACL if its kind has one. A sequence that serves a column has the owner of the
# column's table.
_OWNED = f"""
    SELECT 'pg_class'::regclass::int AS catalog, c.oid, c.relowner AS owner, c.relacl AS acl,
        CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END AS kind, EXISTS (
            SELECT FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) AS is_tied
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_USER_NAMESPACE}
    UNION ALL
    SELECT 'pg_type'::regclass::int, t.oid, t.typowner, t.typacl, 'T', false
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c'
        OR (t.typtype = 'b' OR NOT t.typisdefined) AND t.typcategory <> 'A') AND {_USER_NAMESPACE}
    UNION ALL
    SELECT 'pg_proc'::regclass::int, p.oid, p.proowner, p.proacl, 'f', false
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_USER_NAMESPACE}
    UNION ALL
    SELECT 'pg_namespace'::regclass::int, n.oid, n.nspowner, n.nspacl, 'n', false
    FROM pg_namespace n WHERE {_USER_NAMESPACE}
    {"".join(_defined_and_owned())}"""

# The namespace public is the database owner's, whoever that is, unless it was given away.
OWNERS = f"""
    SELECT o.catalog, o.oid, pg_get_userbyid(o.owner)::text FROM ({_OWNED}) o
    WHERE pg_get_userbyid(o.owner) <> CASE WHEN o.catalog = 'pg_namespace'::regclass::int
        AND o.oid = 'public'::regnamespace THEN 'pg_database_owner' ELSE current_user END AND NOT o.is_tied"""

# NULL is the owner, so that what is said of it stays true when another role becomes the owner.
_GRANTEE = "CASE e.grantee WHEN {owner} THEN NULL WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee)::text END"

# The entries of each ACL that was ever touched, and beside them those that are built in.
GRANTS = f"""
    SELECT o.catalog, o.oid, o.number, o.attname, {_GRANTEE.format(owner="o.owner")} AS role, e.built_in,
        e.privilege_type, e.is_grantable
    FROM (
        SELECT catalog, oid, 0 AS number, NULL::text AS attname, owner, acl, CASE
            WHEN catalog = 'pg_namespace'::regclass::int AND oid = 'public'::regnamespace THEN
                COALESCE((SELECT i.initprivs FROM pg_init_privs i WHERE i.classoid = 'pg_namespace'::regclass
                    AND i.objoid = oid AND owner = 'pg_database_owner'::regrole),
                    acldefault('n', owner) || makeaclitem(0, owner, 'USAGE', false))
            ELSE acldefault(kind::"char", owner) END AS built_in
        FROM ({_OWNED}) owned WHERE acl IS NOT NULL
        UNION ALL
        SELECT 'pg_class'::regclass::int, c.oid, a.attnum, a.attname, c.relowner, a.attacl, NULL
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND {_USER_NAMESPACE}
    ) o CROSS JOIN LATERAL (
        SELECT false AS built_in, * FROM aclexplode(o.acl) UNION ALL SELECT true, * FROM aclexplode(o.built_in)
    ) e
    ORDER BY 1, 2, 3, 5"""

# What is said of all namespaces starts from what is built in; what is said of one is added to that.
DEFAULT_PRIVILEGES = f"""
    SELECT CASE WHEN pg_get_userbyid(d.defaclrole) <> current_user THEN pg_get_userbyid(d.defaclrole)::text END,
        n.nspname, d.defaclobjtype::text, {_GRANTEE.format(owner="d.defaclrole")} AS role, e.built_in,
        e.privilege_type, e.is_grantable
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    CROSS JOIN LATERAL (
        SELECT false AS built_in, * FROM aclexplode(d.defaclacl) UNION ALL
        SELECT true, * FROM aclexplode(acldefault(
            CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) WHERE n.oid IS NULL
    ) e
    ORDER BY 1, 2, 3, 4"""

ALL_NAMESPACES = f"""
    SELECT n.oid, n.nspname FROM pg_namespace n
    WHERE {_USER_NAMESPACE} AND {_NO_HISTORY} AND (n.nspname = 'public' OR {own("pg_namespace", "n.oid")})"""

# A shell, which waits for its input and output, counts; the type of an array does not.
IS_BASE_TYPE = """(o.typtype = 'b' OR NOT o.typisdefined)
        AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = o.oid)"""
# A range type brings one of its own.
IS_CAST = """NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = o.oid
        AND d.deptype = 'i')"""


def _counted(kind: str, catalog: str, condition: str = "true") -> str:
    return f"""SELECT '{kind}', count(*) FROM {catalog} o
        WHERE o.oid >= {FIRST_USER_OID} AND ({condition}) AND {own(catalog, "o.oid")}"""


# How many there are of each kind that few databases have any of, and of what is left alone. What a subscription
# connects to is not for every role to read.
CENSUS = " UNION ALL ".join(
    [
        _counted("access method", "pg_am"),
        _counted("base type", "pg_type", IS_BASE_TYPE),
        _counted("cast", "pg_cast", IS_CAST),
        _counted("collation", "pg_collation"),
        _counted("conversion", "pg_conversion"),
        _counted("event trigger", "pg_event_trigger"),
        _counted("foreign data wrapper", "pg_foreign_data_wrapper"),
        _counted("server", "pg_foreign_server"),
        _counted("language", "pg_language"),
        _counted("operator class", "pg_opclass"),
        _counted("operator family", "pg_opfamily"),
        _counted("operator", "pg_operator", "o.oprcode <> 0"),
        _counted("publication", "pg_publication"),
        _counted("range type", "pg_type", "o.typtype = 'r'"),
        _counted("statistics", "pg_statistic_ext"),
        _counted("text search configuration", "pg_ts_config"),
        _counted("text search dictionary", "pg_ts_dict"),
        _counted("text search parser", "pg_ts_parser"),
        _counted("text search template", "pg_ts_template"),
        _counted("transform", "pg_transform"),
        "SELECT 'user mapping', count(*) FROM pg_user_mappings",
        """SELECT CASE WHEN has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') THEN 'subscription'
            ELSE 'unreadable subscription' END, count(*) FROM pg_subscription o
        WHERE o.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())""",
    ]
)
