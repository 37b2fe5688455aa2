namespace TokenSessions.Service.Users;

/// <summary>One entry of the users file.</summary>
/// <param name="Name">The name to log in with, and the <c>sub</c> of the user's tokens. Compared byte by byte.</param>
/// <param name="PasswordHash">What <see cref="Passwords"/> wrote.</param>
/// <param name="Roles">The <c>roles</c> of the user's tokens.</param>
/// <param name="Scopes">What the user's tokens may carry; each gets those that its audience knows.</param>
/// <param name="IsDisabled">True if there is no login, and every session ends at its next refresh.</param>
internal sealed record User(
    string Name, string PasswordHash, IReadOnlyList<string> Roles, IReadOnlyList<string> Scopes, bool IsDisabled);
