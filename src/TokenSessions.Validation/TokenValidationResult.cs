using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Validation;

/// <summary>A validated token, or the first reason against it.</summary>
public readonly struct TokenValidationResult
{
    internal TokenValidationResult(ValidatedToken token) => Token = token;

    internal TokenValidationResult(TokenRejection rejection) => Rejection = rejection;

    /// <summary>True if the token passed every check.</summary>
    [MemberNotNullWhen(true, nameof(Token))]
    public bool IsValid => Token is not null;

    /// <summary>The token; null unless <see cref="IsValid"/>.</summary>
    public ValidatedToken? Token { get; }

    /// <summary>The first reason against the token; means nothing when <see cref="IsValid"/>.</summary>
    public TokenRejection Rejection { get; }

    /// <summary>The rejection's name, or <c>Accepted</c>: a label for logs and counters, without anything from the token.</summary>
    public override string ToString() => IsValid ? "Accepted" : Rejection.ToString();
}
