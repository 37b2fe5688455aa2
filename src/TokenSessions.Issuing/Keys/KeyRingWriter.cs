using System.Security.Cryptography;
using System.Text;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Makes keys in files, and the ring file that names keys of any source.</summary>
/// <remarks>The ring file is written beside its place and renamed into it: there is either all of a change or nothing.</remarks>
public static class KeyRingWriter
{
    private const int RsaBits = 3072; // 128-bit strength, as ES256 (NIST SP 800-57 part 1, table 2).
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const int KeysInUseAndStandby = 2;

    private static readonly TimeSpan StandbyStartsAfter = TimeSpan.FromDays(365);
    private static readonly TimeSpan TimeToWrite = TimeSpan.FromMinutes(1); // A running issuer reads the file a little later.

    /// <summary>
    /// Makes a ring in which every purpose has a key in use and a standby that takes over after a year: token keys of each given
    /// algorithm, feed keys (ES256) and sealing keys. Private halves are written beside the ring file, readable by us alone.
    /// </summary>
    /// <param name="path">The ring file. It must not exist; its directory is made if it does not.</param>
    /// <param name="time">The clock.</param>
    /// <param name="algorithms">Of the token keys; null for ES256 alone.</param>
    /// <exception cref="KeyRingException">The file exists, or something could not be written.</exception>
    public static void Create(string path, TimeProvider time, IReadOnlyCollection<SignatureAlgorithm>? algorithms = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        path = Path.GetFullPath(path);
        if (File.Exists(path))
        {
            throw new KeyRingException($"{path} exists already: a new ring would end every session under it. Move it away first.");
        }

        var entries = new List<NewKeyRingEntry>();
        for (var i = 0; i < KeysInUseAndStandby; i++)
        {
            entries.AddRange((algorithms ?? [SignatureAlgorithm.ES256]).Select(algorithm => MakeKeyInFile(path, KeyPurpose.Sign, algorithm)));
            entries.Add(MakeKeyInFile(path, KeyPurpose.Feed));
            entries.Add(MakeKeyInFile(path, KeyPurpose.Seal));
        }

        Write(path, KeyRingJson.Add(null, WithStarts(entries, null, null, time.GetUtcNow())), isNew: true);
    }

    /// <summary>Makes a key whose private half lies in a file beside the ring file, readable by us alone. The ring does not name it yet.</summary>
    /// <param name="path">The ring file; its directory is made if it does not exist.</param>
    /// <param name="purpose">What it is for.</param>
    /// <param name="algorithm">Of a signing key; null for ES256. A sealing key has no choice.</param>
    /// <exception cref="KeyRingException">It could not be written.</exception>
    public static NewKeyRingEntry MakeKeyInFile(string path, KeyPurpose purpose, SignatureAlgorithm? algorithm = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfEqual((int)purpose, (int)KeyPurpose.None, nameof(purpose));
        var directory = Directory(path);
        try
        {
            MakeDirectory(directory);
            var entry = purpose == KeyPurpose.Seal ? MakeSealingKey(directory) : MakeSigningKey(directory, purpose, algorithm ?? SignatureAlgorithm.ES256);
            DirectoryFlush.Flush(directory); // The key's name first: the ring must not name what a power cut can take away.
            return entry;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyRingException($"A key for {path} could not be made: {e.Message}", e);
        }
    }

    /// <summary>Adds keys to a ring file, or begins one with them.</summary>
    /// <remarks>
    /// The new file is loaded before it takes the old one's place: the keys have proved themselves, and a running issuer will take
    /// the file. In a new ring the first key of each purpose and algorithm starts at once. Otherwise a key follows the newest of its
    /// purpose and algorithm by a year, and starts no earlier than verifiers can know it. A sealing key stops sealing 400 days after
    /// its start.
    /// </remarks>
    /// <param name="path">The ring file.</param>
    /// <param name="entries">The keys, in the order in which they are to be used.</param>
    /// <param name="startsAt">When they take over instead, UTC, cut off to the second; null for the rule above.</param>
    /// <param name="options">How the ring is loaded.</param>
    /// <param name="time">The clock.</param>
    /// <param name="sources">Where private halves can be, beside files.</param>
    /// <param name="cancellationToken">Gives up; the file is then as it was.</param>
    /// <exception cref="ArgumentException">The options cannot be used.</exception>
    /// <exception cref="KeyRingException">
    /// The ring would not be taken: a key starts before every verifier can know it, say. Or it could not be read or written.
    /// </exception>
    public static async Task AddAsync(
        string path, IReadOnlyList<NewKeyRingEntry> entries, DateTimeOffset? startsAt, KeyRingOptions options, TimeProvider time,
        IEnumerable<IKeySource>? sources = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(time);
        path = Path.GetFullPath(path);
        options = KeyRingOptions.Checked(options);
        var reader = new KeyRingReader(path, options, sources ?? []);
        var old = File.Exists(path) ? reader.ReadFile() : null;
        KeyRing? current = null;
        KeyRing? fresh = null;
        try
        {
            current = old is null ? null : await reader.LoadAsync(old, cancellationToken).ConfigureAwait(false);
            var now = time.GetUtcNow();
            var content = KeyRingJson.Add(old, WithStarts(entries, startsAt, current, now));
            fresh = await reader.LoadAsync(content, cancellationToken).ConfigureAwait(false);
            if (current is not null && KeyRingSuccession.Problem(current, fresh, now) is { } problem)
            {
                throw new KeyRingException($"{path}: {problem}");
            }

            if (old is not null && !reader.ReadFile().AsSpan().SequenceEqual(old))
            {
                throw new KeyRingException($"{path} was changed meanwhile: try again.");
            }

            Write(path, content, isNew: old is null);
        }
        finally
        {
            current?.Leave();
            fresh?.Leave();
        }
    }

