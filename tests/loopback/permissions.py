"""What a member may do, from roles and overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .constants import ALL_PERMISSIONS, WHILE_TIMED_OUT, Permission

if TYPE_CHECKING:
    from .channels import Channel
    from .people import Member


def compute_permissions(member: Member, channel: Channel | None = None) -> Permission:
    """Return what a member may do in the guild, or in one of its channels."""
    guild = member.guild
    if guild.owner is member.user:
        return Permission(ALL_PERMISSIONS)
    granted = guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    if granted & Permission.ADMINISTRATOR:
        return Permission(ALL_PERMISSIONS)
    if member.timed_out:
        granted &= WHILE_TIMED_OUT
    if channel is None:
        return Permission(granted)
    overwrites = (channel.parent if channel.is_thread and channel.parent else channel).overwrites
    for group in ([guild.everyone.id], [role.id for role in member.roles], [member.user.id]):
        allow = deny = 0
        for target in group:
            pair = overwrites.get(target, (0, 0))
            allow, deny = allow | pair[0], deny | pair[1]
        granted = (granted & ~deny) | allow
    if member.timed_out:
        granted &= WHILE_TIMED_OUT
    return Permission(granted if granted & Permission.VIEW_CHANNEL else 0)
