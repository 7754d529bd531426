"""Query trees as PostgreSQL 15 and 18 write them, and the ids in them."""

from __future__ import annotations

import pytest

from pgmcp.adapters.postgres.resolving.tree import Mentions, Note, Touch, mentions
from tests.fixtures.walked import cases

# SELECT id, 'person'::regclass AS "a} {b" FROM person AS ":securityQuals" WHERE name = $1, on each version.
ON_15 = r"""({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <>
:rtable ({RANGETBLENTRY :alias {ALIAS :aliasname :securityQuals :colnames <>} :eref {ALIAS :aliasname
:securityQuals :colnames ("id" "name" "x\ \)")} :rtekind 0 :relid 16734 :relkind r
:rellockmode 2 :tablesample <> :lateral false :inh true :inFromCl true
:requiredPerms 2 :checkAsUser 0 :selectedCols (b 8
9) :insertedCols (b) :updatedCols (b) :extraUpdatedCols (b) :securityQuals <>}) :jointree {FROMEXPR
:fromlist ({RANGETBLREF :rtindex 1}) :quals {OPEXPR :opno 98 :opfuncid 67 :opresulttype 16 :args ({VAR
:varno 1 :vartype 25 :location 41} {PARAM :paramtype 25 :location 48}) :location 46}} :targetList ({TARGETENTRY
:expr {VAR :varno 1 :varattno 1 :vartype 23 :location 7} :resno 1 :resname id :resjunk false}
{TARGETENTRY :expr {CONST :consttype 2205 :constlen 4
:constbyval true :constisnull false :location 11 :constvalue 4 [ 94 65 0 0 0
0 0 0 ]} :resno 2 :resname a\}\ \{b :resjunk false}) :withCheckOptions <>
:mergeActionList <> :stmt_location 0 :stmt_len 0})"""
ON_18 = r"""({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <>
:rtable ({RANGETBLENTRY :alias {ALIAS :aliasname :securityQuals :colnames <>} :eref {ALIAS :aliasname
:securityQuals :colnames ("id" "name" "x\ \)")} :rtekind 0 :relid 16734 :inh true :relkind r :perminfoindex 1
:tablesample <> :securityQuals <>}) :rteperminfos ({RTEPERMISSIONINFO :relid
16734 :inh true :requiredPerms 2 :checkAsUser 0 :selectedCols (b 8 9)
:insertedCols (b) :updatedCols (b)}) :jointree {FROMEXPR :fromlist
({RANGETBLREF :rtindex 1}) :quals {OPEXPR :opno 98 :opfuncid 67 :opresulttype 16 :args ({VAR
:varno 1 :vartype 25 :varnullingrels (b) :location 41} {PARAM :paramtype 25 :location 48}) :location 46}}
:mergeActionList <> :mergeTargetRelation 0 :targetList ({TARGETENTRY :expr {VAR :varno 1
:varattno 1 :vartype 23 :location 7} :resno 1 :resname id :resjunk false}
{TARGETENTRY :expr {CONST :consttype 2205 :constlen 4
:constbyval true :constisnull false :location 11 :constvalue 4 [
94 65 0 0 0 0 0 0 ]} :resno 2 :resname a\}\ \{b :resjunk false}) :withCheckOptions <> :stmt_location 0
:stmt_len 0})"""


@pytest.mark.parametrize("tree", [pytest.param(ON_15, id="15"), pytest.param(ON_18, id="18")])
def test_a_tree_of_each_version(tree: str) -> None:
    """The same ids from both, wherever lines break and whatever names look like."""
    assert mentions(tree) == Mentions(
        relations={16734: Touch(perms=2, columns={1, 2})}, named={16734}, functions={67: 46}, commands={1}
    )


