using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace TokenSessions.MicrosoftPeer;

/// <summary>Both handlers, told as strictly as they can be told what we accept.</summary>
internal static class Peers
{
    private const int MaxTokenLength = 8192;

    private static readonly JsonWebTokenHandler WebHandler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxTokenLength };
    private static readonly JwtSecurityTokenHandler JwtHandler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxTokenLength };

    /// <summary>Null where the key set is not one that the library reads: then it accepts nothing.</summary>
    public static TokenValidationParameters? Parameters(JsonNode question)
    {
        IList<SecurityKey> keys;
        try
        {
            keys = new JsonWebKeySet((string)question["keySet"]!).GetSigningKeys();
        }
        catch (Exception)
        {
            return null;
        }

        var parameters = new TokenValidationParameters
        {
            ValidIssuer = (string)question["issuer"]!,
            ValidAudience = (string)question["audience"]!,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            ValidTypes = [.. question["types"]!.AsArray().Select(type => (string)type!)],
            ValidAlgorithms = [.. question["algorithms"]!.AsArray().Select(algorithm => (string)algorithm!)],
            IssuerSigningKeys = keys,
            TryAllIssuerSigningKeys = false,
            ValidateIssuerSigningKey = true,
            ClockSkew = TimeSpan.FromSeconds((int)question["skew"]!),
        };
        SetClock(parameters, new Standing(DateTimeOffset.FromUnixTimeMilliseconds((long)question["now"]!)));
        return parameters;
    }

    public static IEnumerable<string?>? Web(string token, TokenValidationParameters parameters)
    {
        var result = WebHandler.ValidateTokenAsync(token, parameters).GetAwaiter().GetResult(); // Nothing in it waits.
        return !result.IsValid || result.SecurityToken is not JsonWebToken read
            ? null
            : Claims(read.Issuer, Text("sub"), Text("client_id"), Text("jti"), Text("sid"), read.ValidTo, read.IssuedAt, read.Audiences);

        string? Text(string claim) => read.TryGetPayloadValue<string>(claim, out var value) ? value : null;
    }

    public static IEnumerable<string?>? Jwt(string token, TokenValidationParameters parameters)
    {
        try
        {
            JwtHandler.ValidateToken(token, parameters, out var validated);
            var read = (JwtSecurityToken)validated;
            string? Text(string claim) => read.Payload.TryGetValue(claim, out var value) ? value as string : null;
            return Claims(read.Issuer, Text("sub"), Text("client_id"), Text("jti"), Text("sid"), read.ValidTo, read.IssuedAt, read.Audiences);
        }
        catch (Exception) // Of many types: that is how it refuses.
        {
            return null;
        }
    }

    private static IEnumerable<string?> Claims(
        string issuer, string? subject, string? client, string? token, string? session, DateTime expires, DateTime issued, IEnumerable<string> audiences) =>
        [issuer, subject, client, token, session, Seconds(expires), Seconds(issued), .. audiences];

    private static string Seconds(DateTime time) => EpochTime.GetIntDate(time).ToString(CultureInfo.InvariantCulture);

    /// <summary>The handlers' own tests set it so. Without it the check of times would have to be one of ours, and ours is not the question.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_TimeProvider")]
    private static extern void SetClock(TokenValidationParameters parameters, TimeProvider time);

    private sealed class Standing(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
