using System.Text.Json;

namespace TokenSessions.Validation.Jose;

/// <summary>The JSON a token may be made of: one meaning only, whichever parser reads it.</summary>
public static class StrictJson
{
    /// <summary>The deepest nesting accepted.</summary>
    public const int MaxDepth = 16;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    /// <summary>A reader for a document that <see cref="IsObject(ReadOnlySpan{byte})"/> accepted: on such a one it cannot throw.</summary>
    /// <param name="utf8">The document.</param>
    public static Utf8JsonReader Reader(ReadOnlySpan<byte> utf8) => new(utf8, Options);

    /// <summary>
    /// Whether this is one JSON object (RFC 8259) in valid UTF-8, with no duplicate names at any depth, no lone surrogates,
    /// nothing after it, and at most <see cref="MaxDepth"/> levels.
    /// </summary>
    /// <param name="utf8">Any bytes.</param>
    public static bool IsObject(ReadOnlySpan<byte> utf8)
    {
        // Unescaping never lengthens, so all names together fit.
        var reader = new StrictJsonReader(utf8, utf8.Contains((byte)'\\') ? new byte[utf8.Length] : []);
        if (!reader.TryOpen())
        {
            return false;
        }

        while (reader.NextMember(out _))
        {
            if (!reader.TrySkip())
            {
                return false;
            }
        }

        return reader.IsComplete;
    }
}
