using System.Diagnostics.CodeAnalysis;
using TokenSessions.Issuing.Keys;

namespace TokenSessions.Issuing.Tokens;

/// <summary>A refresh token that was opened, and the key it was sealed under, whose revocation is still to be asked for.</summary>
internal sealed record OpenedToken(RefreshToken Token, string SealedUnder)
{
    /// <summary>Opens a refresh token, by the ring alone.</summary>
    /// <param name="text">The token as received.</param>
    /// <param name="issuer">The only <c>iss</c> accepted.</param>
    /// <param name="keys">The ring, leased.</param>
    /// <param name="now">The moment, UTC.</param>
    /// <param name="opened">The token; null with a rejection.</param>
    /// <param name="rejection">Why there is none; means nothing with a token.</param>
    public static bool TryOpen(
        string text, string issuer, KeyRing keys, DateTimeOffset now, [NotNullWhen(true)] out OpenedToken? opened,
        out SessionRejection rejection)
    {
        opened = null;
        rejection = SessionRejection.RefreshTokenInvalid;
        if (TokenSealer.FindKeyId(text) is not { } keyId)
        {
            return false;
        }

        if (keys.FindSealingEntry(keyId) is not { } entry)
        {
            rejection = SessionRejection.SealingKeyUnknown; // Another instance may have the new ring already.
            return false;
        }

        if (!keys.IsNeededForOpening(entry, now) || TokenSealer.Open(text, entry.SealingKey) is not { } token || token.Issuer != issuer)
        {
            return false;
        }

        opened = new(token, keyId);
        return true;
    }
}
