"""Stand-ins for dbt's own macros, so that sqlfluff needs no project and no connection.

sqlfluff's jinja templater puts what is named here into the templates' context, beside
its own `ref`, `source`, `config` and `this`. Add what a model or a macro in macros/sql
calls: any SQL of the right shape will do.
"""


class _Dbt:
    """dbt's cross-database macros, as far as they are used."""

    def type_string(self) -> str:
        """A text type."""
        return "string"

    def dateadd(self, part: str, interval: str, day: str) -> str:
        """A day plus an interval."""
        return f"dateadd('{part}', {interval}, {day})"

    def datediff(self, first: str, second: str, part: str) -> str:
        """How many parts lie between two days."""
        return f"datediff('{part}', {first}, {second})"

    def date_trunc(self, part: str, day: str) -> str:
        """The start of the part that a day lies in."""
        return f"date_trunc('{part}', {day})"


class _Exceptions:
    """Errors that a macro raises about its arguments."""

    def raise_compiler_error(self, message: str) -> str:
        """Stop, as dbt does."""
        raise ValueError(message)


dbt = _Dbt()
exceptions = _Exceptions()
