using System.Buffers;
using System.Globalization;
using System.Text.Json;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Writes ring files as people read them.</summary>
internal static class KeyRingJson
{
    private static readonly TimeSpan SealsFor = KeyRingItemReader.MaxSealing;

    /// <summary>A ring file with more keys; what stands in it stays as it is.</summary>
    /// <param name="ring">The file so far, which has been loaded; null if there is none.</param>
    /// <param name="entries">The keys, and when they take over.</param>
    public static byte[] Add(byte[]? ring, IReadOnlyList<(NewKeyRingEntry Entry, DateTimeOffset StartsAt)> entries)
    {
        using var json = ring is null ? null : JsonDocument.Parse(ring);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray(KeyRingItemReader.KeysMember);
            if (json is not null)
            {
                foreach (var known in json.RootElement.GetProperty(KeyRingItemReader.KeysMember).EnumerateArray())
                {
                    known.WriteTo(writer);
                }
            }

            foreach (var (entry, startsAt) in entries)
            {
                Write(writer, entry, startsAt);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, NewKeyRingEntry entry, DateTimeOffset startsAt)
    {
        writer.WriteStartObject();
        writer.WriteString("kid", entry.KeyId);
        writer.WriteString("purpose", Name(entry.Purpose));
        writer.WriteString("source", entry.Source);
        foreach (var (name, value) in entry.Members)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        writer.WriteString("alg", entry.Algorithm);
        if (entry.VerificationKey is { } verificationKey)
        {
            writer.WritePropertyName("public");
            WritePublicHalf(writer, verificationKey);
        }

        writer.WriteString("starts_at", Rfc3339(startsAt));
        if (entry.Purpose == KeyPurpose.Seal)
        {
            writer.WriteString("seals_until", Rfc3339(WholeSecond(startsAt) + SealsFor));
        }

        writer.WriteEndObject();
    }

    /// <summary>A purpose as the file says it.</summary>
    public static string Name(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Sign => "sign",
        KeyPurpose.Feed => "feed",
        KeyPurpose.Seal => "seal",
        KeyPurpose.None => throw new ArgumentOutOfRangeException(nameof(purpose)),
    };

    /// <summary>A text as a JSON value.</summary>
    public static JsonElement Text(string text) => JsonElement.Parse($"\"{JsonEncodedText.Encode(text)}\"");

    public static DateTimeOffset WholeSecond(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    /// <summary>The JWK without what the ring's entry says itself.</summary>
    private static void WritePublicHalf(Utf8JsonWriter writer, VerificationKey key)
    {
        using var buffer = new MemoryStream();
        using (var jwkWriter = new Utf8JsonWriter(buffer))
        {
            key.WriteJwk(jwkWriter);
        }

        using var jwk = JsonDocument.Parse(buffer.ToArray());
        writer.WriteStartObject();
        foreach (var member in jwk.RootElement.EnumerateObject().Where(member => member.Name is not ("use" or "alg" or "kid")))
        {
            member.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static string Rfc3339(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
