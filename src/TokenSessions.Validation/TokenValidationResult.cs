using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Validation;

/// <summary>A validated token, or the first reason against it.</summary>
public readonly struct TokenValidationResult
{
    private static readonly string[] Rejections = Enum.GetNames<TokenRejection>(); // By number: they are numbered in order, from 0.

    internal TokenValidationResult(ValidatedToken token, bool isOnStaleDenylist) =>
        (Token, IsOnStaleDenylist) = (token, isOnStaleDenylist);

    internal TokenValidationResult(TokenRejection rejection) => Rejection = rejection;

    /// <summary>True if the token passed every check.</summary>
    [MemberNotNullWhen(true, nameof(Token))]
    public bool IsValid => Token is not null;

    /// <summary>The token; null unless <see cref="IsValid"/>.</summary>
    public ValidatedToken? Token { get; }

    /// <summary>The first reason against the token; means nothing when <see cref="IsValid"/>.</summary>
    public TokenRejection Rejection { get; }

    /// <summary>
    /// True if the token was accepted on a snapshot older than <see cref="TokenValidationOptions.MaxStaleness"/>, because
    /// <see cref="TokenValidationOptions.AcceptTokensWhileDenylistIsDown"/> said so.
    /// </summary>
    public bool IsOnStaleDenylist { get; }

    /// <summary>
    /// The rejection's name, <c>Accepted</c> or <c>AcceptedOnStaleDenylist</c>: a label for logs and counters, without anything
    /// from the token.
    /// </summary>
    public override string ToString() => this switch
    {
        { IsValid: false } => Rejections[(int)Rejection],
        { IsOnStaleDenylist: true } => "AcceptedOnStaleDenylist",
        _ => "Accepted",
    };
}