@cases(
    "tree, expected",
    [
        pytest.param(
            "({QUERY :commandType 1 :hasRowSecurity true :rtable ({RANGETBLENTRY :relid 20000 :requiredPerms 2"
            " :securityQuals"
            " ({OPEXPR :opfuncid 20001 :args ({SUBLINK :subselect {QUERY :commandType 1 :rtable ({RANGETBLENTRY"
            r" :eref {ALIAS :aliasname \)\}} :relid 20002})}})}) :selectedCols (b 8)})"
            " :withCheckOptions ({WITHCHECKOPTION :qual {FUNCEXPR :funcid 20003}}) :mergeActionList <>})",
            Mentions(relations={20000: Touch(perms=2, columns={1})}, commands={1}, notes={Note.SHIELDED}),
            id="row security and check options are passed over, and noted",
        ),
        pytest.param(
            "({QUERY :commandType 2 :hasRowSecurity false :rtable ({RANGETBLENTRY :relid 20000 :requiredPerms 4"
            " :securityQuals ({SUBLINK :subselect {QUERY :commandType 1 :rtable ({RANGETBLENTRY :relid 20002"
            " :requiredPerms 2})}})})})",
            Mentions(relations={20000: Touch(perms=4), 20002: Touch(perms=2)}, commands={1, 2}),
            id="a view's own conditions are not",
        ),
        pytest.param(
            "({QUERY :commandType 3 :targetList ({NEXTVALUEEXPR :seqid 20000 :typeId 23})})",
            Mentions(relations={20000: Touch(perms=4)}, commands={3}, unsteady={"NEXTVALUEEXPR"}),
            id="an identity's sequence",
        ),
        pytest.param(
            "({ROWCOMPAREEXPR :cmptype 1 :opnos (o 97 20000) :opfamilies (o 1976 20001)}"
            " {SORTGROUPCLAUSE :eqop 96 :sortop 20002} {WINDOWCLAUSE :startInRangeFunc 20003 :endInRangeFunc 0})",
            Mentions(operators={20000, 20002}, functions={20003: -1}),
            id="operators without their functions",
        ),
        pytest.param(
            "({TABLEFUNC :coltypes (o 23 20000)} {VAR :vartype 20009} {AGGREF :aggfnoid 20001 :aggtype 20002"
            " :aggargtypes (o 20003) :location 7} {JSONRETURNING :typid 20004} {ROWEXPR :row_typeid 20005}"
            " {COERCETODOMAIN :resulttype 20006 :location 70})",
            Mentions(
                types={20000, *range(20002, 20007)}, functions={20001: 7}, carried={20009}, unsteady={"TABLEFUNC"}
            ),
            id="types under each of their names",
        ),
        pytest.param(
            "({CONST :consttype 2205 :location -1 :constvalue 4 [ 94 65 0 0 0 0 0 0 ]}"
            " {CONST :consttype 25 :location 5 :constvalue 5 [ 20 0 0 0 -65 ]})",
            Mentions(),
            id="constants that the caller didn't write, and others",
        ),
        pytest.param(
            "({RELABELTYPE :arg {VAR :varattno 1 :vartype 26} :resulttype 2205} {RELABELTYPE :arg {VAR :varattno -6"
            " :vartype 26} :resulttype 2205} {FUNCEXPR :funcid 1619 :funcresulttype 2206 :location 3} {PARAM"
            " :paramtype 4096} {VAR :vartype 2206} {CONST :consttype 24 :location 9 :constvalue 4 [ 1 0 0 0 ]}"
            " {CONST :consttype 2206 :location 9 :constvalue 4 [ 23 0 0 0 ]} {CONST :consttype 3734 :location 9"
            " :constvalue 4 [ 1 0 0 0 ]} {CONST :consttype 2206 :location 9 :constvalue 4 [ 32 78 0 0 ]})",
            Mentions(functions={1619: 3}, types={20000}, naming={2205, 4096, 24}, notes={Note.TABLE_NAMED}),
            id="ids that become names",
        ),
        pytest.param("", Mentions(), id="nothing"),
        pytest.param("}}} {QUERY :commandType", Mentions(), id="no tree"),
    ],
)
def test_what_counts_in_a_tree(tree: str, expected: Mentions) -> None:
    """Each form of node that names something of the catalogue."""
    assert mentions(tree) == expected


def test_trees_add_up() -> None:
    """A statement that came with several trees uses what is in any of them."""
    found = mentions("({QUERY :commandType 1 :x {FUNCEXPR :funcid 20000 :location 3}})")
    mentions("({QUERY :commandType 2 :x {FUNCEXPR :funcid 20000 :location -1}})", found)
    assert found == Mentions(functions={20000: 3}, commands={1, 2})
