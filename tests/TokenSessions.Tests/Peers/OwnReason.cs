using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Peers;

/// <summary>Says of a refused token a little more than its rejection does, so that one explanation fits all that are called alike.</summary>
internal static class OwnReason
{
    private const string HalfPair = "half a surrogate pair";
    private const int MaxDepth = 16;
    private const long LastSecond = 253402300799; // Of the year 9999.

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Of(string token, TokenRejection rejection) => rejection switch
    {
        TokenRejection.Malformed => $"{rejection}: {OfText(token.Split('.'))}",
        TokenRejection.ClaimsInvalid => $"{rejection}: {OfClaims(ReferenceBase64Url.Decode(token.Split('.')[1])!)}",
        _ => $"{rejection}",
    };

    private static string OfText(string[] segments) =>
        segments.Length != 3 ? "not three segments"
        : segments.Any(segment => ReferenceBase64Url.Decode(segment) is null) ? "base64url"
        : $"header, {OfJson(ReferenceBase64Url.Decode(segments[0])!) ?? "limits or types"}";

    private static string OfClaims(byte[] payload)
    {
        if (OfJson(payload) is { } problem)
        {
            return problem;
        }

        using var json = JsonDocument.Parse(payload);
        var claims = json.RootElement;
        foreach (var time in (string[])["exp", "iat", "nbf", "auth_time"])
        {
            if (claims.TryGetProperty(time, out var value) ? !IsTime(value) : time is "exp" or "iat")
            {
                return time;
            }
        }

        if (claims.GetProperty("exp").GetInt64() <= claims.GetProperty("iat").GetInt64())
        {
            return "exp not after iat";
        }

        if (claims.TryGetProperty("nbf", out var notBefore) && claims.GetProperty("exp").GetInt64() <= notBefore.GetInt64())
        {
            return "exp not after nbf";
        }

        return ((string[])["iss", "sub", "jti", "sid", "client_id"]).FirstOrDefault(name => !claims.TryGetProperty(name, out var value) || !IsName(value))
            ?? (!claims.TryGetProperty("aud", out var audience) || !IsName(audience) && !IsListOf(audience, IsName) ? "aud"
                : claims.TryGetProperty("scope", out var scope) && scope.ValueKind != JsonValueKind.String ? "scope"
                : claims.TryGetProperty("roles", out var roles) && !IsListOf(roles, role => role.ValueKind == JsonValueKind.String) ? "roles"
                : "seen");
    }

    /// <summary>Null for strict JSON: then something else is wrong.</summary>
    private static string? OfJson(byte[] document)
    {
        try
        {
            StrictUtf8.GetString(document);
            using var lenient = JsonDocument.Parse(document, new() { MaxDepth = 8_192 });
            if (lenient.RootElement.ValueKind != JsonValueKind.Object)
            {
                return "no object";
            }
        }
        catch (DecoderFallbackException)
        {
            return "no UTF-8";
        }
        catch (JsonException)
        {
            return "no JSON";
        }

        try
        {
            using var shallow = JsonDocument.Parse(document, new() { MaxDepth = MaxDepth });
        }
        catch (JsonException)
        {
            return "too deep";
        }

        try
        {
            using var strict = JsonDocument.Parse(document, new() { AllowDuplicateProperties = false });
            return HasHalfPair(strict.RootElement) ? HalfPair : null;
        }
        catch (JsonException)
        {
            return "a name twice";
        }
        catch (InvalidOperationException) // Names are read when they are compared.
        {
            return HalfPair;
        }
    }

    private static bool HasHalfPair(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return value.EnumerateObject().Any(member => HasHalfPair(member.Value));

            case JsonValueKind.Array:
                return value.EnumerateArray().Any(HasHalfPair);

            case JsonValueKind.String:
                try
                {
                    value.GetString();
                    return false;
                }
                catch (InvalidOperationException)
                {
                    return true;
                }

            default:
                return false;
        }
    }

    private static bool IsTime(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && long.TryParse(value.GetRawText(), NumberStyles.None, CultureInfo.InvariantCulture, out var time) && time <= LastSecond;

    private static bool IsName(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetRawText() != "\"\"";

    private static bool IsListOf(JsonElement value, Func<JsonElement, bool> isGood) => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(isGood);
}