    private static List<(NewKeyRingEntry Entry, DateTimeOffset StartsAt)> WithStarts(
        IReadOnlyList<NewKeyRingEntry> entries, DateTimeOffset? startsAt, KeyRing? current, DateTimeOffset now)
    {
        var newest = current?.Lines.ToDictionary(line => line.Key, line => line.Value[^1].StartsAt) ?? [];
        var known = current is null ? now : now + current.Options.AnnounceTime + TimeToWrite;
        var started = new List<(NewKeyRingEntry, DateTimeOffset)>();
        foreach (var entry in entries)
        {
            var line = (entry.Purpose, entry.Algorithm);
            var follows = newest.TryGetValue(line, out var last) ? last + StandbyStartsAfter : known;
            var start = KeyRingJson.WholeSecond(startsAt ?? (follows > known ? follows : known));
            newest[line] = start;
            started.Add((entry, start));
        }

        return started;
    }

    private static NewKeyRingEntry MakeSigningKey(string directory, KeyPurpose purpose, SignatureAlgorithm algorithm)
    {
        using AsymmetricAlgorithm key = algorithm.IsEllipticCurve ? ECDsa.Create(algorithm.Curve) : RSA.Create(RsaBits);
        var verificationKey = key is ECDsa ecdsa ? VerificationKey.From(ecdsa, algorithm) : VerificationKey.From((RSA)key, algorithm);
        var file = $"{KeyRingJson.Name(purpose)}-{verificationKey.KeyId}.pem";
        var der = key.ExportPkcs8PrivateKey();
        var pem = PemEncoding.WriteUtf8("PRIVATE KEY"u8, der);
        try
        {
            WritePrivate(Path.Combine(directory, file), pem);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
            CryptographicOperations.ZeroMemory(pem);
        }

        return InFile(verificationKey.KeyId, purpose, file, algorithm.Name, verificationKey);
    }

    private static NewKeyRingEntry MakeSealingKey(string directory)
    {
        var keyId = TokenId.New();
        var file = $"seal-{keyId}.key";
        var key = RandomNumberGenerator.GetBytes(SealingKey.Length);
        var text = Encoding.ASCII.GetBytes(StrictBase64Url.Encode(key));
        try
        {
            WritePrivate(Path.Combine(directory, file), text);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(text);
        }

        return InFile(keyId, KeyPurpose.Seal, file, SealingKey.Algorithm, null);
    }

    private static NewKeyRingEntry InFile(string keyId, KeyPurpose purpose, string file, string algorithm, VerificationKey? verificationKey) =>
        new(keyId, purpose, FileKeySource.SourceName, algorithm, verificationKey, [new(FileKeySource.FileMember, KeyRingJson.Text(file))]);

    private static void Write(string path, byte[] content, bool isNew)
    {
        try
        {
            MakeDirectory(Directory(path));
            WriteAtomically(path, content, isNew ? KeyFile.PrivateMode : null);
            DirectoryFlush.Flush(Directory(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyRingException($"{path} could not be written: {e.Message}", e);
        }
    }

    private static void WritePrivate(string path, byte[] content) => WriteAtomically(path, content, KeyFile.PrivateMode);

    /// <summary>Writes beside the target, flushes to disk, and renames: whoever reads the path finds all of it or nothing new.</summary>
    /// <param name="path">The target.</param>
    /// <param name="content">Its new content.</param>
    /// <param name="mode">The rights of a target that must not exist yet; null to replace one and keep its own.</param>
    private static void WriteAtomically(string path, byte[] content, UnixFileMode? mode)
    {
        var temporary = $"{path}.{TokenId.New()}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode ?? File.GetUnixFileMode(path);
        }

        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: mode is null);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string Directory(string path) =>
        Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new ArgumentException("That is no path of a file.", nameof(path));

    /// <summary>Readable by us alone, and so is every directory on the way that does not exist yet: the platform gives its mode to the last alone.</summary>
    private static void MakeDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            System.IO.Directory.CreateDirectory(directory);
        }
        else if (!System.IO.Directory.Exists(directory))
        {
            if (Path.GetDirectoryName(directory) is { } parent)
            {
                MakeDirectory(parent);
            }

            System.IO.Directory.CreateDirectory(directory, DirectoryMode);
        }
    }
}
