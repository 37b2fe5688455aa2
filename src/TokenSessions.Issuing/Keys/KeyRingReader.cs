using System.Buffers;
using System.Globalization;
using System.Text.Json;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>
/// Reads a key ring file, strictly: what is unknown or said twice is refused, so that a typing error changes nothing silently.
/// </summary>
internal static class KeyRingReader
{
    private const int MaxFileLength = 64 * 1024;
    private const string FileSource = "file";

    /// <summary>
    /// From the start on: 2^31 messages under one key, at 62 a second without pause. A standby that takes over early, because the
    /// key in use was revoked, seals for longer: at that rate up to 400 days before its start come to less than 2^32 messages,
    /// which is as many as random nonces allow (NIST SP 800-38D §8.3).
    /// </summary>
    private static readonly TimeSpan MaxSealing = TimeSpan.FromDays(400);

    private static readonly string[] Members = ["kid", "purpose", "source", "file", "alg", "public", "starts_at", "seals_until"];
    private static readonly string[] PublicMembers = ["kty", "crv", "x", "y", "n", "e"];
    private static readonly byte[] Challenge = "TokenSessions: does the private half fit?"u8.ToArray();

    public static byte[] ReadFile(string path) => KeyFile.Read(path, MaxFileLength, isPrivate: false);

    /// <exception cref="KeyRingException">The file or a key cannot be used.</exception>
    public static KeyRing Load(string path, byte[] content, KeyRingOptions options)
    {
        if (!StrictJson.IsObject(content))
        {
            throw new KeyRingException($"{path} is not one strict JSON object{Position(content)}: names must not repeat, "
                + "and nothing may follow it.");
        }

        using var json = JsonDocument.Parse(content);
        RefuseUnknown(json.RootElement, ["keys"], path);
        if (!json.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new KeyRingException($"{path} must have an array named keys.");
        }

        var entries = new List<KeyRingEntry>();
        try
        {
            foreach (var key in list.EnumerateArray())
            {
                entries.Add(ReadEntry(key, path, $"{path}: keys[{entries.Count}]", options));
                RefuseClash(entries, path);
            }
        }
        catch
        {
            entries.ForEach(entry => entry.DropPrivateHalf());
            throw;
        }

        return entries.Count > 0 ? new(entries, options) : throw new KeyRingException($"{path} has no keys.");
    }

    private static KeyRingEntry ReadEntry(JsonElement key, string path, string where, KeyRingOptions options)
    {
        if (key.ValueKind != JsonValueKind.Object)
        {
            throw new KeyRingException($"{where} must be an object.");
        }

        var keyId = Text(key, "kid", where);
        where = $"{where} (kid {Printable(keyId)})";
        RefuseUnknown(key, Members, where);
        var purpose = Text(key, "purpose", where) switch
        {
            "sign" => KeyPurpose.Sign,
            "feed" => KeyPurpose.Feed,
            "seal" => KeyPurpose.Seal,
            _ => throw new KeyRingException($"{where}: purpose must be sign, feed or seal."),
        };
        if (Text(key, "source", where) != FileSource)
        {
            throw new KeyRingException($"{where}: source must be {FileSource}; other sources are not known here.");
        }

        if (!options.AllowPrivateKeysInFiles)
        {
            throw new KeyRingException($"{where}: its private half lies in a file, which is refused outside Development. "
                + $"Use a key in a KMS, or set {nameof(KeyRingOptions.AllowPrivateKeysInFiles)} and guard the file.");
        }

        var startsAt = Time(key, "starts_at", where);
        var file = Path.Combine(Path.GetDirectoryName(path)!, Text(key, "file", where));
        return purpose == KeyPurpose.Seal
            ? ReadSealing(key, keyId, startsAt, file, where)
            : ReadSigning(key, keyId, purpose, startsAt, file, where);
    }

    private static KeyRingEntry ReadSealing(JsonElement key, string keyId, DateTimeOffset startsAt, string file, string where)
    {
        if (Text(key, "alg", where) != SealingKey.Algorithm)
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

        var sealsUntil = Time(key, "seals_until", where);
        if (sealsUntil <= startsAt || sealsUntil - startsAt > MaxSealing)
        {
            throw new KeyRingException($"{where}: seals_until must be after starts_at, and at most {MaxSealing.TotalDays} days.");
        }

        return new(FileSource, startsAt, sealsUntil, KeyFile.ReadSealingKey(file, keyId, where));
    }

    private static KeyRingEntry ReadSigning(
        JsonElement key, string keyId, KeyPurpose purpose, DateTimeOffset startsAt, string file, string where)
    {
        if (key.TryGetProperty("seals_until", out _))
        {
            throw new KeyRingException($"{where}: seals_until is for sealing keys: remove it.");
        }

        var verificationKey = PublicHalf(key, keyId, where);
        if (purpose == KeyPurpose.Feed && verificationKey.Algorithm != SignatureAlgorithm.ES256)
        {
            throw new KeyRingException($"{where}: alg must be ES256 for a feed key.");
        }

        var signingKey = KeyFile.ReadSigningKey(file, verificationKey, where);
        if (!signingKey.Proves(Challenge))
        {
            signingKey.Dispose();
            throw new KeyRingException($"{where}: the private half in {file} does not belong to public: name its own file.");
        }

        return new(purpose, FileSource, startsAt, signingKey);
    }

    private static VerificationKey PublicHalf(JsonElement key, string keyId, string where)
    {
        if (!key.TryGetProperty("public", out var half) || half.ValueKind != JsonValueKind.Object)
        {
            throw new KeyRingException($"{where}: public must be an object with the members of the key's JWK.");
        }

        RefuseUnknown(half, PublicMembers, $"{where}: public");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kid", keyId);
            writer.WriteString("alg", Text(key, "alg", where));
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

    private static void RefuseClash(List<KeyRingEntry> entries, string path)
    {
        var last = entries[^1];
        var where = $"{path}: keys[{entries.Count - 1}] (kid {last.KeyId})";
        if (entries.Count(entry => entry.Purpose == last.Purpose) > KeyRing.MaxKeysOfPurpose)
        {
            throw new KeyRingException($"{where}: more than {KeyRing.MaxKeysOfPurpose} keys of one purpose: remove the oldest.");
        }

        foreach (var entry in entries[..^1])
        {
            if (entry.KeyId == last.KeyId)
            {
                throw new KeyRingException($"{where}: kid stands in the file twice.");
            }

            if (entry.Purpose == KeyPurpose.Seal && last.Purpose == KeyPurpose.Seal && entry.SealingKey.HasBytesOf(last.SealingKey))
            {
                throw new KeyRingException($"{where}: file holds the same key as {entry.KeyId}: its revocation would leave the other one alive.");
            }

            if ((entry.Purpose, entry.Algorithm, entry.StartsAt) == (last.Purpose, last.Algorithm, last.StartsAt))
            {
                throw new KeyRingException($"{where}: starts_at is that of {entry.KeyId}: one of the two must be later.");
            }
        }
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

    private static string Text(JsonElement element, string name, string where) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new KeyRingException($"{where}: {name} must be a string that is not empty.");

    /// <summary>RFC 3339 §5.6, where the offset from UTC is not optional.</summary>
    private static DateTimeOffset Time(JsonElement element, string name, string where)
    {
        var text = Text(element, name, where);
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
