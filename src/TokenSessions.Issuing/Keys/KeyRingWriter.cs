using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Makes keys, and the ring file that names them.</summary>
public static class KeyRingWriter
{
    private const int RsaBits = 3072; // 128-bit strength, as ES256 (NIST SP 800-57 part 1, table 2).
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan StandbyStartsAfter = TimeSpan.FromDays(365);
    private static readonly TimeSpan SealsFor = TimeSpan.FromDays(400);

    /// <summary>
    /// Makes a ring in which every purpose has a key in use and a standby that takes over after a year: token keys of each given
    /// algorithm, feed keys (ES256) and sealing keys. Private halves are written beside the ring file, readable by us alone.
    /// </summary>
    /// <remarks>The ring file is written last and renamed into place: there is either all of it or none.</remarks>
    /// <param name="path">The ring file. It must not exist; its directory is made if it does not.</param>
    /// <param name="time">The clock.</param>
    /// <param name="algorithms">Of the token keys; null for ES256 alone.</param>
    /// <exception cref="KeyRingException">The file exists, or something could not be written.</exception>
    public static void Create(string path, TimeProvider time, IReadOnlyCollection<SignatureAlgorithm>? algorithms = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        path = Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(path) ?? throw new ArgumentException("That is no path of a file.", nameof(path));
        if (File.Exists(path))
        {
            throw new KeyRingException($"{path} exists already: a new ring would end every session under it. Move it away first.");
        }

        try
        {
            MakeDirectory(directory);
            var now = time.GetUtcNow();
            var keys = new List<NewKey>();
            foreach (var startsAt in new[] { WholeSecond(now), WholeSecond(now + StandbyStartsAfter) })
            {
                keys.AddRange((algorithms ?? [SignatureAlgorithm.ES256])
                    .Select(algorithm => MakeSigningKey(directory, "sign", algorithm, startsAt)));
                keys.Add(MakeSigningKey(directory, "feed", SignatureAlgorithm.ES256, startsAt));
                keys.Add(MakeSealingKey(directory, startsAt));
            }

            DirectoryFlush.Flush(directory); // The keys' names first: the ring must not name what a power cut can take away.
            WriteAtomically(path, stream => WriteRing(stream, keys));
            DirectoryFlush.Flush(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyRingException($"{path} could not be made: {e.Message}", e);
        }
    }

    private static NewKey MakeSigningKey(string directory, string purpose, SignatureAlgorithm algorithm, DateTimeOffset startsAt)
    {
        using AsymmetricAlgorithm key = algorithm.IsEllipticCurve ? ECDsa.Create(algorithm.Curve) : RSA.Create(RsaBits);
        var verificationKey = key is ECDsa ecdsa ? VerificationKey.From(ecdsa, algorithm) : VerificationKey.From((RSA)key, algorithm);
        var file = $"{purpose}-{verificationKey.KeyId}.pem";
        var der = key.ExportPkcs8PrivateKey();
        var pem = PemEncoding.WriteUtf8("PRIVATE KEY"u8, der);
        WritePrivate(Path.Combine(directory, file), pem);
        CryptographicOperations.ZeroMemory(der);
        CryptographicOperations.ZeroMemory(pem);
        return new(verificationKey.KeyId, purpose, file, algorithm.Name, verificationKey, startsAt, null);
    }

    private static NewKey MakeSealingKey(string directory, DateTimeOffset startsAt)
    {
        var keyId = TokenId.New();
        var file = $"seal-{keyId}.key";
        var key = RandomNumberGenerator.GetBytes(SealingKey.Length);
        var text = Encoding.ASCII.GetBytes(StrictBase64Url.Encode(key));
        WritePrivate(Path.Combine(directory, file), text);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(text);
        return new(keyId, "seal", file, SealingKey.Algorithm, null, startsAt, startsAt + SealsFor);
    }

    private static void WriteRing(Stream stream, List<NewKey> keys)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteStartArray("keys");
        foreach (var key in keys)
        {
            writer.WriteStartObject();
            writer.WriteString("kid", key.KeyId);
            writer.WriteString("purpose", key.Purpose);
            writer.WriteString("source", "file");
            writer.WriteString("file", key.File);
            writer.WriteString("alg", key.Algorithm);
            if (key.VerificationKey is { } verificationKey)
            {
                writer.WritePropertyName("public");
                WritePublicHalf(writer, verificationKey);
            }

            writer.WriteString("starts_at", Rfc3339(key.StartsAt));
            if (key.SealsUntil is { } sealsUntil)
            {
                writer.WriteString("seals_until", Rfc3339(sealsUntil));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

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

    private static void WritePrivate(string path, byte[] content) => WriteAtomically(path, stream => stream.Write(content));

    /// <summary>Writes beside the target, flushes to disk, and renames: whoever reads the path finds all of it or nothing new.</summary>
    private static void WriteAtomically(string path, Action<Stream> write)
    {
        var temporary = $"{path}.{TokenId.New()}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = KeyFile.PrivateMode;
        }

        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: false);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void MakeDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, DirectoryMode);
        }
    }

    private static DateTimeOffset WholeSecond(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private static string Rfc3339(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private sealed record NewKey(
        string KeyId, string Purpose, string File, string Algorithm, VerificationKey? VerificationKey,
        DateTimeOffset StartsAt, DateTimeOffset? SealsUntil);
}
