using Microsoft.Extensions.Primitives;

namespace TokenSessions.AspNetCore;

/// <summary>The one way a token reaches us: <c>Authorization: Bearer b64token</c> (RFC 6750 §2.1).</summary>
internal static class BearerHeader
{
    private const string Scheme = "Bearer";

    /// <summary>What was sent as a bearer token, good or not; empty if nothing was.</summary>
    /// <remarks>
    /// The scheme compares in any case and is followed by spaces (RFC 9110 §11.4). All the rest is the token, with its commas
    /// and white space: the validator refuses those, so two tokens, or two headers, are one malformed token and never one of
    /// the two. Servers differ in how they hand over two headers; joining them makes all of them alike.
    /// </remarks>
    public static ReadOnlyMemory<char> FindToken(StringValues authorization)
    {
        var header = authorization.Count == 1 ? authorization[0] ?? "" : string.Join(',', authorization.ToArray());
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || IsLongerName(header))
        {
            return default;
        }

        return header.AsMemory(Scheme.Length).TrimStart(' '); // A part of the header: no copy for each request.
    }

    /// <summary>Whether the scheme's name goes on, as in <c>BearerX</c>.</summary>
    private static bool IsLongerName(string header) => header.Length > Scheme.Length
        && (char.IsAsciiLetterOrDigit(header[Scheme.Length]) || "!#$%&'*+-.^_`|~".Contains(header[Scheme.Length], StringComparison.Ordinal));
}
