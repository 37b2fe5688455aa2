using System.Security.Cryptography;
using System.Text.Json;

namespace TokenSessions.Issuing.Keys;

/// <summary>
/// Reads a key ring file, strictly: what is unknown or said twice is refused, so that a typing error changes nothing silently.
/// </summary>
/// <param name="path">The file, for messages and for what lies beside it.</param>
/// <param name="options">How it is loaded.</param>
/// <param name="sources">Where private halves can be, beside files.</param>
internal sealed class KeyRingReader(string path, KeyRingOptions options, IEnumerable<IKeySource> sources)
{
    private const int MaxFileLength = 64 * 1024;

    private static readonly byte[] Challenge = "TokenSessions: does the private half fit?"u8.ToArray();

    private readonly Dictionary<string, IKeySource> _sources = sources
        .Prepend(new FileKeySource(Path.GetDirectoryName(path)!, options))
        .ToDictionary(source => source.Name);

    public byte[] ReadFile() => KeyFile.Read(path, MaxFileLength, isPrivate: false);

    /// <summary>The ring of a file's content.</summary>
    /// <exception cref="KeyRingException">The file or a key cannot be used.</exception>
    public async Task<KeyRing> LoadAsync(byte[] content, CancellationToken cancellationToken)
    {
        using var json = KeyRingItemReader.Parse(content, path);
        var entries = new List<KeyRingEntry>();
        try
        {
            foreach (var key in json.RootElement.GetProperty(KeyRingItemReader.KeysMember).EnumerateArray())
            {
                entries.Add(await OpenAsync(key, $"{path}: keys[{entries.Count}]", cancellationToken).ConfigureAwait(false));
                RefuseClash(entries);
            }
        }
        catch
        {
            entries.ForEach(entry => entry.DropPrivateHalf());
            throw;
        }

        return entries.Count > 0 ? new(entries, options) : throw new KeyRingException($"{path} has no keys.");
    }

    private async Task<KeyRingEntry> OpenAsync(JsonElement key, string where, CancellationToken cancellationToken)
    {
        var (item, source, times) = KeyRingItemReader.Read(key, where, _sources);
        var opened = await source.OpenAsync(item, cancellationToken).ConfigureAwait(false);
        try
        {
            return item.Purpose == KeyPurpose.Seal
                ? new(source.Name, times.StartsAt, times.SealsUntil!.Value, SealingKeyOf(item, opened))
                : new(item.Purpose, source.Name, times.StartsAt, SigningKeyOf(item, opened));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(opened.Plaintext);
        }
    }

    private static SealingKey SealingKeyOf(KeyRingItem item, OpenedKey opened) => opened.Plaintext is { Length: SealingKey.Length } bytes
        ? new(item.KeyId, bytes)
        : throw new KeyRingException($"{item.Where}: its private half is no key of {SealingKey.Length} bytes.");

    /// <summary>A local key proves itself now, a remote one with each signature.</summary>
    private static ISigningKey SigningKeyOf(KeyRingItem item, OpenedKey opened)
    {
        if (opened.Remote is { } remote)
        {
            var published = remote.VerificationKey;
            if (published.KeyId == item.KeyId && published.Algorithm.Name == item.Algorithm)
            {
                return remote;
            }

            (remote as IDisposable)?.Dispose();
            throw new KeyRingException($"{item.Where}: its source gave another key, {published.KeyId} for {published.Algorithm}.");
        }

        if (item.VerificationKey is not { } verificationKey)
        {
            throw new KeyRingException($"{item.Where}: public must be an object with the members of the key's JWK.");
        }

        try
        {
            var key = LocalSigningKey.Import(opened.Plaintext, verificationKey);
            if (key.Proves(Challenge))
            {
                return key;
            }

            key.Dispose();
            throw new KeyRingException($"{item.Where}: the private half does not belong to public: name its own.");
        }
        catch (CryptographicException e)
        {
            throw new KeyRingException($"{item.Where}: the private half is no usable {verificationKey.Algorithm.KeyType} key.", e);
        }
    }

    private void RefuseClash(List<KeyRingEntry> entries)
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
                throw new KeyRingException($"{where}: it is the same key as {entry.KeyId}: its revocation would leave the other one alive.");
            }

            if ((entry.Purpose, entry.Algorithm, entry.StartsAt) == (last.Purpose, last.Algorithm, last.StartsAt))
            {
                throw new KeyRingException($"{where}: starts_at is that of {entry.KeyId}: one of the two must be later.");
            }
        }
    }
}
