"""The roles of groups: who has one has those below it, too."""

import re
from typing import Final

from atedb.account.act import act_invalid
from atedb.limits import ROLE_NAME_BYTES_MAX

GROUP_ROLES: Final = ("owner", "delegate", "contributor", "observer")
"""Those that each group has, the highest first. Others are beside `observer`."""

_NAME: Final = re.compile(rf"[a-z][a-z0-9-]{{0,{ROLE_NAME_BYTES_MAX - 1}}}")


def check_role_name(name: str) -> None:
    """Refuse what is no role's name. Raises ACT_INVALID."""
    if _NAME.fullmatch(name) is None:
        why = f'1 to {ROLE_NAME_BYTES_MAX} of a-z, 0-9 and "-", a letter first'
        raise act_invalid(f"{name!r} is no name of a role: {why}")


def role_above(name: str) -> str | None:
    """Give the role just above another one; None: it is the highest."""
    if name not in GROUP_ROLES:
        return "contributor"
    place = GROUP_ROLES.index(name)
    return None if place == 0 else GROUP_ROLES[place - 1]


def includes_role(had: str, wanted: str) -> bool:
    """Whether somebody who has one role has another one, too."""
    at: str | None = wanted
    while at is not None:
        if at == had:
            return True
        at = role_above(at)
    return False
