using System.Buffers;
using System.Globalization;
using System.Text.Json;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Reads what a key ring file says of a key, before anybody asks for its private half.</summary>
internal static class KeyRingItemReader
{
    public const string KeysMember = "keys";

    /// <summary>
    /// From the start on: 2^31 messages under one key, at 62 a second without pause. A standby that takes over early, because the
    /// key in use was revoked, seals for longer: at that rate up to 400 days before its start come to less than 2^32 messages,
    /// which is as many as random nonces allow (NIST SP 800-38D §8.3).
    /// </summary>
    public static readonly TimeSpan MaxSealing = TimeSpan.FromDays(400);

    private static readonly string[] CommonMembers = ["kid", "purpose", "source", "alg", "public", "starts_at", "seals_until"];
    private static readonly string[] PublicMembers = ["kty", "crv", "x", "y", "n", "e"];

    /// <summary>The file as one strict JSON object with an array named keys. The caller disposes it.</summary>
    /// <exception cref="KeyRingException">It is not.</exception>
    public static JsonDocument Parse(byte[] content, string path)
    {
        if (!StrictJson.IsObject(content))
        {
            throw new KeyRingException($"{path} is not one strict JSON object{Position(content)}: names must not repeat, "
                + "and nothing may follow it.");
        }

        var json = JsonDocument.Parse(content);
        try
        {
            RefuseUnknown(json.RootElement, [KeysMember], path);
            return json.RootElement.TryGetProperty(KeysMember, out var list) && list.ValueKind == JsonValueKind.Array
                ? json
                : throw new KeyRingException($"{path} must have an array named {KeysMember}.");
        }
        catch
        {
            json.Dispose();
            throw;
        }
    }

    /// <summary>One entry, the source that opens it, and its times.</summary>
    /// <exception cref="KeyRingException">The entry cannot be used.</exception>
    public static (KeyRingItem Item, IKeySource Source, KeyRingTimes Times) Read(
        JsonElement key, string where, IReadOnlyDictionary<string, IKeySource> sources)
    {
        if (key.ValueKind != JsonValueKind.Object)
        {
            throw new KeyRingException($"{where} must be an object.");
        }

        var keyId = KeyRingItem.Text(key, "kid", where);
        where = $"{where} (kid {Printable(keyId)})";
        if (!sources.TryGetValue(KeyRingItem.Text(key, "source", where), out var source))
        {
            throw new KeyRingException($"{where}: source must be {string.Join(" or ", sources.Keys)}; other sources are not known here.");
        }

        RefuseUnknown(key, [.. CommonMembers, .. source.Members], where);
        var purpose = KeyRingItem.Text(key, "purpose", where) switch
        {
            "sign" => KeyPurpose.Sign,
            "feed" => KeyPurpose.Feed,
            "seal" => KeyPurpose.Seal,
            _ => throw new KeyRingException($"{where}: purpose must be sign, feed or seal."),
        };
        var (item, times) = purpose == KeyPurpose.Seal ? ReadSealing(key, keyId, where) : ReadSigning(key, keyId, purpose, where);
        return (item, source, times);
    }

    private static (KeyRingItem Item, KeyRingTimes Times) ReadSealing(JsonElement key, string keyId, string where)
    {
        if (KeyRingItem.Text(key, "alg", where) != SealingKey.Algorithm)
        {
            throw new KeyRingException($"{where}: alg must be {SealingKey.Algorithm} for a sealing key.");
        }

        if (key.TryGetProperty("public", out _))
        {
            throw new KeyRingException($"{where}: a sealing key has no public half: remove public.");
        }

        if (!TokenId.IsOne(keyId))
        {
            throw new KeyRingException($"{where}: kid must be 16 random bytes in base64url: 22 characters.");
        }

        var (startsAt, sealsUntil) = (Time(key, "starts_at", where), Time(key, "seals_until", where));
        return sealsUntil > startsAt && sealsUntil - startsAt <= MaxSealing
            ? (new(keyId, KeyPurpose.Seal, SealingKey.Algorithm, null, key, where), new(startsAt, sealsUntil))
            : throw new KeyRingException($"{where}: seals_until must be after starts_at, and at most {MaxSealing.TotalDays} days.");
    }

    private static (KeyRingItem Item, KeyRingTimes Times) ReadSigning(JsonElement key, string keyId, KeyPurpose purpose, string where)
    {
        if (key.TryGetProperty("seals_until", out _))
        {
            throw new KeyRingException($"{where}: seals_until is for sealing keys: remove it.");
        }

        var name = KeyRingItem.Text(key, "alg", where);
        if (SignatureAlgorithm.Find(name) is not { } algorithm)
        {
            throw new KeyRingException($"{where}: alg must be one of {string.Join(", ", SignatureAlgorithm.All)}.");
        }

        if (purpose == KeyPurpose.Feed && algorithm != SignatureAlgorithm.ES256)
        {
            throw new KeyRingException($"{where}: alg must be {SignatureAlgorithm.ES256} for a feed key.");
        }

        var published = key.TryGetProperty("public", out var half) ? PublicHalf(half, keyId, name, where) : null;
        return (new(keyId, purpose, name, published, key, where), new(Time(key, "starts_at", where), null));
    }

    private static VerificationKey PublicHalf(JsonElement half, string keyId, string algorithm, string where)
    {
        if (half.ValueKind != JsonValueKind.Object)
        {
            throw new KeyRingException($"{where}: public must be an object with the members of the key's JWK.");
        }

        RefuseUnknown(half, PublicMembers, $"{where}: public");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kid", keyId);
            writer.WriteString("alg", algorithm);
            foreach (var member in half.EnumerateObject())
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var jwk = JsonDocument.Parse(buffer.WrittenMemory);
        var verificationKey = VerificationKey.FromJwk(jwk.RootElement, out var problem)
            ?? throw new KeyRingException($"{where}: {problem}");
        return verificationKey.Thumbprint() == keyId
            ? verificationKey
            : throw new KeyRingException($"{where}: kid must be the RFC 7638 thumbprint of public, {verificationKey.Thumbprint()}.");
    }

    private static void RefuseUnknown(JsonElement element, string[] known, string where)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new KeyRingException($"{where}: unknown member {Printable(member.Name)}. Known are {string.Join(", ", known)}.");
            }
        }
    }

    /// <summary>RFC 3339 §5.6, where the offset from UTC is not optional.</summary>
    private static DateTimeOffset Time(JsonElement element, string name, string where)
    {
        var text = KeyRingItem.Text(element, name, where);
        var hasOffset = text[^1] == 'Z' || (text.Length > 6 && text[^6] is '+' or '-');
        return hasOffset && DateTimeOffset.TryParseExact(
            text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time.ToUniversalTime()
            : throw new KeyRingException($"{where}: {name} must be a time as in RFC 3339, such as 2026-11-20T12:00:00Z.");
    }

    /// <summary>Where the grammar breaks, if it does. The text itself is not repeated.</summary>
    private static string Position(byte[] content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return "";
        }
        catch (JsonException e)
        {
            return $" (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})";
        }
    }

    private static string Printable(string text) =>
        string.Concat(text.Take(VerificationKey.MaxKeyIdLength).Select(c => char.IsControl(c) ? '?' : c));
}

/// <summary>When a key takes over, and when a sealing key stops sealing (null for others), UTC.</summary>
internal readonly record struct KeyRingTimes(DateTimeOffset StartsAt, DateTimeOffset? SealsUntil);
