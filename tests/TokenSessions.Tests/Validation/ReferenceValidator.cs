using System.Numerics;
using System.Text;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>What the validator must say: the first reason against a token, or the values a caller sees.</summary>
internal sealed record ReferenceVerdict(TokenRejection? Rejection)
{
    public ReferenceClaims? Claims { get; init; }

    public string KeyId { get; init; } = "";

    public byte[] Payload { get; init; } = [];

    public bool IsOnStaleDenylist { get; init; }

    public static implicit operator ReferenceVerdict(TokenRejection rejection) => new(rejection);
}

/// <summary>The checks of the validator, written a second time to be obvious: strings, documents and lists, and no memory.</summary>
/// <remarks>Shares no code with the validator but its public types, so that one mistake cannot stand in both.</remarks>
internal static class ReferenceValidator
{
    public static ReferenceVerdict Decide(string token, TimeSpan acceptWhileDenylistIsDown, ReferenceState state)
    {
        if (token.Length > 8192)
        {
            return TokenRejection.TooLong;
        }

        var segments = token.Split('.');
        if (segments.Length != 3
            || ReferenceBase64Url.Decode(segments[0]) is not { } headerBytes
            || ReferenceBase64Url.Decode(segments[1]) is not { } payload
            || ReferenceBase64Url.Decode(segments[2]) is not { } signature)
        {
            return TokenRejection.Malformed;
        }

        if (headerBytes.Length > 1024 || ReferenceJson.ReadObject(headerBytes) is not var (header, names) || names > 16)
        {
            return TokenRejection.Malformed;
        }

        if (((string[])["alg", "kid", "typ"]).Any(name => header.ContainsKey(name) && header.Text(name) is null))
        {
            return TokenRejection.Malformed;
        }

        if (header.ContainsKey("crit") || header.ContainsKey("b64"))
        {
            return TokenRejection.ExtensionNotSupported;
        }

        if (!IsTypeAccepted(header.Text("typ"), state.Options))
        {
            return TokenRejection.TypeNotAccepted;
        }

        if (header.Text("alg") is not ("ES256" or "ES384" or "RS256" or "PS256"))
        {
            return TokenRejection.AlgorithmNotAllowed;
        }

        if (header.Text("kid") is not { } keyId || keyId.Length is 0 or > 128)
        {
            return TokenRejection.KeyIdMissing;
        }

        var key = state.AreKeysTooOld ? null : state.Keys.FirstOrDefault(key => key.KeyId == keyId);
        if (key is null)
        {
            return state.AreKeysDown ? TokenRejection.KeysUnavailable : TokenRejection.KeyUnknown;
        }

        if (key.Algorithm != header.Text("alg"))
        {
            return TokenRejection.AlgorithmNotAllowed;
        }

        if (!key.Verify(Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), signature))
        {
            return TokenRejection.SignatureInvalid;
        }

        if (ReferenceClaims.Read(payload) is not { } claims)
        {
            return TokenRejection.ClaimsInvalid;
        }

