namespace TokenSessions.Validation.Jose;

/// <summary>
/// The members of a JWS header that mean something here; <c>jwk jku x5u x5c</c> and unknown ones are ignored. UTF-8, unescaped;
/// empty where absent. Lives as long as the bytes it was read from.
/// </summary>
internal readonly ref struct JwsHeader
{
    /// <summary>The longest header read, in bytes after decoding.</summary>
    public const int MaxLength = 1024;

    /// <summary>The most names in a header, those of objects in it included. RFC 7515 §4.1 knows 11.</summary>
    private const int MaxNames = 16; // Whoever has no token at all must not cause a search among many names.

    /// <summary>The <c>alg</c>.</summary>
    public ReadOnlySpan<byte> Algorithm { get; private init; }

    /// <summary>The <c>kid</c>.</summary>
    public ReadOnlySpan<byte> KeyId { get; private init; }

    /// <summary>The <c>typ</c>.</summary>
    public ReadOnlySpan<byte> Type { get; private init; }

    /// <summary>True if <c>crit</c> or <c>b64</c> is present, whatever its value.</summary>
    public bool HasExtension { get; private init; }

    /// <summary>Reads a header.</summary>
    /// <param name="json">The decoded first segment.</param>
    /// <param name="space">As long as <paramref name="json"/>: room for what is written with escapes.</param>
    /// <param name="header">What it says.</param>
    /// <returns>False if it is longer than <see cref="MaxLength"/>, not strict JSON, or a known member is no string.</returns>
    public static bool TryRead(ReadOnlySpan<byte> json, Span<byte> space, out JwsHeader header)
    {
        header = default;
        var reader = new StrictJsonReader(json, space, MaxNames);
        if (json.Length > MaxLength || !reader.TryOpen())
        {
            return false;
        }

        ReadOnlySpan<byte> algorithm = default, keyId = default, type = default;
        var hasExtension = false;
        while (reader.NextMember(out var name))
        {
            var isRead = true;
            if (name.SequenceEqual("alg"u8))
            {
                isRead = reader.TryReadText(out algorithm);
            }
            else if (name.SequenceEqual("kid"u8))
            {
                isRead = reader.TryReadText(out keyId);
            }
            else if (name.SequenceEqual("typ"u8))
            {
                isRead = reader.TryReadText(out type);
            }
            else
            {
                hasExtension |= name.SequenceEqual("crit"u8) || name.SequenceEqual("b64"u8);
                isRead = reader.TrySkip();
            }

            if (!isRead)
            {
                return false;
            }
        }

        header = new() { Algorithm = algorithm, KeyId = keyId, Type = type, HasExtension = hasExtension };
        return reader.IsComplete;
    }
}
