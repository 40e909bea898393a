"""`firn doctor`: what is missing, and the fix."""

import typer

from orchestration.cli.output import Format, FormatOption, emit

_BROKEN = 3


def doctor(output: FormatOption = Format.text) -> None:
    """Name what is missing on this machine, and the fix.

    \b
    Example:
      firn doctor
      firn doctor --format json
    """
    from orchestration.cli.checks import examine
    from orchestration.cli.render.doctor import text

    checks = examine()
    emit(output, [check.as_dict() for check in checks], lambda: text(checks))
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(_BROKEN)
