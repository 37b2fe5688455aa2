using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokenSessions.Validation.Keys;

/// <summary>An issuer's published verification keys (JWKS, RFC 7517 §5). Immutable.</summary>
public sealed class KeySet
{
    /// <summary>The largest document read, in bytes.</summary>
    public const int MaxDocumentLength = 150 * 1024;

    /// <summary>The most keys used of one document; later ones are ignored.</summary>
    public const int MaxKeys = 10;

    /// <summary>The most entries of one document looked at, usable or not: what is said of each of them is kept and logged.</summary>
    private const int MaxEntries = 100;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly VerificationKey[] _keys;

    /// <summary>A set of these keys.</summary>
    /// <param name="keys">At most <see cref="MaxKeys"/>, no two with the same <c>kid</c>.</param>
    /// <exception cref="ArgumentException">There are more, or two share a <c>kid</c>.</exception>
    public KeySet(IEnumerable<VerificationKey> keys)
        : this([.. keys], [])
    {
        if (Keys.Count > MaxKeys || HasRepeatedKeyId(Keys))
        {
            throw new ArgumentException($"A key set has at most {MaxKeys} keys, each with its own kid.", nameof(keys));
        }
    }

    private KeySet(VerificationKey[] keys, IReadOnlyList<string> ignored) => (_keys, Ignored) = (keys, ignored);

    /// <summary>The usable keys, in the document's order.</summary>
    public IReadOnlyList<VerificationKey> Keys => _keys;

    /// <summary>Why keys of the document are not used, one sentence each.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Reads a JWKS document. Keys we cannot or may not use are left out and listed in <see cref="Ignored"/>.</summary>
    /// <remarks>No more than the first 100 keys are looked at.</remarks>
    /// <param name="document">UTF-8 JSON, at most <see cref="MaxDocumentLength"/> bytes.</param>
    /// <exception cref="FormatException">It is no key set, two of its keys share a <c>kid</c>, or none is usable.</exception>
    public static KeySet Parse(ReadOnlyMemory<byte> document)
    {
        if (document.Length > MaxDocumentLength)
        {
            throw new FormatException($"The key set has {document.Length} bytes; at most {MaxDocumentLength} are read.");
        }

        var keys = new List<VerificationKey>();
        var ignored = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(document, Strict);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
            {
                throw new FormatException("A key set is a JSON object with an array named keys (RFC 7517 §5).");
            }

            ReadKeys(list, keys, ignored);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: invalid UTF-8 in a string.
        {
            throw new FormatException("The key set is not strict JSON.", e);
        }

        if (HasRepeatedKeyId(keys))
        {
            throw new FormatException("Two keys of the key set share a kid.");
        }

        return keys.Count > 0
            ? new([.. keys], ignored)
            : throw new FormatException($"The key set has no usable key. {string.Join(' ', ignored)}");
    }

    /// <summary>The key of this <c>kid</c>, or null.</summary>
    /// <param name="keyId">Compared ordinally.</param>
    public VerificationKey? Find(string keyId) => Find(Encoding.UTF8.GetBytes(keyId));

    /// <inheritdoc cref="Find(string)"/>
    /// <param name="keyId">In UTF-8.</param>
    internal VerificationKey? Find(ReadOnlySpan<byte> keyId)
    {
        foreach (var key in _keys) // At most MaxKeys: fewer steps than hashing a name takes.
        {
            if (keyId.SequenceEqual(key.Utf8KeyId))
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>The set as a JWKS document in UTF-8.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys");
            foreach (var key in Keys)
            {
                key.WriteJwk(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static bool HasRepeatedKeyId(IReadOnlyList<VerificationKey> keys) =>
        keys.Select(key => key.KeyId).Distinct(StringComparer.Ordinal).Count() != keys.Count;

    private static void ReadKeys(JsonElement list, List<VerificationKey> keys, List<string> ignored)
    {
        var index = 0;
        foreach (var jwk in list.EnumerateArray())
        {
            if (keys.Count == MaxKeys)
            {
                ignored.Add($"keys[{index}] and later: only the first {MaxKeys} usable keys are read.");
                return;
            }

            if (index == MaxEntries)
            {
                ignored.Add($"keys[{index}] and later: only the first {MaxEntries} are looked at.");
                return;
            }

            if (VerificationKey.FromJwk(jwk, out var problem) is { } key)
            {
                keys.Add(key);
            }
            else
            {
                ignored.Add($"keys[{index}]: {problem}");
            }

            index++;
        }
    }
}
