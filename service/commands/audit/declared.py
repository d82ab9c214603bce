"""What `sql/` declares of access, read from its statements without a database.

The files are disciplined (CONTRIBUTING.md, A policy): grants by role and column, policies with a
comment that begins with the name of their form. Statements are taken in their order, so that the
script of a release says what it leaves behind.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from service.commands.audit.statements import inside, parts, statements

ANYBODY = "public"
_TYPES = {
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "int": "integer",
    "bool": "boolean",
}
_GRANT = re.compile(
    r"(grant|revoke) (.+?) on (?:(table|schema|function|database) )?(.+) (?:to|from) ([\w%, ]+)$",
    re.DOTALL,
)
_POLICY = re.compile(r"create policy (\w+) on (\S+) for (\w+) to ([\w, ]+?) (using|with check) \(")
_COMMENT = re.compile(r"comment on policy (\w+) on (\S+) is '((?:[^']|'')*)'")
_DROP_POLICY = re.compile(r"drop policy (?:if exists )?(\w+) on (\S+)")
_DROP = re.compile(r"drop (table|function) (?:if exists )?(.+?)(?: cascade)?$", re.DOTALL)
_FUNCTION = re.compile(r"create (?:or replace )?function (\w+\.\w+)\(")
_VIEW = re.compile(r"create (?:or replace )?view (\w+\.\w+)")
_ROLE = re.compile(r"set (?:local )?role (\w+)|reset role")
_LOOP = re.compile(r"for \w+ in (\d+) ?\.\. ?(\d+) loop")
_MADE_BY_LOOP = re.compile(r"execute format\('((?:grant|revoke) [^']*)'")
_ROLES = re.compile(r"v_roles constant text\[\] := array\[(.*?)\]", re.DOTALL)
# What PostgreSQL grants everybody on a new database.
_AT_FIRST = {("database", ANYBODY, "database", command): set[str]() for command in
             ("connect", "temporary")}  # fmt: skip


@dataclass(frozen=True, order=True)
class Right:
    """A line of the matrix: as sql/audit/matrix.sql answers."""

    kind: str
    role: str
    object: str
    command: str
    rows: str = ""
    columns: str = ""


@dataclass(frozen=True)
class Policy:
    """As it was created; form: what its comment says that it is."""

    command: str
    roles: tuple[str, ...]
    rule: str
    form: str = ""


@dataclass(frozen=True)
class Function:
    """Whose rights it has, and its body."""

    owner: str
    definer: bool
    body: str


@dataclass
class Declared:
    """What all statements so far leave behind."""

    grants: dict[tuple[str, str, str, str], set[str]] = field(default_factory=_AT_FIRST.copy)
    policies: dict[tuple[str, str], Policy] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    guarded: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    role: str = "kollegium_owner"

    def read(self, texts: Iterable[str]) -> "Declared":
        """Takes the scripts in, one after the other."""
        for text in texts:
            self.role = "kollegium_owner"
            for statement in statements(text):
                self._take(statement)
        return self

    def _take(self, text: str) -> None:
        flat = " ".join(text.split())
        if role := _ROLE.fullmatch(flat):
            self.role = role[1] or "kollegium_owner"
        elif flat.startswith("do "):
            self._loops(text)
        elif grant := _GRANT.fullmatch(flat):
            self._grant(grant)
        elif "policy " in flat[:15] or flat.startswith("comment on policy "):
            self._policy(flat)
        else:
            self._object(text, flat)

    def _object(self, text: str, flat: str) -> None:
        """A function, view or table, or the end of one."""
        if made := _FUNCTION.match(flat):
            head, _, body = text.partition("$$")
            arguments = inside(flat, made.end() - 1)
            rest = flat[made.end() + len(arguments) :].split("$$")[0]
            function = Function(self.role, " security definer" in rest, body or head)
            self.functions[signature(f"{made[1]}({arguments})")] = function
        elif view := _VIEW.match(flat):
            self.views.add(view[1])
        elif flat.startswith("alter table ") and "enable row level security" in flat:
            self.guarded.add(flat.split()[2])
        elif dropped := _DROP.fullmatch(flat):
            self._drop(dropped[1], dropped[2])

    def _policy(self, flat: str) -> None:
        if policy := _POLICY.match(flat):
            name, table, command, roles, _ = policy.groups()
            rule = flat[policy.start(5) :]
            self.policies[table, name] = Policy(command, tuple(roles.split(", ")), rule)
        elif said := _COMMENT.fullmatch(flat):
            old = self.policies[said[2], said[1]]
            form = said[3].replace("''", "'").partition(":")[0]
            self.policies[said[2], said[1]] = Policy(old.command, old.roles, old.rule, form)
        elif gone := _DROP_POLICY.fullmatch(flat):
            self.policies.pop((gone[2], gone[1]), None)

    def _drop(self, kind: str, names: str) -> None:
        for name in parts(names):
            name = signature(name) if kind == "function" else name
            self.functions.pop(name, None)
            for key in [key for key in self.grants if key[:1] + key[2:3] == (kind, name)]:
                del self.grants[key]

    def _loops(self, text: str) -> None:
        """Grants that are put together: on the partitions of a table, one for each number; on the
        database; roles to the owner."""
        loop, roles = _LOOP.search(text), _ROLES.search(text)
        named = re.findall(r"\w+", roles[1]) if roles else []
        for made in _MADE_BY_LOOP.findall(text):
            if " on database %I " in made:
                self._take(made.replace("%I", "database"))
            elif made == "grant %I to kollegium_owner":
                for role in named[1:]:
                    self.grants["membership", "kollegium_owner", role, "member of"] = set()
            elif loop and "%s" in made:
                for number in range(int(loop[1]), int(loop[2]) + 1):
                    self._take(made.replace("%s", str(number)))

    def _grant(self, grant: re.Match[str]) -> None:
        verb, privileges, kind, objects, roles = grant.groups()
        for privilege in parts(privileges):
            command, _, columns = privilege.partition(" (")
            command = "temporary" if command == "temp" else command
            for name in parts(objects):
                name = signature(name) if kind == "function" else name
                for role in roles.split(", "):
                    key = (kind or "table", role, name, command)
                    if verb == "revoke":
                        self.grants.pop(key, None)
                    elif columns:
                        if self.grants.get(key) != set():  # the whole table has the column, too
                            named = set(columns.rstrip(")").split(", "))
                            self.grants.setdefault(key, set()).update(named)
                    else:
                        self.grants[key] = set()

    def _rows(self, role: str, table: str, command: str) -> str:
        if command not in ("select", "insert", "update", "delete"):
            return "past the policies"
        if table in self.views:
            return "by its definition"
        if table not in self.guarded:
            return "every row: no row security"
        forms = {
            "every row" if policy.form == "broker" else policy.form
            for (on, _), policy in self.policies.items()
            if on == table and role in policy.roles and policy.command in ("all", command)
        }
        return "; ".join(sorted(forms)) or "no row"

    def rights(self) -> Iterator[Right]:
        """The lines of the matrix."""
        for (kind, role, name, command), columns in self.grants.items():
            if kind == "function":
                made = self.functions[name]
                if role != made.owner:
                    whose = made.owner if made.definer else "its caller"
                    yield Right(kind, role, name, command, f"with the rights of {whose}")
            elif kind == "table":
                rows = self._rows(role, name, command)
                yield Right(kind, role, name, command, rows, ", ".join(sorted(columns)))
            else:
                yield Right(kind, role, name, command)


def signature(text: str) -> str:
    """A function with the types of what goes in, as PostgreSQL prints it."""
    name, _, rest = text.partition("(")
    arguments = inside(f"({rest}", 0)
    return f"{name}({','.join(t for t in map(_type, parts(arguments)) if t)})"


def _type(argument: str) -> str:
    words = re.split(r" default | = ", argument)[0].split()
    if words[:1] == ["out"]:
        return ""
    if len(words) > 1 and " ".join(words) not in ("double precision", *_TYPES.values()):
        words = words[1:]
    kind = " ".join(words)
    plain = kind.removesuffix("[]")
    return _TYPES.get(plain, plain) + kind[len(plain) :]