        return DecideTrust(claims, state) ?? DecideDenylist(claims, keyId, acceptWhileDenylistIsDown, state) with
        {
            Claims = claims,
            KeyId = keyId,
            Payload = payload,
        };
    }

    private static bool IsTypeAccepted(string? type, TokenValidationOptions options) => type is not null && options.Types.Any(accepted =>
        string.Equals(type, accepted, StringComparison.OrdinalIgnoreCase)
        || string.Equals(type, "application/" + accepted, StringComparison.OrdinalIgnoreCase));

    private static ReferenceVerdict? DecideTrust(ReferenceClaims claims, ReferenceState state)
    {
        var options = state.Options;
        if (claims.Issuer != options.Issuer)
        {
            return TokenRejection.IssuerMismatch;
        }

        if (!options.AcceptAnyAudience && !claims.Audiences.Intersect(options.Audiences, StringComparer.Ordinal).Any())
        {
            return TokenRejection.AudienceMismatch;
        }

        if (HasExpired(claims, state.Now, options))
        {
            return TokenRejection.Expired;
        }

        if (claims.ExpiresAt - claims.IssuedAt > options.MaxTokenLifetime.TotalSeconds)
        {
            return TokenRejection.LifetimeTooLong;
        }

        var latest = SinceEpoch(state.Now) + options.ClockSkew.Ticks;
        return claims.IssuedAt * TimeSpan.TicksPerSecond > latest || claims.NotBefore * TimeSpan.TicksPerSecond > latest ? TokenRejection.NotYetValid : null;
    }

    private static bool HasExpired(ReferenceClaims claims, DateTimeOffset now, TokenValidationOptions options) =>
        SinceEpoch(now) >= (claims.ExpiresAt * TimeSpan.TicksPerSecond) + options.ClockSkew.Ticks + options.AcceptTokensExpiredFor.Ticks;

    /// <summary>In ticks since 1970; the last second of 9999 fits well into 64 bits.</summary>
    private static long SinceEpoch(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks;

    private static ReferenceVerdict DecideDenylist(
        ReferenceClaims claims, string keyId, TimeSpan acceptWhileDenylistIsDown, ReferenceState state)
    {
        if (!state.HasDenylist)
        {
            return new ReferenceVerdict((TokenRejection?)null);
        }

        if (state.Snapshot is not { } snapshot)
        {
            return TokenRejection.RevocationUnknown;
        }

        if (HasExpired(claims, snapshot.ReadAt, state.Options))
        {
            return snapshot.ReadAt - state.Now > TimeSpan.FromSeconds(5) ? TokenRejection.RevocationUnknown : TokenRejection.Expired;
        }

        if (snapshot.Rules.Any(rule => Denies(rule, claims, keyId, snapshot.Regions)))
        {
            return TokenRejection.Revoked;
        }

        if (TimeSpan.FromSeconds(claims.ExpiresAt - claims.IssuedAt) > snapshot.LongestLifetime)
        {
            return TokenRejection.LifetimeTooLong;
        }

        var (wall, elapsed) = (state.Now - snapshot.ReadAt, state.Elapsed - snapshot.ReadAtElapsed);
        var overdue = (wall > elapsed ? wall : elapsed) - state.Options.MaxStaleness;
        var outage = acceptWhileDenylistIsDown < state.Options.AcceptTokensWhileDenylistIsDown
            ? acceptWhileDenylistIsDown
            : state.Options.AcceptTokensWhileDenylistIsDown;
        return overdue > TimeSpan.Zero && overdue > outage
            ? TokenRejection.RevocationUnknown
            : new ReferenceVerdict((TokenRejection?)null) { IsOnStaleDenylist = overdue > TimeSpan.Zero };
    }

    private static bool Denies(ReferenceRule rule, ReferenceClaims claims, string keyId, int regions)
    {
        var isMeant = rule.Kind switch
        {
            RuleKind.Token => rule.Value == claims.TokenId,
            RuleKind.Session => rule.Value == claims.SessionId,
            RuleKind.Key => rule.Value == keyId,
            RuleKind.Subject => rule.Value == claims.Subject,
            RuleKind.Client => rule.Value == claims.ClientId,
            RuleKind.All => true,
            RuleKind.None => false,
        };
        if (!isMeant || rule.Issuer != claims.Issuer || rule.Kind is RuleKind.Token or RuleKind.Session or RuleKind.Key)
        {
            return isMeant && rule.Issuer == claims.Issuer;
        }

        var letter = rule.Kind switch { RuleKind.Subject => "s", RuleKind.Client => "c", _ => "a" };
        var seen = claims.Seen.GetValueOrDefault(rule.Region == 0 ? letter : $"{letter}{rule.Region}", BigInteger.Zero);
        return rule.Region < regions && rule.Watermark > seen;
    }
}
